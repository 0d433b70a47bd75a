"""Rows of `tag`: names that point at manifests of their repository."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, exists, select, text

from entrepot.db.database import Reader, Transaction
from entrepot.db.schema import manifest, tag
from entrepot.spec.digest import Digest
from entrepot.spec.moments import micros
from entrepot.spec.reference import Tag

FIND = select(tag.c.digest).where(tag.c.repository_id == bindparam("of"), tag.c.name == bindparam("name"))
_is_archived = exists(
    select(manifest.c.digest).where(
        manifest.c.repository_id == tag.c.repository_id,
        (manifest.c.status == "ARCHIVED") | (manifest.c.status == "ACTIVATING"),
        manifest.c.digest == tag.c.digest,
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
_OF_IMAGES = (
    select(tag.c.digest, tag.c.name)
    .where(
        tag.c.repository_id == bindparam("of"), tag.c.digest >= bindparam("first"), tag.c.digest <= bindparam("last")
    )
    .order_by(tag.c.digest, tag.c.name)
)
_POINT = text(
    "INSERT INTO tag (repository_id, name, digest, pointed_at) VALUES (:of, :name, :digest, :at) "
    "ON CONFLICT (repository_id, name) DO UPDATE SET digest = excluded.digest, pointed_at = excluded.pointed_at"
)
_REMOVE = delete(tag).where(tag.c.repository_id == bindparam("of"), tag.c.name == bindparam("tag_name"))
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


def of_images(tx: Transaction, repository_id: str, first: str, last: str) -> dict[str, list[str]]:
    """The tags of the images from digest `first` to `last`, in order, by digest; untagged ones are not in it."""
    found: dict[str, list[str]] = {}
    for row in tx.all(_OF_IMAGES, of=repository_id, first=first, last=last):
        found.setdefault(row.digest, []).append(row.name)
    return found


def point(tx: Transaction, repository_id: str, name: Tag, digest: Digest, at: datetime) -> None:
    """Create the tag, or move it."""
    tx.run(_POINT, of=repository_id, name=name, digest=digest, at=micros(at))


def remove(tx: Transaction, repository_id: str, name: str) -> bool:
    """Remove the tag; whether it was there."""
    return tx.run(_REMOVE, of=repository_id, tag_name=name) > 0


def remove_of_image(tx: Transaction, repository_id: str, digest: str) -> None:
    """Remove every tag of an image."""
    tx.run(_REMOVE_OF_IMAGE, of=repository_id, image=digest)
