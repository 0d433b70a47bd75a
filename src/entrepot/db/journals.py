"""How far each journal is folded into a database: rows of `journal_offset` in the metadata, elsewhere of others."""

from sqlalchemy import Table, bindparam, delete, select, text

from entrepot.db.database import Transaction
from entrepot.db.metric_schema import metric_journal
from entrepot.db.schema import journal_offset


class Offsets:
    """Bytes folded, by journal, in the table that a database has for it."""

    def __init__(self, table: Table) -> None:
        name = table.name  # of a drawing
        self._all = select(table.c.journal, table.c.offset)
        self._begin = text(
            f'INSERT INTO {name} (journal, "offset") VALUES (:journal, :new_offset)'  # noqa: S608 - as above
            " ON CONFLICT (journal) DO NOTHING"
        )
        self._advance = text(
            f'UPDATE {name} SET "offset" = :new_offset'  # noqa: S608 - as above
            ' WHERE journal = :journal AND "offset" = :start'
        )
        self._forget = delete(table).where(table.c.journal == bindparam("of"))

    def all(self, tx: Transaction) -> dict[str, int]:
        """Bytes folded, by journal."""
        return {row.journal: row.offset for row in tx.all(self._all)}

    def advance(self, tx: Transaction, journal: str, start: int, offset: int) -> bool:
        """Move a journal from `start` to `offset` by compare-and-set; False when somebody else has folded it."""
        if start == 0:
            return tx.run(self._begin, journal=journal, new_offset=offset) == 1
        return tx.run(self._advance, journal=journal, start=start, new_offset=offset) == 1

    def forget(self, tx: Transaction, journal: str) -> None:
        """Forget a journal that is gone."""
        tx.run(self._forget, of=journal)


METADATA = Offsets(journal_offset)
METRICS = Offsets(metric_journal)
offsets, advance, forget = METADATA.all, METADATA.advance, METADATA.forget
