"""Referrers: the manifests of a repository whose subject is a given digest (Distribution 1.1, "Listing Referrers")."""

from dataclasses import dataclass

import msgspec

from entrepot.core import lookup
from entrepot.core.access import Caller
from entrepot.core.page import Page
from entrepot.db import images as rows
from entrepot.db.database import Row, Transaction
from entrepot.spec.digest import Digest
from entrepot.spec.repository import RepositoryKey


@dataclass(frozen=True, slots=True)
class Referrer:
    """A descriptor of the referrers response; `size` in bytes."""

    media_type: str
    digest: Digest
    size: int
    artifact_type: str | None
    annotations: dict[str, str]


def list_of(
    tx: Transaction,
    caller: Caller,
    key: RepositoryKey,
    subject: Digest,
    artifact_type: str | None,
    limit: int,
    after: str,
) -> Page[Referrer]:
    """A page of referrers in order of digest; the subject itself need not exist."""
    repository = lookup.require(tx, caller, key, "BatchGetImage")
    found: list[Referrer] = []
    while len(found) <= limit:
        page = rows.referrers(tx, repository.id, subject, after, limit + 1)
        found += [_referrer(row) for row in page if artifact_type in (None, row.artifact_type)]
        if len(page) <= limit:
            break
        after = page[-1].digest
    return Page(tuple(found[:limit]), (found[limit - 1].digest,) if len(found) > limit else None)


def _referrer(row: Row) -> Referrer:
    return Referrer(
        row.media_type, Digest(row.digest), row.size, row.artifact_type, msgspec.json.decode(row.annotations)
    )
