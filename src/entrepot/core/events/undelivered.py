"""What an operator sees and does of events that have not arrived: those that wait, and those that were given up.

Nobody's rights are asked here: who may run the command may do it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from entrepot.db import event_deliveries, event_failures
from entrepot.db.database import Reader, Row, Transaction
from entrepot.spec.moments import micros, moment

State = Literal["waiting", "failed"]
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Undelivered:
    """An event that a target does not have. `at` is when it is tried next, None behind another one, or when it was
    given up; `exhausted` names the limit that was reached then.
    """

    state: State
    sequence: int
    event_id: str
    account: str
    region: str
    rule_arn: str
    target_id: str
    attempts: int
    accepted_at: datetime
    at: datetime | None
    exhausted: str
    error_code: str
    error_message: str
    body: str


def page(tx: Reader, state: State, limit: int, after: int = 0, account: str = "") -> tuple[Undelivered, ...]:
    """Some of those in a state, by their sequence, of one account or of all."""
    rows = (event_deliveries if state == "waiting" else event_failures).page(tx, after, limit, account)
    return tuple(_record(state, row) for row in rows)


def of_event(tx: Reader, event_id: str) -> tuple[Undelivered, ...]:
    """Everything that is left of one event."""
    waiting = (_record("waiting", row) for row in event_deliveries.by_event(tx, event_id))
    return (*waiting, *(_record("failed", row) for row in event_failures.by_event(tx, event_id)))


def redrive(tx: Transaction, now: datetime, event_id: str = "", account: str = "") -> int:
    """Send some of what was given up again, as if it had just been accepted; of one event, of an account, or of all:
    how many, 0 when there is no more.
    """
    rows = _failures(tx, event_id, account)
    for row in rows:
        event_deliveries.add(
            tx,
            target=row.target,
            event_id=row.event_id,
            account=row.account_id,
            region=row.region,
            order_key=row.order_key,
            hops=row.hops,
            accepted_at=micros(now),
            due_at=micros(now),
            body=row.body,
        )
        event_failures.remove(tx, row.sequence)
    return len(rows)


def hurry(tx: Transaction, now: datetime, after: int, event_id: str = "", account: str = "") -> tuple[int, int]:
    """Try some of what waits for its next attempt at once: how many, and the sequence to go on behind, 0 at the end.
    What stands behind another event stays behind it.
    """
    if event_id:
        rows, last = event_deliveries.by_event(tx, event_id), 0
    else:
        rows = event_deliveries.page(tx, after, _BATCH, account)
        last = rows[-1].sequence if rows else 0
    later = [row for row in rows if micros(now) < row.due_at < event_deliveries.BEHIND]
    return sum(event_deliveries.hurry(tx, row.sequence, micros(now)) for row in later), last


def purge(tx: Transaction, event_id: str = "", account: str = "") -> int:
    """Throw away some of what was given up, of one event, of an account, or of all; how many, 0 at the end."""
    return sum(event_failures.remove(tx, row.sequence) for row in _failures(tx, event_id, account))


def _failures(tx: Reader, event_id: str, account: str) -> Sequence[Row]:
    return event_failures.by_event(tx, event_id) if event_id else event_failures.page(tx, 0, _BATCH, account)


def _record(state: State, row: Row) -> Undelivered:
    rule_arn, _, target_id = row.target.partition(" ")
    if state == "failed":
        at: datetime | None = moment(row.failed_at)
    else:
        at = None if row.due_at == event_deliveries.BEHIND else moment(row.due_at)
    return Undelivered(
        state=state,
        sequence=row.sequence,
        event_id=row.event_id,
        account=row.account_id,
        region=row.region,
        rule_arn=rule_arn,
        target_id=target_id,
        attempts=row.attempts,
        accepted_at=moment(row.accepted_at),
        at=at,
        exhausted=row.exhausted if state == "failed" else "",
        error_code=row.error_code,
        error_message=row.error_message,
        body=row.body,
    )
