"""Rows of `lease`: who runs a periodic job now, and when it is due again. Each change is a compare-and-set."""

from sqlalchemy import bindparam, select, text, update

from entrepot.db.database import Reader, Row, Transaction
from entrepot.db.schema import lease

NOBODY = ""

_ALL = select(lease).order_by(lease.c.name)
_ADD = text(
    "INSERT INTO lease (name, holder, expires_at, due_at, result) VALUES (:name, '', 0, :due_at, '{}') "
    "ON CONFLICT (name) DO UPDATE SET due_at = :latest WHERE lease.due_at > :latest"
)
_CLAIM = (
    update(lease)
    .where(lease.c.name == bindparam("of"), lease.c.due_at <= bindparam("now"), lease.c.expires_at <= bindparam("now"))
    .values(holder=bindparam("new_holder"), expires_at=bindparam("until"))
)
_RENEW = (
    update(lease)
    .where(lease.c.name == bindparam("of"), lease.c.holder == bindparam("by"))
    .values(expires_at=bindparam("until"))
)
_FINISH = (
    update(lease)
    .where(lease.c.name == bindparam("of"), lease.c.holder == bindparam("by"))
    .values(holder=NOBODY, expires_at=0, due_at=bindparam("next"), result=bindparam("outcome"))
)
_FREE = update(lease).where(lease.c.holder != NOBODY).values(holder=NOBODY, expires_at=0)


def list_all(tx: Reader) -> list[Row]:
    """Every job's row, by name."""
    return list(tx.all(_ALL))


def add(tx: Transaction, name: str, due_at: int, latest: int) -> None:
    """A job that nobody has run yet; a known one is due at `latest` or earlier."""
    tx.run(_ADD, name=name, due_at=due_at, latest=latest)


def claim(tx: Transaction, name: str, holder: str, now: int, until: int) -> bool:
    """Take a job that is due and that nobody holds (an expired lease is nobody's); whether it was got."""
    return tx.run(_CLAIM, of=name, now=now, new_holder=holder, until=until) == 1


def renew(tx: Transaction, name: str, holder: str, until: int) -> bool:
    """Keep a job; False when another has taken it."""
    return tx.run(_RENEW, of=name, by=holder, until=until) == 1


def finish(tx: Transaction, name: str, holder: str, next_at: int, outcome: str) -> bool:
    """Give a job back with its outcome (JSON); False when another has taken it."""
    return tx.run(_FINISH, of=name, by=holder, next=next_at, outcome=outcome) == 1


def free(tx: Transaction) -> None:
    """Take every job from whoever holds it."""
    tx.run(_FREE)
