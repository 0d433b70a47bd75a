"""Rows of `tag`: names that point at manifests of their repository, each of which says whether it has any."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, exists, select, text, update

from entrepot.db.database import Reader, Transaction
from entrepot.db.image_schema import is_stored_away, manifest, tag
from entrepot.spec.digest import Digest
from entrepot.spec.moments import micros
from entrepot.spec.reference import Tag

FIND = select(tag.c.digest).where(tag.c.repository_id == bindparam("of"), tag.c.name == bindparam("name"))
_is_archived = exists(
    select(manifest.c.digest).where(
        manifest.c.repository_id == tag.c.repository_id,
        is_stored_away,
        manifest.c.digest.between(tag.c.digest, tag.c.digest),  # were it equal to it, SQLite would take the primary key
    )
)
PAGE = (
    select(tag.c.name)
    .where(tag.c.repository_id == bindparam("of"), tag.c.name > bindparam("after"), ~_is_archived)
    .order_by(tag.c.name)
    .limit(bindparam("limit"))
)
_OF_IMAGE = (
    select(tag.c.name)
    .where(tag.c.repository_id == bindparam("of"), tag.c.digest == bindparam("digest"))
    .order_by(tag.c.name)
    .limit(bindparam("limit"))
)
_POINT = text(
    "INSERT INTO tag (repository_id, name, digest, pointed_at) VALUES (:of, :name, :digest, :at) "
    "ON CONFLICT (repository_id, name) DO UPDATE SET digest = excluded.digest, pointed_at = excluded.pointed_at"
)
_REMOVE = delete(tag).where(tag.c.repository_id == bindparam("of"), tag.c.name == bindparam("tag_name"))
_IS_TAGGED = (
    update(manifest)
    .where(manifest.c.repository_id == bindparam("of"), manifest.c.digest == bindparam("image"))
    .where(manifest.c.is_tagged == 0)
    .values(is_tagged=1)
)
_MAY_BE_UNTAGGED = text(
    "UPDATE manifest SET is_tagged = 0 WHERE repository_id = :of AND digest = :image AND is_tagged = 1 "
    "AND NOT EXISTS (SELECT 1 FROM tag WHERE tag.repository_id = :of AND tag.digest = :image)"
)
_REMOVE_OF_IMAGE = delete(tag).where(tag.c.repository_id == bindparam("of"), tag.c.digest == bindparam("image"))


def find(tx: Reader, repository_id: str, name: str) -> Digest | None:
    """What the tag points at."""
    row = tx.one(FIND, of=repository_id, name=name)
    return None if row is None else Digest(row.digest)


def page(tx: Transaction, repository_id: str, after: str, limit: int) -> Sequence[str]:
    """Tags of active images above `after`, in order."""
    return [row.name for row in tx.all(PAGE, of=repository_id, after=after, limit=limit)]


def of_image(tx: Reader, repository_id: str, digest: str, limit: int) -> Sequence[str]:
    """At most `limit` tags that point at this image, in order."""
    return [row.name for row in tx.all(_OF_IMAGE, of=repository_id, digest=digest, limit=limit)]


def point(tx: Transaction, repository_id: str, name: Tag, digest: Digest, at: datetime) -> None:
    """Create the tag, or move it."""
    before = find(tx, repository_id, name)
    tx.run(_POINT, of=repository_id, name=name, digest=digest, at=micros(at))
    tx.run(_IS_TAGGED, of=repository_id, image=digest)
    if before not in (None, digest):
        tx.run(_MAY_BE_UNTAGGED, of=repository_id, image=before)


def remove(tx: Transaction, repository_id: str, name: str) -> bool:
    """Remove the tag; whether it was there."""
    before = find(tx, repository_id, name)
    gone = tx.run(_REMOVE, of=repository_id, tag_name=name) > 0
    if before is not None:
        tx.run(_MAY_BE_UNTAGGED, of=repository_id, image=before)
    return gone


def remove_of_image(tx: Transaction, repository_id: str, digest: str) -> None:
    """Remove every tag of an image."""
    tx.run(_REMOVE_OF_IMAGE, of=repository_id, image=digest)
    tx.run(_MAY_BE_UNTAGGED, of=repository_id, image=digest)
