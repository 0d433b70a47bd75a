"""Image tags of a repository, listed."""

from entrepot.core import lookup
from entrepot.core.access import Caller
from entrepot.core.page import Page
from entrepot.db import tags as rows
from entrepot.db.database import Transaction
from entrepot.spec.repository import RepositoryKey


def list_of(tx: Transaction, caller: Caller, key: RepositoryKey, limit: int, after: str) -> Page[str]:
    """A page of tags above `after`, in byte order."""
    repository = lookup.require(tx, caller, key, "ListImages")
    found = rows.page(tx, repository.id, after, limit + 1)
    return Page(tuple(found[:limit]), (found[limit - 1],) if len(found) > limit > 0 else None)
