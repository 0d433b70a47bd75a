"""Rows of what the pull-through cache knows of upstreams: which repositories are of one, when a tag was looked for
there, which images are on their way.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import bindparam, delete, select, text, update

from entrepot.db.database import Reader, Row, Transaction
from entrepot.db.pull_through_schema import (
    arriving_blob,
    arriving_image,
    cached_referrers,
    cached_repository,
    cached_tag,
)
from entrepot.spec.digest import Digest
from entrepot.spec.moments import micros, moment

IS_CACHED = select(cached_repository.c.created_at).where(cached_repository.c.repository_id == bindparam("of"))
FIND_TAG = select(cached_tag.c.checked_at).where(
    cached_tag.c.repository_id == bindparam("of"), cached_tag.c.name == bindparam("name")
)
FIND_ARRIVING = select(arriving_image).where(
    arriving_image.c.repository_id == bindparam("of"), arriving_image.c.digest == bindparam("digest")
)
FIND_ARRIVING_BLOB = (
    select(arriving_blob.c.size)
    .where(arriving_blob.c.repository_id == bindparam("of"), arriving_blob.c.digest == bindparam("digest"))
    .limit(1)
)
_MARK = text("INSERT INTO cached_repository (repository_id, created_at) VALUES (:of, :at) ON CONFLICT DO NOTHING")
_CHECKED = text(
    "INSERT INTO cached_tag (repository_id, name, checked_at) VALUES (:of, :name, :at) "
    "ON CONFLICT (repository_id, name) DO UPDATE SET checked_at = excluded.checked_at"
)
_OUTDATE_TAG = (
    update(cached_tag)
    .where(cached_tag.c.repository_id == bindparam("of"), cached_tag.c.name == bindparam("called"))
    .values(checked_at=0)
)
_OUTDATE_TAGS = update(cached_tag).where(cached_tag.c.repository_id == bindparam("of")).values(checked_at=0)
_TAGS = (
    select(cached_tag.c.name)
    .where(cached_tag.c.repository_id == bindparam("of"))
    .order_by(cached_tag.c.name)
    .limit(bindparam("limit"))
)
_REFERRERS = select(cached_referrers).where(
    cached_referrers.c.repository_id == bindparam("of"), cached_referrers.c.subject == bindparam("subject")
)
_PUT_REFERRERS = text(
    "INSERT INTO cached_referrers (repository_id, subject, body, checked_at) VALUES (:of, :subject, :body, :at) "
    "ON CONFLICT (repository_id, subject) DO UPDATE SET body = excluded.body, checked_at = excluded.checked_at"
)
_FORGET_REFERRERS = delete(cached_referrers).where(cached_referrers.c.repository_id == bindparam("of"))
_PUT_ARRIVING = text(
    "INSERT INTO arriving_image (repository_id, digest, tags, media_type, body, created_at, expires_at) "
    "VALUES (:of, :digest, :tags, :media_type, :body, :at, :until) "
    "ON CONFLICT (repository_id, digest) DO UPDATE SET tags = excluded.tags, expires_at = excluded.expires_at"
)
_PUT_BLOB = text(
    "INSERT INTO arriving_blob (repository_id, manifest_digest, digest, size) VALUES (:of, :manifest, :digest, :size) "
    "ON CONFLICT DO NOTHING"
)
_REMOVE_BLOBS = delete(arriving_blob).where(
    arriving_blob.c.repository_id == bindparam("of"), arriving_blob.c.manifest_digest == bindparam("digest")
)
_REMOVE_ARRIVING = delete(arriving_image).where(
    arriving_image.c.repository_id == bindparam("of"), arriving_image.c.digest == bindparam("digest")
)
_EXPIRED = (
    select(arriving_image.c.repository_id, arriving_image.c.digest)
    .where(arriving_image.c.expires_at <= bindparam("now"))
    .order_by(arriving_image.c.expires_at)
    .limit(bindparam("limit"))
)
_ALL_ARRIVING = (
    select(arriving_image).where(arriving_image.c.repository_id == bindparam("of")).order_by(arriving_image.c.digest)
)


@dataclass(frozen=True, slots=True)
class Arriving:
    """A manifest whose blobs are not all here yet, and the tags that it is to have."""

    digest: Digest
    tags: tuple[str, ...]
    media_type: str
    body: bytes
    created_at: datetime


@dataclass(frozen=True, slots=True)
class KnownReferrers:
    """What an upstream listed as the referrers of a digest (JSON), and when."""

    body: str
    checked_at: datetime


def is_cached(tx: Reader, repository_id: str) -> bool:
    """Whether a repository holds images of an upstream."""
    return tx.one(IS_CACHED, of=repository_id) is not None


def mark(tx: Transaction, repository_id: str, at: datetime) -> None:
    """Say that it does."""
    tx.run(_MARK, of=repository_id, at=micros(at))


def checked_at(tx: Reader, repository_id: str, tag: str) -> datetime | None:
    """When a tag was last looked for upstream."""
    row = tx.one(FIND_TAG, of=repository_id, name=tag)
    return None if row is None else moment(row.checked_at)


def checked(tx: Transaction, repository_id: str, tag: str, at: datetime) -> None:
    """Note when a tag was looked for upstream."""
    tx.run(_CHECKED, of=repository_id, name=tag, at=micros(at))


def cached_tags(tx: Reader, repository_id: str, limit: int) -> Sequence[str]:
    """Tags that came from an upstream, by name."""
    return [row.name for row in tx.all(_TAGS, of=repository_id, limit=limit)]


def outdate(tx: Transaction, repository_id: str, tag: str | None) -> None:
    """Have a tag, or all tags of a repository and its referrers, looked for when they are next asked for."""
    if tag is not None:
        tx.run(_OUTDATE_TAG, of=repository_id, called=tag)
        return
    tx.run(_FORGET_REFERRERS, of=repository_id)
    tx.run(_OUTDATE_TAGS, of=repository_id)


def referrers(tx: Reader, repository_id: str, subject: str) -> KnownReferrers | None:
    """What is known of a subject's referrers upstream."""
    row = tx.one(_REFERRERS, of=repository_id, subject=subject)
    return None if row is None else KnownReferrers(row.body, moment(row.checked_at))


