"""The queries of garbage collection: candidates are found first, then locked, then checked again.

The check that decides is always a later statement than the lock: a single DELETE … WHERE NOT EXISTS removes
referenced rows under READ COMMITTED.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, bindparam, delete, exists, func, not_, or_, select, text, update

from entrepot.db import blobs, byte_usage, catalog_data, quotas, replication_statuses, resource_tags, trash
from entrepot.db.blobs import BLOB_COLUMNS, blob_of
from entrepot.db.database import Transaction, number_of
from entrepot.db.exception_schema import repository_admission, repository_vex, vulnerability_exception
from entrepot.db.lifecycle_schema import lifecycle_policy, lifecycle_preview
from entrepot.db.pull_through_schema import (
    arriving_blob,
    arriving_image,
    cached_referrers,
    cached_repository,
    cached_tag,
)
from entrepot.db.records import Blob
from entrepot.db.scan_schema import layer_inventory, layer_marks
from entrepot.db.schema import blob, gc_hold, manifest_reference, repository, repository_blob, upload
from entrepot.db.template_schema import repository_protection, trashed_reference


def _referenced() -> ColumnElement[bool]:
    """Whether a manifest needs the link, or one in the trash."""
    return or_(
        *(
            exists().where(
                and_(
                    table.c.repository_id == repository_blob.c.repository_id,
                    table.c.digest == repository_blob.c.digest,
                    table.c.kind != "child",
                )
            )
            for table in (manifest_reference, trashed_reference)
        )
    )


_IDENTITY = (repository_blob.c.repository_id, repository_blob.c.digest)
_TO_CONDEMN = (
    select(*_IDENTITY)
    .where(
        repository_blob.c.condemned_at.is_(None),
        repository_blob.c.linked_at < bindparam("before"),
        (repository_blob.c.repository_id > bindparam("after_repository"))
        | (
            (repository_blob.c.repository_id == bindparam("after_repository"))
            & (repository_blob.c.digest > bindparam("after_digest"))
        ),
        not_(_referenced()),
    )
    .order_by(*_IDENTITY)
    .limit(bindparam("limit"))
)
_LONG_CONDEMNED = repository_blob.c.condemned_at < bindparam("before")
_COUNT_TO_UNLINK = select(func.count()).select_from(repository_blob).where(_LONG_CONDEMNED)
_TO_UNLINK = (
    select(*_IDENTITY).where(_LONG_CONDEMNED).order_by(repository_blob.c.condemned_at).limit(bindparam("limit"))
)
_LOCK_LINK = (
    select(repository_blob.c.linked_at, repository_blob.c.condemned_at)
    .where(repository_blob.c.repository_id == bindparam("of"), repository_blob.c.digest == bindparam("digest"))
    .with_for_update(skip_locked=True)
)
_IS_REFERENCED = (
    select(manifest_reference.c.kind)
    .where(
        manifest_reference.c.repository_id == bindparam("of"),
        manifest_reference.c.digest == bindparam("digest"),
        manifest_reference.c.kind != "child",
    )
    .limit(1)
)
_CONDEMN = (
    update(repository_blob)
    .where(repository_blob.c.repository_id == bindparam("of"), repository_blob.c.digest == bindparam("link"))
    .values(condemned_at=bindparam("at"))
)
_IS_UNHELD = and_(
    blob.c.store == bindparam("store"),
    blob.c.state != "deleting",
    blob.c.created_at < bindparam("before"),
    not_(exists().where(repository_blob.c.blob_id == blob.c.id)),
)
_COUNT_UNHELD = select(func.count()).select_from(blob).where(_IS_UNHELD)
_UNHELD = select(*BLOB_COLUMNS).where(_IS_UNHELD).limit(bindparam("limit"))
_LOCK_BLOB = select(blob.c.state).where(blob.c.id == bindparam("id")).with_for_update(skip_locked=True)
_IS_HELD = select(repository_blob.c.repository_id).where(repository_blob.c.blob_id == bindparam("id")).limit(1)
_MARK_DELETING = (
    update(blob).where(blob.c.id == bindparam("of")).values(state="deleting", deleting_since=bindparam("at"))
)
_IS_REMOVABLE = and_(
    blob.c.store == bindparam("store"), blob.c.state == "deleting", blob.c.deleting_since < bindparam("before")
)
_TOTAL_REMOVABLE = select(func.count(), func.coalesce(func.sum(blob.c.size), 0)).where(_IS_REMOVABLE)
_REMOVABLE = select(*BLOB_COLUMNS).where(_IS_REMOVABLE).order_by(blob.c.deleting_since).limit(bindparam("limit"))
_FORGET_INVENTORIES = delete(layer_inventory).where(
    layer_inventory.c.blob_id == bindparam("of"),
    exists().where(blob.c.id == layer_inventory.c.blob_id, blob.c.state == "deleting"),
)
_FORGET_MARKS = delete(layer_marks).where(
    layer_marks.c.blob_id == bindparam("of"),
    exists().where(blob.c.id == layer_marks.c.blob_id, blob.c.state == "deleting"),
)
_FORGET = delete(blob).where(blob.c.id == bindparam("of"), blob.c.state == "deleting")
_KNOWN_LOCATION = select(blob.c.id).where(blob.c.store == bindparam("store"), blob.c.location == bindparam("location"))
_ADD_ORPHAN = text(
    "INSERT INTO blob (id, store, digest, location, size, state, created_at, verified_at, deleting_since) "
    "VALUES (:id, :store, :digest, :location, :size, 'deleting', :at, :at, :at) ON CONFLICT DO NOTHING"
)
_REMOVE_UPLOADS = delete(upload).where(upload.c.repository_id == bindparam("of"))
_REMOVE_SETTINGS = [
    delete(table).where(table.c.repository_id == bindparam("of"))
    for table in (
        arriving_blob,
        arriving_image,
        cached_referrers,
        cached_repository,
        cached_tag,
        lifecycle_policy,
        lifecycle_preview,
        repository_admission,
        repository_protection,
        repository_vex,
        vulnerability_exception,
    )
]
_REMOVE_TOMBSTONE = delete(repository).where(repository.c.id == bindparam("of"), repository.c.deleted_at.is_not(None))
_HOLDS = select(func.count()).select_from(gc_hold).where(gc_hold.c.expires_at > bindparam("now"))
_DROP_LINKS = text(
    "DELETE FROM repository_blob WHERE repository_id = :of AND digest IN "
    "(SELECT digest FROM repository_blob WHERE repository_id = :of ORDER BY digest LIMIT :limit)"
)
_DROP_REFERENCES = text(
    "DELETE FROM manifest_reference WHERE repository_id = :of AND manifest_digest IN "
    "(SELECT digest FROM manifest WHERE repository_id = :of ORDER BY digest LIMIT :limit)"
)
_DROP_TAGS = text(
    "DELETE FROM tag WHERE repository_id = :of AND digest IN "
    "(SELECT digest FROM manifest WHERE repository_id = :of ORDER BY digest LIMIT :limit)"
)
_DROP_FINDINGS = text(
    "DELETE FROM image_scan_findings WHERE repository_id = :of AND digest IN "
    "(SELECT digest FROM manifest WHERE repository_id = :of ORDER BY digest LIMIT :limit)"
)
_DROP_SCANS = text(
    "DELETE FROM image_scan WHERE repository_id = :of AND digest IN "
    "(SELECT digest FROM manifest WHERE repository_id = :of ORDER BY digest LIMIT :limit)"
)
_DROP_STANDINGS = text(
    "DELETE FROM image_standing WHERE repository_id = :of AND digest IN "
    "(SELECT digest FROM manifest WHERE repository_id = :of ORDER BY digest LIMIT :limit)"
)
_DROP_SIGNATURES = text(
    "DELETE FROM image_signature WHERE repository_id = :of AND digest IN "
    "(SELECT digest FROM manifest WHERE repository_id = :of ORDER BY digest LIMIT :limit)"
)
_DROP_REFERRERS = text(
    "DELETE FROM vex_referrer WHERE repository_id = :of AND digest IN "
    "(SELECT digest FROM manifest WHERE repository_id = :of ORDER BY digest LIMIT :limit)"
)
_DROP_SBOMS = text(
    "DELETE FROM made_sbom WHERE repository_id = :of AND digest IN "
    "(SELECT digest FROM manifest WHERE repository_id = :of ORDER BY digest LIMIT :limit)"
)
_DROP_SIGNINGS = text(
    "DELETE FROM image_signing WHERE repository_id = :of AND digest IN "
    "(SELECT digest FROM manifest WHERE repository_id = :of ORDER BY digest LIMIT :limit)"
)
_DROP_REMATCHES = text(
    "DELETE FROM image_rematch WHERE repository_id = :of AND digest IN "
    "(SELECT digest FROM manifest WHERE repository_id = :of ORDER BY digest LIMIT :limit)"
)
_DROP_INVENTORIES = text(
    "DELETE FROM image_inventory WHERE repository_id = :of AND digest IN "
    "(SELECT digest FROM manifest WHERE repository_id = :of ORDER BY digest LIMIT :limit)"
)
_DROP_USE = text(
    "DELETE FROM image_in_use WHERE repository_id = :of AND digest IN "
    "(SELECT digest FROM manifest WHERE repository_id = :of ORDER BY digest LIMIT :limit)"
)
_DROP_PREVIEWS = text(
    "DELETE FROM lifecycle_preview_image WHERE repository_id = :of AND (run, ordinal) IN "
    "(SELECT run, ordinal FROM lifecycle_preview_image WHERE repository_id = :of LIMIT :limit)"
)
_DROP_MANIFESTS = text(
    "DELETE FROM manifest WHERE repository_id = :of AND digest IN "
    "(SELECT digest FROM manifest WHERE repository_id = :of ORDER BY digest LIMIT :limit)"
)


@dataclass(frozen=True, slots=True)
class LinkKey:
    """Which link."""

    repository_id: str
    digest: str


def to_condemn(tx: Transaction, before: int, after: LinkKey, limit: int) -> Sequence[LinkKey]:
    """Links made before `before` that no manifest of their repository needs, above `after` in key order."""
    rows = tx.all(
        _TO_CONDEMN, before=before, after_repository=after.repository_id, after_digest=after.digest, limit=limit
    )
    return [LinkKey(row.repository_id, row.digest) for row in rows]


def to_unlink(tx: Transaction, before: int, limit: int) -> Sequence[LinkKey]:
    """Links condemned before `before`."""
    return [LinkKey(row.repository_id, row.digest) for row in tx.all(_TO_UNLINK, before=before, limit=limit)]


def count_to_unlink(tx: Transaction, before: int) -> int:
    """How many links were condemned before `before`."""
    return number_of(tx, _COUNT_TO_UNLINK, before=before)


def lock_link(tx: Transaction, key: LinkKey) -> tuple[int, int | None] | None:
    """(linked_at, condemned_at) of a link, locked; None when it is gone or somebody else holds it."""
    row = tx.one(_LOCK_LINK, of=key.repository_id, digest=key.digest)
    return None if row is None else (row.linked_at, row.condemned_at)


def is_referenced(tx: Transaction, key: LinkKey) -> bool:
    """Whether a manifest of the repository, or one in the trash, names the blob as config or layer."""
    if tx.one(_IS_REFERENCED, of=key.repository_id, digest=key.digest) is not None:
        return True
    return trash.holds(tx, key.repository_id, key.digest)


def condemn(tx: Transaction, key: LinkKey, at: int) -> None:
    """From now on HEAD, availability checks and mounts answer absent."""
    tx.run(_CONDEMN, of=key.repository_id, link=key.digest, at=at)


def unlink(tx: Transaction, key: LinkKey) -> None:
    """Take the blob out of the repository."""
    blobs.unlink(tx, key.repository_id, key.digest)


def unheld(tx: Transaction, store: str, before: int, limit: int) -> Sequence[Blob]:
    """Blobs made before `before` that no repository holds."""
    return [blob_of(row) for row in tx.all(_UNHELD, store=store, before=before, limit=limit)]


def count_unheld(tx: Transaction, store: str, before: int) -> int:
    """How many blobs made before `before` no repository holds."""
    return number_of(tx, _COUNT_UNHELD, store=store, before=before)


def lock_blob(tx: Transaction, blob_id: str) -> str | None:
    """The state of a blob, locked; None when it is gone or somebody else holds it."""
    row = tx.one(_LOCK_BLOB, id=blob_id)
    return None if row is None else row.state


def is_held(tx: Transaction, blob_id: str) -> bool:
    """Whether any repository holds the blob."""
    return tx.one(_IS_HELD, id=blob_id) is not None


def mark_deleting(tx: Transaction, blob_id: str, at: int) -> None:
    """Release the digest: another push makes a row of its own; the bytes go later."""
    tx.run(_MARK_DELETING, of=blob_id, at=at)


def removable(tx: Transaction, store: str, before: int, limit: int) -> Sequence[Blob]:
    """Blobs deleting since before `before`: their bytes may go."""
    return [blob_of(row) for row in tx.all(_REMOVABLE, store=store, before=before, limit=limit)]


def total_removable(tx: Transaction, store: str, before: int) -> tuple[int, int]:
    """(blobs, bytes) that may be removed."""
    count, size = tx.all(_TOTAL_REMOVABLE, store=store, before=before)[0]
    return int(count), int(size)


def forget(tx: Transaction, blob_id: str) -> bool:
    """Remove the row of a deleting blob whose bytes are gone, and what it held."""
    tx.run(_FORGET_INVENTORIES, of=blob_id)
    tx.run(_FORGET_MARKS, of=blob_id)
    return tx.run(_FORGET, of=blob_id) == 1


def is_known_location(tx: Transaction, store: str, location: str) -> bool:
    """Whether any row, deleting ones too, claims these bytes."""
    return tx.one(_KNOWN_LOCATION, store=store, location=location) is not None


def add_orphan(tx: Transaction, orphan: Blob, at: int) -> bool:
    """Claim bytes without a row as deleting, under the unique key that a late finisher would need."""
    return (
        tx.run(
            _ADD_ORPHAN,
            id=orphan.id,
            store=orphan.store,
            digest=orphan.digest,
            location=orphan.location,
            size=orphan.size,
            at=at,
        )
        == 1
    )


def is_on_hold(tx: Transaction, now: int) -> bool:
    """Whether a backup, migration or import asks collection to wait."""
    return number_of(tx, _HOLDS, now=now) > 0


def drop_some(tx: Transaction, repository_id: str, limit: int) -> int:
    """Remove up to `limit` images or links of a tombstone; how many rows went (0: it is empty)."""
    tx.run(_DROP_REFERENCES, of=repository_id, limit=limit)
    tx.run(_DROP_TAGS, of=repository_id, limit=limit)
    tx.run(_DROP_FINDINGS, of=repository_id, limit=limit)
    tx.run(_DROP_SCANS, of=repository_id, limit=limit)
    tx.run(_DROP_STANDINGS, of=repository_id, limit=limit)
    tx.run(_DROP_SIGNATURES, of=repository_id, limit=limit)
    tx.run(_DROP_REFERRERS, of=repository_id, limit=limit)
    tx.run(_DROP_SBOMS, of=repository_id, limit=limit)
    tx.run(_DROP_SIGNINGS, of=repository_id, limit=limit)
    tx.run(_DROP_REMATCHES, of=repository_id, limit=limit)
    tx.run(_DROP_INVENTORIES, of=repository_id, limit=limit)
    tx.run(_DROP_USE, of=repository_id, limit=limit)
    trashed = trash.drop_some(tx, repository_id, limit)
    manifests = tx.run(_DROP_MANIFESTS, of=repository_id, limit=limit)
    previews = tx.run(_DROP_PREVIEWS, of=repository_id, limit=limit)
    return trashed + manifests + previews or tx.run(_DROP_LINKS, of=repository_id, limit=limit)


def remove_tombstone(tx: Transaction, repository_id: str) -> None:
    """Remove an emptied tombstone with its uploads and settings."""
    tx.run(_REMOVE_UPLOADS, of=repository_id)
    byte_usage.forget(tx, repository_id)
    quotas.forget_credit(tx, repository_id)
    resource_tags.remove_all(tx, repository_id)
    catalog_data.remove(tx, repository_id)
    replication_statuses.forget_all(tx, repository_id)
    for setting in _REMOVE_SETTINGS:
        tx.run(setting, of=repository_id)
    tx.run(_REMOVE_TOMBSTONE, of=repository_id)
