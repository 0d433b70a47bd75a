"""Rows of `upload`: sessions that end as blobs, are cancelled, or expire."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select, update

from entrepot.db import byte_usage
from entrepot.db.blobs import sealed_columns, sealed_of
from entrepot.db.database import Row, Transaction
from entrepot.db.records import Upload
from entrepot.db.schema import upload
from entrepot.spec.moments import micros, moment

FIND = select(upload).where(upload.c.id == bindparam("id"))
_INSERT = insert(upload)
_ADVANCE = (
    update(upload)
    .where(upload.c.id == bindparam("of"), upload.c.offset == bindparam("expected"))
    .values(
        offset=bindparam("new_offset"),
        hashed_to=bindparam("new_hashed_to"),
        digest=bindparam("new_digest"),
        boot_id=bindparam("new_boot_id"),
        parts=bindparam("new_parts"),
        last_part=bindparam("new_last_part"),
        short_part=bindparam("new_short_part"),
        active_at=bindparam("at"),
    )
)
_REMOVE = delete(upload).where(upload.c.id == bindparam("of"))
_IDLE = (
    select(upload.c.id)
    .where(upload.c.active_at < bindparam("before"))
    .order_by(upload.c.active_at)
    .limit(bindparam("limit"))
)
_REMOVE_IDLE = delete(upload).where(upload.c.id == bindparam("of"), upload.c.active_at < bindparam("before"))


def find(tx: Transaction, upload_id: str) -> Upload | None:
    """The session of this id, whoever it belongs to: core checks that."""
    row = tx.one(FIND, id=upload_id)
    return None if row is None else record(row)


def add(tx: Transaction, new: Upload) -> None:
    """A new session."""
    tx.run(
        _INSERT,
        id=new.id,
        repository_id=new.repository_id,
        principal_id=new.principal_id,
        algorithm=new.algorithm,
        offset=new.offset,
        hashed_to=new.hashed_to,
        digest=new.digest,
        boot_id=new.boot_id,
        parts=new.parts,
        last_part=new.last_part,
        short_part=new.short_part,
        created_at=micros(new.created_at),
        active_at=micros(new.created_at),
        **sealed_columns(new.sealed),
    )


def advance(tx: Transaction, after: Upload, expected: int, at: datetime) -> bool:
    """Record `after`, if the session still stands at `expected` bytes; whether it did."""
    changed = tx.run(
        _ADVANCE,
        of=after.id,
        expected=expected,
        new_offset=after.offset,
        new_hashed_to=after.hashed_to,
        new_digest=after.digest,
        new_boot_id=after.boot_id,
        new_parts=after.parts,
        new_last_part=after.last_part,
        new_short_part=after.short_part,
        at=micros(at),
    )
    return changed == 1


def remove(tx: Transaction, upload_id: str) -> bool:
    """End a session; whether it was there."""
    byte_usage.release(tx, upload_id)
    return tx.run(_REMOVE, of=upload_id) == 1


def idle(tx: Transaction, before: datetime, limit: int) -> Sequence[str]:
    """Ids of sessions that nobody has written to since `before`, the longest idle first."""
    return [row.id for row in tx.all(_IDLE, before=micros(before), limit=limit)]


def remove_idle(tx: Transaction, upload_id: str, before: datetime) -> bool:
    """End a session that is still idle; whether it was."""
    gone = tx.run(_REMOVE_IDLE, of=upload_id, before=micros(before)) == 1
    if gone:
        byte_usage.release(tx, upload_id)
    return gone


def record(row: Row) -> Upload:
    """A row of `upload` as a record."""
    return Upload(
        row.id,
        row.repository_id,
        row.principal_id,
        row.algorithm,
        row.offset,
        row.hashed_to,
        row.digest,
        row.boot_id,
        row.parts,
        row.last_part,
        row.short_part,
        moment(row.created_at),
        sealed_of(row),
    )
