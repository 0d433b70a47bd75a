"""Referrers: the manifests of a repository whose subject is a given digest (Distribution 1.1, "Listing Referrers")."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import msgspec

from entrepot.core import lookup
from entrepot.core.access import Caller
from entrepot.core.page import Page
from entrepot.db import image_pages as rows
from entrepot.db.database import Row, Transaction
from entrepot.db.records import ImageStatus
from entrepot.spec.digest import Digest
from entrepot.spec.manifest import LARGEST
from entrepot.spec.repository import RepositoryKey

_BATCH = 16  # rows read at once: the annotations of each may be as long as a manifest
_ENVELOPE = 512  # bytes of a descriptor beside its artifact type and annotations, at most


@dataclass(frozen=True, slots=True)
class Referrer:
    """A descriptor of the referrers response; `size` in bytes."""

    media_type: str
    digest: Digest
    size: int
    artifact_type: str | None
    annotations: dict[str, str]
    status: ImageStatus = "ACTIVE"


class ReferrerFilter(NamedTuple):
    """Which referrers are listed: of some artifact types, or of any; by their status."""

    artifact_types: tuple[str, ...] = ()
    status: ImageStatus | Literal["ANY"] = "ACTIVE"


def list_of(
    tx: Transaction,
    caller: Caller,
    key: RepositoryKey,
    subject: Digest,
    wanted: ReferrerFilter,
    limit: int,
    after: str,
) -> Page[Referrer]:
    """A page of referrers in order of digest, at most `limit` and no heavier than a manifest may be; the subject itself
    need not exist.
    """
    repository = lookup.require_images(tx, caller, key, "BatchGetImage", [("", subject)])
    found: list[Referrer] = []
    weight = 0
    of = (repository.id, subject, wanted.artifact_types, wanted.status)
    while batch := rows.referrers(tx, *of, after, _BATCH):
        for row in batch:
            weight += _weight(row)
            if found and (len(found) == limit or weight > LARGEST):
                return Page(tuple(found), (found[-1].digest,))
            found.append(_referrer(row))
        after = batch[-1].digest
    return Page(tuple(found), None)


def _referrer(row: Row) -> Referrer:
    return Referrer(
        row.media_type,
        Digest(row.digest),
        row.size,
        row.artifact_type,
        msgspec.json.decode(row.annotations),
        row.status,
    )


def _weight(row: Row) -> int:
    """Bytes of a descriptor, at most: quotes in an artifact type double when they are written."""
    return _ENVELOPE + 2 * len((row.artifact_type or "").encode()) + len(row.annotations.encode())