def put_referrers(tx: Transaction, repository_id: str, subject: str, body: str, at: datetime) -> None:
    """Keep what an upstream lists."""
    tx.run(_PUT_REFERRERS, of=repository_id, subject=subject, body=body, at=micros(at))


def arriving(tx: Reader, repository_id: str, digest: str) -> Arriving | None:
    """The image of this digest that is on its way."""
    row = tx.one(FIND_ARRIVING, of=repository_id, digest=digest)
    return None if row is None else arriving_of(row)


def all_arriving(tx: Reader, repository_id: str) -> Sequence[Arriving]:
    """Every image of a repository that is on its way."""
    return [arriving_of(row) for row in tx.all(_ALL_ARRIVING, of=repository_id)]


def put_arriving(
    tx: Transaction, repository_id: str, new: Arriving, blobs: Sequence[tuple[str, int]], until: datetime
) -> None:
    """Note an image, and what it needs (digest, size); or that a known one is to have these tags."""
    tx.run(
        _PUT_ARRIVING,
        of=repository_id,
        digest=new.digest,
        tags=msgspec.json.encode(new.tags, enc_hook=str).decode(),
        media_type=new.media_type,
        body=new.body,
        at=micros(new.created_at),
        until=micros(until),
    )
    for digest, size in blobs:
        tx.run(_PUT_BLOB, of=repository_id, manifest=new.digest, digest=digest, size=size)


def remove_arriving(tx: Transaction, repository_id: str, digest: str) -> None:
    """An image has arrived, or never will."""
    tx.run(_REMOVE_BLOBS, of=repository_id, digest=digest)
    tx.run(_REMOVE_ARRIVING, of=repository_id, digest=digest)


def expired(tx: Reader, now: datetime, limit: int) -> Sequence[tuple[str, str]]:
    """(repository id, digest) of images that nobody brings any more."""
    return [(row.repository_id, row.digest) for row in tx.all(_EXPIRED, now=micros(now), limit=limit)]


def arriving_of(row: Row) -> Arriving:
    """A row as a record."""
    return Arriving(
        digest=Digest(row.digest),
        tags=tuple(msgspec.json.decode(row.tags)),
        media_type=row.media_type,
        body=bytes(row.body),
        created_at=moment(row.created_at),
    )
