"""The lifecycle policy of a repository: put, read, removed. Who puts one has it evaluated at once."""

from datetime import datetime

from entrepot.core import lookup
from entrepot.core.access import Caller
from entrepot.core.changes import Change
from entrepot.core.quotas import catalogue, limits
from entrepot.db import lifecycle_policies as rows
from entrepot.db.database import Transaction
from entrepot.db.lifecycle_records import StoredPolicy
from entrepot.db.records import Repository
from entrepot.errors import LifecyclePolicyInvalid, LifecyclePolicyNotFound
from entrepot.pattern.lifecycle.reading import parse
from entrepot.spec.repository import RegistryKey, RepositoryKey

__all__ = ["StoredPolicy", "checked", "delete", "get", "give", "put", "require"]


def get(tx: Transaction, caller: Caller, key: RepositoryKey) -> StoredPolicy:
    """The policy, and when it was last evaluated: LifecyclePolicyNotFound."""
    return require(tx, lookup.require(tx, caller, key, "GetLifecyclePolicy"))


def put(tx: Transaction, caller: Caller, key: RepositoryKey, text: str) -> str:
    """Replace the policy, and return its text as ECR prints it: LifecyclePolicyInvalid."""
    repository = lookup.require_locked(tx, caller, key, "PutLifecyclePolicy")
    extended = rows.settings(tx, key.registry).extended
    shown = parse(text, extended=extended, most=limits.limit(tx, key.registry, catalogue.RULES)).text
    rows.put(tx, repository.id, caller.request_id, shown, caller.at, extended=extended)
    told = {"repositoryName": key.name, "lifecyclePolicyText": shown}
    Change(tx, caller, repository).finish("PutLifecyclePolicy", told)
    return shown


def checked(tx: Transaction, registry: RegistryKey, text: str) -> str:
    """The text as ECR prints it, for repositories that are to come: LifecyclePolicyInvalid."""
    most = limits.limit(tx, registry, catalogue.RULES)
    return parse(text, extended=rows.settings(tx, registry).extended, most=most).text


def give(tx: Transaction, repository: Repository, text: str, policy_id: str, at: datetime) -> None:
    """Have a repository that was just made follow a policy that was `checked`, whatever was set since."""
    rows.put(tx, repository.id, policy_id, text, at, extended=not _is_aws(text))


def delete(tx: Transaction, caller: Caller, key: RepositoryKey) -> StoredPolicy:
    """Remove the policy, and return it: LifecyclePolicyNotFound."""
    repository = lookup.require_locked(tx, caller, key, "DeleteLifecyclePolicy")
    gone = require(tx, repository)
    rows.remove(tx, repository.id)
    Change(tx, caller, repository).finish("DeleteLifecyclePolicy", {"repositoryName": key.name})
    return gone


def require(tx: Transaction, repository: Repository) -> StoredPolicy:
    """The policy of a repository already looked up: LifecyclePolicyNotFound."""
    found = rows.find(tx, repository.id)
    if found is None:
        raise LifecyclePolicyNotFound(name=repository.key.name, account=repository.key.registry.account)
    return found


def _is_aws(text: str) -> bool:
    """Whether a text has nothing that AWS's grammar does not have."""
    try:
        parse(text)
    except LifecyclePolicyInvalid:
        return False
    return True
