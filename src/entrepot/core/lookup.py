"""Repositories, looked up for a caller who may act on them: first the permission, then the existence."""

from entrepot.core import access
from entrepot.core.access import Caller, Resource
from entrepot.db import repositories
from entrepot.db.database import Transaction
from entrepot.db.records import Repository
from entrepot.errors import RepositoryNotFound
from entrepot.spec.repository import RepositoryKey


def require(tx: Transaction, caller: Caller, key: RepositoryKey, operation: str) -> Repository:
    """The repository, for a caller who may do `operation` to it: AccessDenied, then RepositoryNotFound."""
    access.require(caller, operation, Resource.of(key))
    return present(repositories.find(tx, key), key)


def require_shared(tx: Transaction, caller: Caller, key: RepositoryKey, operation: str) -> Repository:
    """`require`, with the repository kept in being until the unit ends."""
    access.require(caller, operation, Resource.of(key))
    return present(repositories.share(tx, key), key)


def require_locked(tx: Transaction, caller: Caller, key: RepositoryKey, operation: str) -> Repository:
    """`require`, locked for a change: state and settings that decide are read from this row."""
    access.require(caller, operation, Resource.of(key))
    return present(repositories.lock(tx, key), key)


def present(repository: Repository | None, key: RepositoryKey) -> Repository:
    """The repository, or RepositoryNotFound."""
    if repository is None:
        raise RepositoryNotFound(name=key.name, account=key.registry.account)
    return repository
