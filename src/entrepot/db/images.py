"""Rows of `manifest` and `manifest_reference`: images, by repository and digest."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import bindparam, delete, func, insert, select, text

from entrepot.db import (
    image_inventories,
    image_signatures,
    image_signings,
    image_standings,
    images_in_use,
    registry_sboms,
    rematches,
    replication_statuses,
    scans,
    vex_referrers,
    vulnerability_exceptions,
)
from entrepot.db.database import Row, Transaction
from entrepot.db.records import StoredManifest
from entrepot.db.schema import manifest, manifest_reference, tag
from entrepot.spec.digest import Digest
from entrepot.spec.manifest import Manifest
from entrepot.spec.moments import micros, moment, moment_or_none

_DETAILS = (
    manifest.c.digest,
    manifest.c.media_type,
    manifest.c.kind,
    manifest.c.artifact_type,
    manifest.c.subject,
    manifest.c.image_size,
    func.length(manifest.c.body).label("size"),
    manifest.c.pushed_at,
    manifest.c.last_pulled_at,
    manifest.c.status,
    manifest.c.archived_at,
    manifest.c.activated_at,
)
_OF_MANIFEST = (tag.c.repository_id == manifest.c.repository_id) & (tag.c.digest == manifest.c.digest)
FIND = select(*_DETAILS, manifest.c.body).where(
    manifest.c.repository_id == bindparam("of"), manifest.c.digest == bindparam("digest")
)
FIND_BY_TAG = (
    select(*_DETAILS, manifest.c.body)
    .join(tag, _OF_MANIFEST)
    .where(tag.c.repository_id == bindparam("of"), tag.c.name == bindparam("name"))
)
_TAGGED_PAGE = (
    select(*_DETAILS, tag.c.name, tag.c.pointed_at)
    .join(tag, _OF_MANIFEST)
    .where(tag.c.repository_id == bindparam("of"), tag.c.name > bindparam("after"))
    .order_by(tag.c.name)
    .limit(bindparam("limit"))
)
_KNOWN = select(manifest.c.digest, manifest.c.image_size, manifest.c.media_type).where(
    manifest.c.repository_id == bindparam("of"), manifest.c.digest == bindparam("digest")
)
_KIND = select(manifest.c.kind).where(
    manifest.c.repository_id == bindparam("of"), manifest.c.digest == bindparam("digest")
)
_SHARE = _KNOWN.with_for_update(read=True, key_share=True)
_PARENTS = (
    select(manifest_reference.c.manifest_digest)
    .where(
        manifest_reference.c.repository_id == bindparam("of"),
        manifest_reference.c.digest == bindparam("digest"),
        manifest_reference.c.kind == "child",
    )
    .order_by(manifest_reference.c.manifest_digest)
    .limit(bindparam("limit"))
)
_INSERT = insert(manifest)
_REFER = text(
    "INSERT INTO manifest_reference (repository_id, manifest_digest, kind, digest, media_type) "
    "VALUES (:of, :manifest, :kind, :digest, :media_type) ON CONFLICT DO NOTHING"
)
_FORGET_REFERENCES = delete(manifest_reference).where(
    manifest_reference.c.repository_id == bindparam("of"), manifest_reference.c.manifest_digest == bindparam("image")
)
_REMOVE = delete(manifest).where(manifest.c.repository_id == bindparam("of"), manifest.c.digest == bindparam("image"))
_AT_ONCE = moment(0)
_PULLED = text(
    "UPDATE manifest SET pull_count = pull_count + :pulls, "
    "last_pulled_at = CASE WHEN last_pulled_at IS NULL OR last_pulled_at < :at THEN :at ELSE last_pulled_at END "
    "WHERE repository_id = :of AND digest = :digest"
)


def find(tx: Transaction, repository_id: str, digest: str) -> StoredManifest | None:
    """The manifest with its body."""
    row = tx.one(FIND, of=repository_id, digest=digest)
    return None if row is None else record(row, bytes(row.body))


def share(tx: Transaction, repository_id: str, digest: str) -> int | None:
    """Keep a manifest from being removed until the unit ends; its image size in bytes, None when absent."""
    row = tx.one(_SHARE, of=repository_id, digest=digest)
    return None if row is None else row.image_size


def kind(tx: Transaction, repository_id: str, digest: str) -> str | None:
    """Whether it is an image or an index; None when absent."""
    row = tx.one(_KIND, of=repository_id, digest=digest)
    return None if row is None else row.kind


def known(tx: Transaction, repository_id: str, digest: str) -> bool:
    """Whether the repository holds this manifest."""
    return tx.one(_KNOWN, of=repository_id, digest=digest) is not None


def tagged_page(
    tx: Transaction, repository_id: str, after: str, limit: int
) -> Sequence[tuple[str, datetime, StoredManifest]]:
    """Tags above `after` in order, when each was last pointed, and at what (without the body)."""
    rows = tx.all(_TAGGED_PAGE, of=repository_id, after=after, limit=limit)
    return [(row.name, moment(row.pointed_at), record(row, b"")) for row in rows]


def parents(tx: Transaction, repository_id: str, digest: str, limit: int) -> Sequence[Digest]:
    """Digests of indexes in the repository that name this image as a child."""
    return [Digest(row.manifest_digest) for row in tx.all(_PARENTS, of=repository_id, digest=digest, limit=limit)]


def add(tx: Transaction, repository_id: str, digest: Digest, new: Manifest, image_size: int, at: datetime) -> None:
    """Store a manifest under the digest it was asked for by (sha256, or sha512), and what it references."""
    tx.run(
        _INSERT,
        repository_id=repository_id,
        digest=digest,
        media_type=new.media_type,
        kind=new.kind,
        artifact_type=new.artifact_type,
        subject=None if new.subject is None else new.subject.digest,
        annotations=msgspec.json.encode(new.annotations or {}).decode(),
        image_size=image_size,
        body=new.payload,
        pushed_at=micros(at),
        last_pulled_at=None,
        pull_count=0,
        status="ACTIVE",
        archived_at=None,
        activating_since=None,
        activated_at=None,
        is_tagged=0,
    )
    for kind, descriptor in new.references:
        tx.run(
            _REFER,
            of=repository_id,
            manifest=digest,
            kind=kind,
            digest=descriptor.digest,
            media_type=descriptor.media_type,
        )


def remove(tx: Transaction, repository_id: str, digest: str) -> bool:
    """Remove a manifest with its references, its scans, where it runs and what it says of others' findings; its tags
    must be gone. Whether it was there.
    """
    scans.remove(tx, repository_id, digest)
    images_in_use.remove(tx, repository_id, digest)
    image_standings.remove(tx, repository_id, digest)
    image_signatures.remove(tx, repository_id, digest, _AT_ONCE)
    if vex_referrers.remove(tx, repository_id, digest):
        vulnerability_exceptions.remove_referred(tx, repository_id, digest)
        image_standings.outdate(tx, repository_id, "", _AT_ONCE)
    registry_sboms.forget(tx, repository_id, digest)
    image_signings.remove(tx, repository_id, digest)
    rematches.remove(tx, repository_id, digest)
    image_inventories.remove(tx, repository_id, digest)
    replication_statuses.forget(tx, repository_id, digest)
    tx.run(_FORGET_REFERENCES, of=repository_id, image=digest)
    return tx.run(_REMOVE, of=repository_id, image=digest) == 1


def pulled(tx: Transaction, repository_id: str, digest: str, pulls: int, at: int) -> None:
    """Count pulls; `at` is the latest one's moment in microseconds."""
    tx.run(_PULLED, of=repository_id, digest=digest, pulls=pulls, at=at)


def record(row: Row, body: bytes) -> StoredManifest:
    """A row with the columns of a listing as a record."""
    return StoredManifest(
        Digest(row.digest),
        row.media_type,
        row.kind,
        row.artifact_type,
        None if row.subject is None else Digest(row.subject),
        row.image_size,
        row.size,
        moment(row.pushed_at),
        moment_or_none(row.last_pulled_at),
        body,
        row.status,
        moment_or_none(row.archived_at),
        moment_or_none(row.activated_at),
    )
