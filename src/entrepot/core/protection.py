"""Deletion protection: repositories of which nothing is deleted, by nobody, until somebody takes it off. Beyond AWS
(docs/decisions/0026).

`require_unprotected` is what every deleter asks: of images through `deletion.require_deletable`, as lifecycle policies
and replication do too, of repositories, tags and blobs by itself.
"""

from entrepot.core import access, lookup, resources
from entrepot.core.access import Caller
from entrepot.core.changes import Change
from entrepot.db import protections as rows
from entrepot.db.database import Transaction
from entrepot.db.protections import Protection
from entrepot.db.records import Repository
from entrepot.errors import RepositoryProtected
from entrepot.spec.repository import RepositoryKey

__all__ = ["Protection", "get", "put", "require", "require_unprotected"]


def get(tx: Transaction, caller: Caller, key: RepositoryKey) -> Protection | None:
    """Who protects a repository; None where nobody does."""
    return rows.find(tx, require(tx, caller, key, "GetRepositoryProtection").id)


def put(tx: Transaction, caller: Caller, key: RepositoryKey, *, enabled: bool) -> Protection | None:
    """Protect a repository from now on, or no more."""
    repository = require(tx, caller, key, "PutRepositoryProtection", locked=True)
    if enabled:
        rows.put(tx, repository.id, caller.principal.arn, caller.at)
    else:
        rows.remove(tx, repository.id)
    told = {"repositoryName": key.name, "enabled": enabled}
    Change(tx, caller, repository).finish("PutRepositoryProtection", told, service=resources.OWN)
    return rows.find(tx, repository.id)


def require_unprotected(tx: Transaction, repository: Repository) -> None:
    """RepositoryProtected while nothing of the repository may be deleted. The caller holds the repository's lock."""
    if rows.find(tx, repository.id) is not None:
        raise RepositoryProtected(name=repository.key.name, account=repository.key.registry.account)


def require(tx: Transaction, caller: Caller, key: RepositoryKey, operation: str, *, locked: bool = False) -> Repository:
    """The repository, for a caller who may do to it what AWS has no operation for: AccessDenied, RepositoryNotFound."""
    found = lookup.find(tx, key, locked=locked)
    access.require(caller, operation, resources.own(lookup.resource(tx, key, found)))
    return lookup.present(found, key)
