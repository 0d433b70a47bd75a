"""Rows of `blob` and `repository_blob`: which bytes exist, and which repository may read them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Exists, bindparam, case, delete, exists, select, text, update

from entrepot.db import byte_usage, inventories
from entrepot.db.database import Reader, Row, Transaction, number_of
from entrepot.db.image_schema import is_stored_away, manifest, manifest_reference
from entrepot.db.records import Blob, Link, SealedKey
from entrepot.db.schema import blob, repository_blob
from entrepot.spec.digest import Digest
from entrepot.spec.moments import micros

BLOB_COLUMNS = (
    *(blob.c.id, blob.c.store, blob.c.digest, blob.c.location, blob.c.size, blob.c.state),
    *(blob.c.sealed_by, blob.c.sealed_key, blob.c.sealed_for),
)
FIND_HELD = select(*BLOB_COLUMNS).where(
    blob.c.store == bindparam("store"),
    blob.c.digest == bindparam("digest"),
    blob.c.sealed_by == bindparam("key"),
    blob.c.state != "deleting",
)
_AT = select(*BLOB_COLUMNS).where(blob.c.store == bindparam("store"), blob.c.location == bindparam("at_location"))
_SHARE_HELD = FIND_HELD.with_for_update(read=True, key_share=True)
_stored = (manifest.c.repository_id == manifest_reference.c.repository_id) & (
    manifest.c.digest == manifest_reference.c.manifest_digest
)
_needing = (
    (manifest_reference.c.repository_id == repository_blob.c.repository_id)
    & (manifest_reference.c.digest == repository_blob.c.digest)
    & (manifest_reference.c.kind != "child")
)


def _is_needed(*conditions: ColumnElement[bool]) -> Exists:
    found = select(manifest.c.digest).select_from(manifest_reference).join(manifest, _stored)
    return exists(found.where(_needing, *conditions).correlate(repository_blob))


# in an order that asks nothing more of repositories without archived images; who sent the blob since is served
_is_archived = case(
    (
        ~exists(
            select(manifest.c.digest)
            .where(manifest.c.repository_id == repository_blob.c.repository_id, is_stored_away)
            .correlate(repository_blob)
        ),
        0,
    ),
    (_is_needed(manifest.c.status == "ACTIVE"), 0),
    (_is_needed(manifest.c.archived_at >= repository_blob.c.linked_at), 1),
    else_=0,
)
FIND_LINK = (
    select(*BLOB_COLUMNS, repository_blob.c.condemned_at, _is_archived.label("archived"))
    .join(blob, blob.c.id == repository_blob.c.blob_id)
    .where(repository_blob.c.repository_id == bindparam("of"), repository_blob.c.digest == bindparam("digest"))
)
_SHARE_LINK = FIND_LINK.with_for_update(read=True, key_share=True)
_ADD = text(
    "INSERT INTO blob (id, store, digest, location, size, state, created_at, verified_at, "
    "sealed_by, sealed_key, sealed_for) VALUES (:id, :store, :digest, :location, :size, 'live', :at, :at, "
    ":sealed_by, :sealed_key, :sealed_for) ON CONFLICT DO NOTHING"
)
_HEAL = (
    update(blob)
    .where(blob.c.id == bindparam("of"), blob.c.state != "deleting")
    .values(
        location=bindparam("new_location"),
        size=bindparam("new_size"),
        state="live",
        verified_at=bindparam("verified"),
        sealed_key=bindparam("new_key"),
        sealed_for=bindparam("new_for"),
    )
)
_DAMAGE = (
    update(blob)
    .where(blob.c.id == bindparam("of"), blob.c.location == bindparam("at_location"), blob.c.state == "live")
    .values(state="damaged")
)
_RESTORE = (
    update(blob)
    .where(blob.c.id == bindparam("of"), blob.c.location == bindparam("at_location"), blob.c.state == "damaged")
    .values(state="live", verified_at=bindparam("verified"))
)
_VERIFIED = update(blob).where(blob.c.id == bindparam("of")).values(verified_at=bindparam("verified"))
_DUE_FOR_SCRUB = (
    select(*BLOB_COLUMNS)
    .where(blob.c.store == bindparam("store"), blob.c.verified_at < bindparam("before"), blob.c.state == "live")
    .order_by(blob.c.verified_at)
    .limit(bindparam("limit"))
)
_PAGE = (
    select(*BLOB_COLUMNS)
    .where(blob.c.store == bindparam("store"), blob.c.id > bindparam("after"), blob.c.state != "deleting")
    .order_by(blob.c.id)
    .limit(bindparam("limit"))
)
_LINK = text(
    "INSERT INTO repository_blob (repository_id, digest, blob_id, linked_at) VALUES (:of, :digest, :blob, :at) "
    "ON CONFLICT (repository_id, digest) DO NOTHING"
)
_RELINK = (
    update(repository_blob)
    .where(repository_blob.c.repository_id == bindparam("of"), repository_blob.c.digest == bindparam("link"))
    .values(blob_id=bindparam("blob"), linked_at=bindparam("at"), condemned_at=None)
)
_SIZE = select(blob.c.size).where(blob.c.id == bindparam("id"))
_SIZE_OF_LINK = (
    select(blob.c.size)
    .join(repository_blob, repository_blob.c.blob_id == blob.c.id)
    .where(repository_blob.c.repository_id == bindparam("of"), repository_blob.c.digest == bindparam("digest"))
)
_UNCONDEMN = (
    update(repository_blob)
    .where(repository_blob.c.repository_id == bindparam("of"), repository_blob.c.digest == bindparam("link"))
    .values(condemned_at=None)
)
_UNLINK = delete(repository_blob).where(
    repository_blob.c.repository_id == bindparam("of"), repository_blob.c.digest == bindparam("link")
)
_REFERENCE = (
    select(manifest_reference.c.manifest_digest, manifest_reference.c.media_type)
    .where(
        manifest_reference.c.repository_id == bindparam("of"),
        manifest_reference.c.digest == bindparam("digest"),
        manifest_reference.c.kind != "child",
    )
    .limit(1)
)
_LACKING = (
    select(manifest_reference.c.digest)
    .join(
        repository_blob,
        (repository_blob.c.repository_id == manifest_reference.c.repository_id)
        & (repository_blob.c.digest == manifest_reference.c.digest),
    )
    .join(blob, blob.c.id == repository_blob.c.blob_id)
    .where(
        manifest_reference.c.repository_id == bindparam("of"),
        manifest_reference.c.manifest_digest == bindparam("digest"),
        manifest_reference.c.kind != "child",
        blob.c.state != "live",
    )
    .limit(1)
)
_HOLDERS = (
    select(repository_blob.c.repository_id)
    .where(repository_blob.c.blob_id == bindparam("blob"))
    .order_by(repository_blob.c.repository_id)
)


def share_held(tx: Transaction, store: str, digest: Digest, key: str = "") -> Blob | None:
    """The store's blob of this digest under a key of KMS ('': plain), live or damaged, kept from being collected until
    the unit ends.
    """
    row = tx.one(_SHARE_HELD, store=store, digest=digest, key=key)
    return None if row is None else blob_of(row)


def at(tx: Reader, store: str, location: str) -> Blob | None:
    """The blob whose bytes are at a location, whatever its state."""
    row = tx.one(_AT, store=store, at_location=location)
    return None if row is None else blob_of(row)


def add(tx: Transaction, new: Blob, at: datetime) -> bool:
    """A new live blob; False when the store already holds its digest under the same key."""
    added = tx.run(
        _ADD,
        id=new.id,
        store=new.store,
        digest=new.digest,
        location=new.location,
        size=new.size,
        at=micros(at),
        **sealed_columns(new.sealed),
    )
    return added == 1


def heal(tx: Transaction, blob_id: str, fresh: Blob, at: datetime) -> None:
    """Point a held blob at fresh bytes under the same key of KMS: it is live again. What the old ones held is
    forgotten.
    """
    inventories.remove(tx, blob_id)
    sealed = sealed_columns(fresh.sealed)
    tx.run(
        _HEAL,
        of=blob_id,
        new_location=fresh.location,
        new_size=fresh.size,
        verified=micros(at),
        new_key=sealed["sealed_key"],
        new_for=sealed["sealed_for"],
    )


def damage(tx: Transaction, blob_id: str, location: str) -> bool:
    """Mark a live blob damaged, unless it has been healed since `location` was read; whether it was marked.

    What its bytes seemed to hold is forgotten.
    """
    if tx.run(_DAMAGE, of=blob_id, at_location=location) == 0:
        return False
    inventories.remove(tx, blob_id)
    return True


def restore(tx: Transaction, blob_id: str, location: str, at: datetime) -> bool:
    """Make a damaged blob live whose bytes are whole again, unless a push has brought others; whether it was made so.

    No stamp changes: what is damaged is never cached.
    """
    return tx.run(_RESTORE, of=blob_id, at_location=location, verified=micros(at)) == 1


def verified(tx: Transaction, blob_id: str, at: datetime) -> None:
    """Record that the digest of its bytes has been computed and fits."""
    tx.run(_VERIFIED, of=blob_id, verified=micros(at))


def due_for_scrub(tx: Transaction, store: str, before: datetime, limit: int) -> Sequence[Blob]:
    """Live blobs last verified before `before`, the longest unverified first."""
    return [blob_of(row) for row in tx.all(_DUE_FOR_SCRUB, store=store, before=micros(before), limit=limit)]


def page(tx: Transaction, store: str, after: str, limit: int) -> Sequence[Blob]:
    """Held blobs with ids above `after`."""
    return [blob_of(row) for row in tx.all(_PAGE, store=store, after=after, limit=limit)]


def link(tx: Transaction, repository_id: str, digest: Digest, blob_id: str, at: datetime) -> None:
    """Let a repository read a blob; a condemned link is taken back."""
    if tx.run(_LINK, of=repository_id, digest=digest, blob=blob_id, at=micros(at)):
        byte_usage.add(tx, repository_id, number_of(tx, _SIZE, id=blob_id))
    else:
        tx.run(_RELINK, of=repository_id, link=digest, blob=blob_id, at=micros(at))


def find_link(tx: Transaction, repository_id: str, digest: str) -> Link | None:
    """The repository's link to a blob, a condemned one too."""
    row = tx.one(FIND_LINK, of=repository_id, digest=digest)
    return None if row is None else link_of(row)


