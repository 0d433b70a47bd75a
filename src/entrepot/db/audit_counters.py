"""Rows of `audit_counter`: numbers that only grow. Who advances one holds it until the end of the transaction, so that
numbers become visible in their order.
"""

from sqlalchemy import bindparam, select, text

from entrepot.db.audit_schema import audit_counter
from entrepot.db.database import Transaction, number_of

_BEGIN = text("INSERT INTO audit_counter (name, value) VALUES (:name, 0) ON CONFLICT (name) DO NOTHING")
_ADVANCE = text("UPDATE audit_counter SET value = value + 1 WHERE name = :name")
_RAISE = text("UPDATE audit_counter SET value = :to WHERE name = :name AND value < :to")
_GET = select(audit_counter.c.value).where(audit_counter.c.name == bindparam("of"))


def get(tx: Transaction, name: str) -> int:
    """The number; 0 for one that nobody has advanced."""
    return number_of(tx, _GET, of=name)


def advance(tx: Transaction, name: str) -> int:
    """The next number."""
    if tx.run(_ADVANCE, name=name) == 0:
        tx.run(_BEGIN, name=name)
        tx.run(_ADVANCE, name=name)
    return get(tx, name)


def raise_to(tx: Transaction, name: str, value: int) -> None:
    """At least this number from now on."""
    tx.run(_BEGIN, name=name)
    tx.run(_RAISE, name=name, to=value)
