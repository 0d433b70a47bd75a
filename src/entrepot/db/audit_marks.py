"""Rows of `audit_mark`: which writes have their record already, while the outbox and a journal both may tell of one."""

from sqlalchemy import bindparam, delete, select, text

from entrepot.db.audit_schema import audit_mark
from entrepot.db.database import Transaction

_ADD = text("INSERT INTO audit_mark (id, alone, at) VALUES (:id, :alone, :at) ON CONFLICT (id) DO NOTHING")
_FIND = select(audit_mark.c.alone).where(audit_mark.c.id == bindparam("of"))
_REMOVE = delete(audit_mark).where(audit_mark.c.id == bindparam("of"), audit_mark.c.alone == 0)
_OLD = select(audit_mark.c.id).where(audit_mark.c.at < bindparam("before")).limit(bindparam("most"))
_FORGET = delete(audit_mark).where(audit_mark.c.id == bindparam("of"))


def add(tx: Transaction, record_id: str, at: int, *, alone: bool) -> bool:
    """Mark a record as told, `alone` without a journal's word; False when it has been told before."""
    return tx.run(_ADD, id=record_id, alone=int(alone), at=at) == 1


def is_told(tx: Transaction, record_id: str) -> bool:
    """Whether a record is told."""
    return tx.one(_FIND, of=record_id) is not None


def settle(tx: Transaction, record_id: str) -> None:
    """Forget a record that both have told; one that the outbox told alone stays, for the journal may yet come."""
    tx.run(_REMOVE, of=record_id)


def has_old(tx: Transaction, before: int) -> bool:
    """Whether there are marks of before a moment."""
    return tx.one(_OLD, before=before, most=1) is not None


def forget(tx: Transaction, before: int, most: int) -> int:
    """Forget some marks of before a moment; how many."""
    found = tx.all(_OLD, before=before, most=most)
    tx.run_many(_FORGET, [{"of": row.id} for row in found])
    return len(found)
