"""Rows of `manifest` and `manifest_reference`: images, by repository and digest."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, bindparam, delete, exists, func, insert, literal_column, select, text

from entrepot.db import (
    image_inventories,
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
_IS_TAGGED = exists(select(tag.c.name).where(_OF_MANIFEST))


_LISTED = [
    literal_column("0").label("size") if column.name == "size" else column for column in _DETAILS
]  # without the body's length, for which each would be read


def _page(*conditions: ColumnElement[bool]) -> Select[Any]:
    return (
        select(*_LISTED)
        .where(manifest.c.repository_id == bindparam("of"), manifest.c.digest > bindparam("after"), *conditions)
        .order_by(manifest.c.digest)
        .limit(bindparam("limit"))
    )


def _ids_page(*conditions: ColumnElement[bool]) -> Select[Any]:
    return (
        select(manifest.c.digest, tag.c.name)
        .join(tag, _OF_MANIFEST, isouter=True)
        .where(
            manifest.c.repository_id == bindparam("of"),
            manifest.c.digest >= bindparam("after_digest"),  # follows from the next one; an index understands it
            (manifest.c.digest > bindparam("after_digest")) | (tag.c.name > bindparam("after_tag")),
            *conditions,
        )
        .order_by(manifest.c.digest, tag.c.name)
        .limit(bindparam("limit"))
    )


_HAS_STATUS = manifest.c.status == bindparam("status")
_TAG_CONDITIONS: Mapping[str, Sequence[ColumnElement[bool]]] = {
    "ANY": (),
    "TAGGED": (_IS_TAGGED,),
    "UNTAGGED": (~_IS_TAGGED,),
}
_TAG_ID_CONDITIONS: Mapping[str, Sequence[ColumnElement[bool]]] = {
    "ANY": (),
    "TAGGED": (tag.c.name.is_not(None),),
    "UNTAGGED": (tag.c.name.is_(None),),
}
# by tag status and, with the key True, by the status of the image too
_PAGES = {
    (tags, by_status): _page(*conditions, *([_HAS_STATUS] if by_status else []))
    for tags, conditions in _TAG_CONDITIONS.items()
    for by_status in (False, True)
}
_IDS_PAGES = {
    (tags, by_status): _ids_page(*conditions, *([_HAS_STATUS] if by_status else []))
    for tags, conditions in _TAG_ID_CONDITIONS.items()
    for by_status in (False, True)
}
_REFERRERS = (
    select(
        manifest.c.digest,
        manifest.c.media_type,
        manifest.c.artifact_type,
        manifest.c.annotations,
        manifest.c.status,
        func.length(manifest.c.body).label("size"),
    )
    .where(
        manifest.c.repository_id == bindparam("of"),
        manifest.c.subject == bindparam("subject"),
        manifest.c.digest > bindparam("after"),
    )
    .order_by(manifest.c.digest)
    .limit(bindparam("limit"))
)
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


def page(
    tx: Transaction, repository_id: str, tags: str, status: str, after: str, limit: int
) -> Sequence[StoredManifest]:
    """Manifests with digests above `after`, without bodies and their sizes; `tags` is TAGGED, UNTAGGED or ANY,
    `status` one or ANY.
    """
    found = tx.all(_PAGES[tags, status != "ANY"], of=repository_id, status=status, after=after, limit=limit)
    return [record(row, b"") for row in found]


def tagged_page(
    tx: Transaction, repository_id: str, after: str, limit: int
) -> Sequence[tuple[str, datetime, StoredManifest]]:
    """Tags above `after` in order, when each was last pointed, and at what (without the body)."""
    rows = tx.all(_TAGGED_PAGE, of=repository_id, after=after, limit=limit)
    return [(row.name, moment(row.pointed_at), record(row, b"")) for row in rows]


def ids_page(
    tx: Transaction, repository_id: str, tags: str, status: str, after: tuple[str, str], limit: int
) -> Sequence[tuple[Digest, str | None]]:
    """(digest, tag) pairs above the given one, filtered as in `page`; an untagged image stands once, with None."""
    digest, name = after
    wanted, place = _IDS_PAGES[tags, status != "ANY"], {"after_digest": digest, "after_tag": name}
    rows = tx.all(wanted, of=repository_id, status=status, **place, limit=limit)
    return [(Digest(row.digest), row.name) for row in rows]


def referrers(tx: Transaction, repository_id: str, subject: str, after: str, limit: int) -> Sequence[Row]:
    """(digest, media_type, artifact_type, annotations as JSON, status, size) of manifests with this subject."""
    return tx.all(_REFERRERS, of=repository_id, subject=subject, after=after, limit=limit)


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
