"""How far each journal is folded into a database: rows of `journal_offset` in the metadata, elsewhere of others."""

from sqlalchemy import Table, TextClause, bindparam, delete, select, text, update

from entrepot.db.audit_schema import audit_offset
from entrepot.db.database import Transaction
from entrepot.db.metric_schema import metric_journal
from entrepot.db.schema import journal_offset


class Offsets:
    """Bytes folded, by journal, in the table that a database has for it; `begin` adds a row unless it is there."""

    def __init__(self, table: Table, begin: TextClause) -> None:
        self._all = select(table.c.journal, table.c.offset)
        self._begin = begin
        self._advance = (
            update(table)
            .where(table.c.journal == bindparam("of"), table.c.offset == bindparam("start"))
            .values(offset=bindparam("new_offset"))
        )
        self._forget = delete(table).where(table.c.journal == bindparam("of"))

    def all(self, tx: Transaction) -> dict[str, int]:
        """Bytes folded, by journal."""
        return {row.journal: row.offset for row in tx.all(self._all)}

    def advance(self, tx: Transaction, journal: str, start: int, offset: int) -> bool:
        """Move a journal from `start` to `offset` by compare-and-set; False when somebody else has folded it."""
        if start == 0:
            return tx.run(self._begin, journal=journal, new_offset=offset) == 1
        return tx.run(self._advance, of=journal, start=start, new_offset=offset) == 1

    def forget(self, tx: Transaction, journal: str) -> None:
        """Forget a journal that is gone."""
        tx.run(self._forget, of=journal)


METADATA = Offsets(
    journal_offset,
    text(
        'INSERT INTO journal_offset (journal, "offset") VALUES (:journal, :new_offset) ON CONFLICT (journal) DO NOTHING'
    ),
)
METRICS = Offsets(
    metric_journal,
    text(
        'INSERT INTO metric_journal (journal, "offset") VALUES (:journal, :new_offset) ON CONFLICT (journal) DO NOTHING'
    ),
)
AUDIT = Offsets(
    audit_offset,
    text(
        'INSERT INTO audit_offset (journal, "offset") VALUES (:journal, :new_offset) ON CONFLICT (journal) DO NOTHING'
    ),
)
offsets, advance, forget = METADATA.all, METADATA.advance, METADATA.forget
