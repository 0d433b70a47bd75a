"""Rows of `event_failure`: deliveries that were given up, and that no dead-letter queue has taken."""

from collections.abc import Sequence

from sqlalchemy import bindparam, delete, func, select, text

from entrepot.db.database import Reader, Row, Transaction, number_of
from entrepot.db.event_queue_schema import event_failure

_ADD = text(
    "INSERT INTO event_failure (event_id, account_id, region, target, order_key, hops, attempts, accepted_at, "
    "failed_at, exhausted, error_code, error_message, body) VALUES (:event_id, :account_id, :region, :target, "
    ":order_key, :hops, :attempts, :accepted_at, :failed_at, :exhausted, :error_code, :error_message, :body)"
)
_PAGE = (
    select(event_failure)
    .where(
        event_failure.c.sequence > bindparam("after"),
        (bindparam("account", "") == "") | (event_failure.c.account_id == bindparam("account", "")),
    )
    .order_by(event_failure.c.sequence)
    .limit(bindparam("limit"))
)
_BY_EVENT = select(event_failure).where(event_failure.c.event_id == bindparam("of")).order_by(event_failure.c.sequence)
_REMOVE = delete(event_failure).where(event_failure.c.sequence == bindparam("of"))
_COUNT = select(func.count().label("number")).select_from(event_failure)


def add(tx: Transaction, row: Row, *, attempts: int, at: int, exhausted: str, code: str, message: str) -> None:
    """A delivery (its row) that was given up."""
    tx.run(
        _ADD,
        event_id=row.event_id,
        account_id=row.account_id,
        region=row.region,
        target=row.target,
        order_key=row.order_key,
        hops=row.hops,
        attempts=attempts,
        accepted_at=row.accepted_at,
        failed_at=at,
        exhausted=exhausted,
        error_code=code,
        error_message=message,
        body=row.body,
    )


def page(tx: Reader, after: int, limit: int, account: str = "") -> Sequence[Row]:
    """Failures by sequence, of one account or of all."""
    return tx.all(_PAGE, after=after, limit=limit, account=account)


def by_event(tx: Reader, event_id: str) -> Sequence[Row]:
    """The failures of an event."""
    return tx.all(_BY_EVENT, of=event_id)


def remove(tx: Transaction, sequence: int) -> bool:
    """Forget one; whether it was there."""
    return tx.run(_REMOVE, of=sequence) == 1


def count(tx: Reader) -> int:
    """How many there are."""
    return number_of(tx, _COUNT)
