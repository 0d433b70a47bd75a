"""Where in the audit database the records of a moment begin."""

from sqlalchemy import bindparam, func, select

from entrepot.db.audit_schema import audit_block
from entrepot.db.database import Transaction

_FIRST = select(func.min(audit_block.c.sequence)).where(audit_block.c.to_at >= bindparam("at"))


def first(tx: Transaction, at: int) -> int | None:
    """The lowest sequence of a block with a record of this moment or later; None where there is none."""
    row = tx.one(_FIRST, at=at)
    return None if row is None or row[0] is None else int(row[0])
