"""How much of something a registry may have: what its operator set, else AWS's value.

What grows without bound is not counted each time. A scope has a credit, given when it was last counted, from which
additions take; removals give nothing back. When it is spent the scope is counted again, so the answer is exact, and
the cost that of one count for as many additions as there was room for. A quota that was changed makes it be counted.
"""

from collections.abc import Callable

from entrepot.core.quotas import catalogue
from entrepot.db import quotas as rows
from entrepot.db.database import Reader, Transaction
from entrepot.db.quotas import QuotasSet
from entrepot.db.records import Repository
from entrepot.errors import ImagesTooMany, RepositoriesTooMany
from entrepot.spec.repository import RegistryKey, RepositoryKey

__all__ = ["QuotasSet", "limit", "of_set", "require_image", "require_repository"]


def limit(tx: Reader, registry: RegistryKey, name: str) -> int:
    """The value of a quota, one of `catalogue`'s names, for a registry."""
    found = rows.value_of(tx, registry, name)
    return catalogue.QUOTAS[registry.kind][name].value if found is None else found


def of_set(found: QuotasSet, registry: RegistryKey, name: str) -> int:
    """`limit`, where what was set is known."""
    return found.values.get(name, catalogue.QUOTAS[registry.kind][name].value)


def require_image(tx: Transaction, repository: Repository, digest: str) -> None:
    """ImagesTooMany unless the repository, which is locked, may have one image more."""
    registry = repository.key.registry
    most = limit(tx, registry, catalogue.IMAGES)
    if not _take(tx, repository.id, catalogue.IMAGES, most, lambda: rows.count_images(tx, repository.id, most)):
        raise ImagesTooMany(digest=digest, name=repository.key.name, account=registry.account, limit=most)


def require_repository(tx: Transaction, key: RepositoryKey) -> None:
    """RepositoriesTooMany unless the registry may have one repository more; others that make one wait meanwhile."""
    registry = key.registry
    most, scope = limit(tx, registry, catalogue.REPOSITORIES), rows.scope_of(registry)
    if not _take(tx, scope, catalogue.REPOSITORIES, most, lambda: rows.count_repositories(tx, registry, most)):
        raise RepositoriesTooMany(name=key.name, account=registry.account, limit=most)


def _take(tx: Transaction, scope: str, name: str, most: int, count: Callable[[], int]) -> bool:
    """Take one of a scope's credit, which is counted where it is spent; `count` need not go beyond `most`."""
    if rows.take_credit(tx, scope, name, most):
        return True
    rows.hold_credit(tx, scope, name)  # before it is counted: who adds at the same time has ended, or waits
    room = most - count()
    if room <= 0:
        return False
    rows.give_credit(tx, scope, name, most, room - 1)
    return True
