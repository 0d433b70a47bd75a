"""Rows of `event_seen` and `event_inbox`: events that wait for the rules of their bus."""

from sqlalchemy import bindparam, delete, func, select, text

from entrepot.db.database import Reader, Row, Transaction, number_of
from entrepot.db.event_queue_schema import event_inbox

_SEE = text("INSERT INTO event_seen (key, at) VALUES (:key, :at) ON CONFLICT (key) DO NOTHING")
_ADD = text(
    'INSERT INTO event_inbox (event_id, account_id, region, bus, order_key, hops, "only", replay, accepted_at, body) '
    "VALUES (:event_id, :account_id, :region, :bus, :order_key, :hops, :only, :replay, :accepted_at, :body)"
)
_PAGE = select(event_inbox).order_by(event_inbox.c.sequence).limit(bindparam("limit"))
_FIRST = select(event_inbox.c.sequence).order_by(event_inbox.c.sequence).limit(1)
_REMOVE = delete(event_inbox).where(event_inbox.c.sequence == bindparam("of"))
_FORGET = text(
    "DELETE FROM event_seen WHERE key IN (SELECT key FROM event_seen WHERE at < :before ORDER BY at LIMIT :limit)"
)
_COUNT = select(func.count()).select_from(event_inbox)


def see(tx: Transaction, key: str, at: int) -> bool:
    """Note that an event is taken; False when it has been before."""
    return tx.run(_SEE, key=key, at=at) == 1


def forget(tx: Transaction, before: int, limit: int) -> int:
    """Forget some of the events that were taken before a moment; how many."""
    return tx.run(_FORGET, before=before, limit=limit)


def add(
    tx: Transaction,
    *,
    event_id: str,
    account: str,
    region: str,
    bus: str,
    order_key: str,
    hops: int,
    only: str,
    replay: str,
    at: int,
    body: str,
) -> None:
    """An event that waits for the rules of a bus, behind those that wait already."""
    tx.run(
        _ADD,
        event_id=event_id,
        account_id=account,
        region=region,
        bus=bus,
        order_key=order_key,
        hops=hops,
        only=only,
        replay=replay,
        accepted_at=at,
        body=body,
    )


def page(tx: Transaction, limit: int) -> list[Row]:
    """The events that have waited longest, in order."""
    return list(tx.all(_PAGE, limit=limit))


def first(tx: Reader) -> int | None:
    """The place of the event that has waited longest; None when none waits."""
    row = tx.one(_FIRST)
    return None if row is None else int(row.sequence)


def remove(tx: Transaction, sequence: int) -> None:
    """Forget one that has been routed."""
    tx.run(_REMOVE, of=sequence)


def count(tx: Transaction) -> int:
    """How many wait."""
    return number_of(tx, _COUNT)
