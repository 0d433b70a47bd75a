"""Image tags of a repository, listed."""

from dataclasses import dataclass
from datetime import datetime

from entrepot.core import lookup
from entrepot.core.access import Caller
from entrepot.core.page import Page, cut
from entrepot.db import images
from entrepot.db import tags as rows
from entrepot.db.database import Transaction
from entrepot.db.records import StoredManifest
from entrepot.spec.repository import RepositoryKey


@dataclass(frozen=True, slots=True)
class TaggedImage:
    """A tag, when it was last pointed, and the manifest that it points at, without its bytes."""

    tag: str
    pointed_at: datetime
    manifest: StoredManifest


def list_of(tx: Transaction, caller: Caller, key: RepositoryKey, limit: int, after: str) -> Page[str]:
    """A page of tags above `after`, in byte order."""
    repository = lookup.require(tx, caller, key, "ListImages")
    found = rows.page(tx, repository.id, after, limit + 1)
    return Page(tuple(found[:limit]), (found[limit - 1],) if len(found) > limit > 0 else None)


def describe(tx: Transaction, caller: Caller, key: RepositoryKey, limit: int, after: str) -> Page[TaggedImage]:
    """A page of tags above `after`, in byte order, each with its image."""
    repository = lookup.require(tx, caller, key, "DescribeImageTags")
    found = [TaggedImage(*item) for item in images.tagged_page(tx, repository.id, after, limit + 1)]
    return cut(found, limit, lambda each: each.tag)
