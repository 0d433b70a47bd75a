"""Columns of `manifest` that tell in which storage class an image is, since when, and which images share its fate."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, select, text, update

from entrepot.db.database import Transaction
from entrepot.db.schema import manifest, manifest_reference
from entrepot.spec.moments import micros
from entrepot.spec.subject_tags import tags_of

_IS_IT = (manifest.c.repository_id == bindparam("of")) & (manifest.c.digest == bindparam("image"))
_ARCHIVE = update(manifest).where(_IS_IT).values(status="ARCHIVED", archived_at=bindparam("at"), activating_since=None)
_START = update(manifest).where(_IS_IT).values(status="ACTIVATING", activating_since=bindparam("at"))
_ACTIVATE = update(manifest).where(_IS_IT).values(status="ACTIVE", activated_at=bindparam("at"), activating_since=None)
_ACTIVATING = (
    select(manifest.c.repository_id, manifest.c.digest, manifest.c.activating_since)
    .where(manifest.c.activating_since.is_not(None), manifest.c.activating_since <= bindparam("before"))
    .order_by(manifest.c.activating_since)
    .limit(bindparam("limit"))
)
_SINCE = select(manifest.c.activating_since).where(_IS_IT)
_REFERRERS = (
    select(manifest.c.digest)
    .where(manifest.c.repository_id == bindparam("of"), manifest.c.subject == bindparam("image"))
    .order_by(manifest.c.digest)
)
_TAGGED_AS_ITS = text(
    "SELECT DISTINCT own.digest FROM tag AS own WHERE own.repository_id = :of "
    "AND own.name IN (:first, :second, :third) AND own.digest != :image AND NOT EXISTS ("
    "SELECT 1 FROM tag AS other WHERE other.repository_id = :of AND other.digest = own.digest "
    "AND other.name NOT IN (:first, :second, :third)) ORDER BY own.digest"
)
_CHILDREN = (
    select(manifest_reference.c.digest)
    .where(
        manifest_reference.c.repository_id == bindparam("of"),
        manifest_reference.c.manifest_digest == bindparam("image"),
        manifest_reference.c.kind == "child",
    )
    .order_by(manifest_reference.c.digest)
)
_ACTIVE_PARENT = (
    select(manifest.c.digest)
    .select_from(manifest_reference)
    .join(
        manifest,
        (manifest.c.repository_id == manifest_reference.c.repository_id)
        & (manifest.c.digest == manifest_reference.c.manifest_digest),
    )
    .where(
        manifest_reference.c.repository_id == bindparam("of"),
        manifest_reference.c.digest == bindparam("image"),
        manifest_reference.c.kind == "child",
        manifest.c.status == "ACTIVE",
    )
    .limit(1)
)


class Activating(NamedTuple):
    """An image that is being restored, and since when, in microseconds."""

    repository_id: str
    digest: str
    since: int


def archive(tx: Transaction, repository_id: str, digest: str, at: datetime) -> None:
    """Put an image into the archive."""
    tx.run(_ARCHIVE, of=repository_id, image=digest, at=micros(at))


def start(tx: Transaction, repository_id: str, digest: str, at: datetime) -> None:
    """Begin to restore an image."""
    tx.run(_START, of=repository_id, image=digest, at=micros(at))


def activate(tx: Transaction, repository_id: str, digest: str, at: datetime) -> None:
    """Have an image out of the archive."""
    tx.run(_ACTIVATE, of=repository_id, image=digest, at=micros(at))


def activating(tx: Transaction, before: datetime, limit: int) -> Sequence[Activating]:
    """Images that have been on their way since `before`, the longest first."""
    return [Activating(*row) for row in tx.all(_ACTIVATING, before=micros(before), limit=limit)]


def since(tx: Transaction, repository_id: str, digest: str) -> int | None:
    """Since when an image is being restored, in microseconds; None of any other."""
    row = tx.one(_SINCE, of=repository_id, image=digest)
    return None if row is None else row.activating_since


def referrers(tx: Transaction, repository_id: str, digest: str) -> Sequence[str]:
    """Those whose subject the image is, or whose tags all say that they are about it."""
    found = [str(row.digest) for row in tx.all(_REFERRERS, of=repository_id, image=digest)]
    first, second, third = tags_of(digest)
    tagged = tx.all(_TAGGED_AS_ITS, of=repository_id, image=digest, first=first, second=second, third=third)
    return list(dict.fromkeys([*found, *(str(each) for (each,) in tagged)]))


def children(tx: Transaction, repository_id: str, digest: str) -> Sequence[str]:
    """What an index names, whether or not it is there."""
    return [row.digest for row in tx.all(_CHILDREN, of=repository_id, image=digest)]


def active_parent(tx: Transaction, repository_id: str, digest: str) -> str | None:
    """An index that names the image and is not in the archive."""
    row = tx.one(_ACTIVE_PARENT, of=repository_id, image=digest)
    return None if row is None else row.digest
