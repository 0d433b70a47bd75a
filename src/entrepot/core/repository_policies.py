"""Repository policies: what a repository's owner grants and denies on it, other accounts included (ECR user guide,
"Private repository policies").
"""

from dataclasses import replace

from entrepot.core import access, lookup, named_principals
from entrepot.core.access import Caller
from entrepot.core.changes import Change
from entrepot.core.named_principals import PrincipalUnknown
from entrepot.db import repositories as rows
from entrepot.db.database import Transaction
from entrepot.db.records import Repository
from entrepot.errors import RepositoryPolicyInvalid, RepositoryPolicyNotFound
from entrepot.policy import document
from entrepot.policy.structure import Kind
from entrepot.spec.repository import RepositoryKey


def get(tx: Transaction, caller: Caller, key: RepositoryKey) -> str:
    """The text as ECR prints it: RepositoryPolicyNotFound."""
    return _shown(tx, lookup.require(tx, caller, key, "GetRepositoryPolicy"))


def put(tx: Transaction, caller: Caller, key: RepositoryKey, text: str, *, force: bool) -> str:
    """Replace the policy, and return its text as ECR prints it: RepositoryPolicyInvalid.

    One that would keep the caller from setting another is refused unless `force` says that this is meant.
    """
    repository = lookup.require_locked(tx, caller, key, "SetRepositoryPolicy")
    document.parse_resource_policy(text, Kind.REPOSITORY)
    try:
        kept = named_principals.stored(tx, text)
    except PrincipalUnknown as unknown:
        raise RepositoryPolicyInvalid(reason=f"there is no principal {unknown}") from None
    changed = replace(repository, policy=kept)
    if not force and not access.allows(caller, "SetRepositoryPolicy", lookup.resource(tx, key, changed)):
        reason = "it would keep you from setting another policy; set force if that is meant"
        raise RepositoryPolicyInvalid(reason=reason)
    rows.set_policy(tx, repository.id, kept)
    told = {"repositoryName": key.name, "policyText": text, "force": force}
    Change(tx, caller, repository).finish("SetRepositoryPolicy", told)
    return document.printed(named_principals.shown(tx, kept))


def delete(tx: Transaction, caller: Caller, key: RepositoryKey) -> str:
    """Remove the policy, and return its text: RepositoryPolicyNotFound."""
    repository = lookup.require_locked(tx, caller, key, "DeleteRepositoryPolicy")
    gone = _shown(tx, repository)
    rows.set_policy(tx, repository.id, None)
    Change(tx, caller, repository).finish("DeleteRepositoryPolicy", {"repositoryName": key.name})
    return gone


def _shown(tx: Transaction, repository: Repository) -> str:
    if repository.policy is None:
        raise RepositoryPolicyNotFound(name=repository.key.name, account=repository.key.registry.account)
    return document.printed(named_principals.shown(tx, repository.policy))
