"""Rows of `audit_offset`: how far each journal is folded into the audit database."""

from sqlalchemy import bindparam, delete, select, text

from entrepot.db.audit_schema import audit_offset
from entrepot.db.database import Transaction

_ALL = select(audit_offset.c.journal, audit_offset.c.offset)
_BEGIN = text(
    'INSERT INTO audit_offset (journal, "offset") VALUES (:journal, :new_offset) ON CONFLICT (journal) DO NOTHING'
)
_ADVANCE = text('UPDATE audit_offset SET "offset" = :new_offset WHERE journal = :journal AND "offset" = :start')
_FORGET = delete(audit_offset).where(audit_offset.c.journal == bindparam("of"))


def offsets(tx: Transaction) -> dict[str, int]:
    """Bytes folded, by journal."""
    return {row.journal: row.offset for row in tx.all(_ALL)}


def advance(tx: Transaction, journal: str, start: int, offset: int) -> bool:
    """Move a journal from `start` to `offset` by compare-and-set; False when somebody else has folded from there."""
    if start == 0:
        return tx.run(_BEGIN, journal=journal, new_offset=offset) == 1
    return tx.run(_ADVANCE, journal=journal, start=start, new_offset=offset) == 1


def forget(tx: Transaction, journal: str) -> None:
    """Forget a journal that is gone."""
    tx.run(_FORGET, of=journal)
