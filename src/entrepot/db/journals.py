"""Rows of `journal_offset`: how far each journal of reads is folded into this database."""

from sqlalchemy import bindparam, delete, select, text

from entrepot.db.database import Transaction
from entrepot.db.schema import journal_offset

_ALL = select(journal_offset.c.journal, journal_offset.c.offset)
_BEGIN = text(
    'INSERT INTO journal_offset (journal, "offset") VALUES (:journal, :new_offset) ON CONFLICT (journal) DO NOTHING'
)
_ADVANCE = text('UPDATE journal_offset SET "offset" = :new_offset WHERE journal = :journal AND "offset" = :start')
_FORGET = delete(journal_offset).where(journal_offset.c.journal == bindparam("of"))


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