def share_link(tx: Transaction, repository_id: str, digest: Digest) -> Link | None:
    """`find_link`, with link and blob kept from being collected until the unit ends."""
    row = tx.one(_SHARE_LINK, of=repository_id, digest=digest)
    return None if row is None else link_of(row)


def uncondemn(tx: Transaction, repository_id: str, digest: Digest) -> None:
    """Take back the condemnation of a link."""
    tx.run(_UNCONDEMN, of=repository_id, link=digest)


def unlink(tx: Transaction, repository_id: str, digest: str) -> bool:
    """Remove a link; whether it was there."""
    size = number_of(tx, _SIZE_OF_LINK, of=repository_id, digest=digest)
    gone = tx.run(_UNLINK, of=repository_id, link=digest) == 1
    if gone:
        byte_usage.add(tx, repository_id, -size)
    return gone


def reference_to(tx: Transaction, repository_id: str, digest: str) -> tuple[str, str] | None:
    """(manifest digest, media type) of one manifest that names this blob as config or layer."""
    row = tx.one(_REFERENCE, of=repository_id, digest=digest)
    return None if row is None else (row.manifest_digest, row.media_type)


def is_damaged(tx: Transaction, repository_id: str, digest: str) -> bool:
    """Whether bytes that a manifest of the repository needs are damaged, or on their way out."""
    return tx.one(_LACKING, of=repository_id, digest=digest) is not None


def holders(tx: Transaction, blob_id: str) -> Sequence[str]:
    """Ids of the repositories that hold a blob, in lock order."""
    return [row.repository_id for row in tx.all(_HOLDERS, blob=blob_id)]


def blob_of(row: Row) -> Blob:
    """The blob columns of a row."""
    return Blob(row.id, row.store, Digest(row.digest), row.location, row.size, row.state, sealed_of(row))


def sealed_of(row: Row) -> SealedKey | None:
    """How the bytes of a row are encrypted; None where they are plain."""
    return SealedKey(row.sealed_by, bytes(row.sealed_key), row.sealed_for) if row.sealed_by else None


def sealed_columns(sealed: SealedKey | None) -> dict[str, object]:
    """The same as columns."""
    if sealed is None:
        return {"sealed_by": "", "sealed_key": None, "sealed_for": None}
    return {"sealed_by": sealed.key, "sealed_key": sealed.blob, "sealed_for": sealed.arn}


def link_of(row: Row) -> Link:
    """A row of FIND_LINK."""
    return Link(Digest(row.digest), blob_of(row), row.condemned_at is not None, archived=row.archived == 1)
