"""Rows of `event_delivery`: one for each event and target until it has arrived. Of a lane only the first row is due."""

from collections.abc import Sequence

from sqlalchemy import and_, bindparam, delete, func, select, text, update

from entrepot.db.database import Reader, Row, Transaction, number_of
from entrepot.db.event_queue_schema import BEHIND, event_delivery

__all__ = ["BEHIND"]

_ADD = text(
    "INSERT INTO event_delivery (lane, target, due_at, event_id, account_id, region, order_key, hops, attempts, "
    "accepted_at, error_code, error_message, body) VALUES (:lane, :target, "
    "CASE WHEN EXISTS (SELECT 1 FROM event_delivery WHERE lane = :lane) THEN :behind ELSE :due_at END, "
    ":event_id, :account_id, :region, :order_key, :hops, 0, :accepted_at, '', '', :body)"
)
_NEXT_TARGET = (
    select(event_delivery.c.target)
    .where(event_delivery.c.target > bindparam("after"))
    .order_by(event_delivery.c.target)
    .limit(1)
)
_SOONEST = (
    select(event_delivery.c.due_at)
    .where(event_delivery.c.target == bindparam("of"))
    .order_by(event_delivery.c.due_at, event_delivery.c.sequence)
    .limit(1)
)
_DUE = (
    select(event_delivery.c.lane)
    .where(event_delivery.c.target == bindparam("of"), event_delivery.c.due_at <= bindparam("now"))
    .order_by(event_delivery.c.due_at, event_delivery.c.sequence)
    .limit(bindparam("limit"))
)
_OF_LANE = (
    select(event_delivery)
    .where(event_delivery.c.lane == bindparam("of"))
    .order_by(event_delivery.c.sequence)
    .limit(bindparam("limit"))
)
_DONE = delete(event_delivery).where(
    event_delivery.c.lane == bindparam("of"), event_delivery.c.sequence <= bindparam("through")
)
_first = select(func.min(event_delivery.c.sequence)).where(event_delivery.c.lane == bindparam("of")).scalar_subquery()
_PROMOTE = (
    update(event_delivery)
    .where(event_delivery.c.sequence == _first, event_delivery.c.due_at == BEHIND)
    .values(due_at=bindparam("due"))
)
_POSTPONE = (
    update(event_delivery)
    .where(event_delivery.c.sequence == bindparam("which"))
    .values(
        due_at=bindparam("due"),
        attempts=bindparam("failed"),
        error_code=bindparam("code"),
        error_message=bindparam("message"),
    )
)
_HEAL = text(
    "UPDATE event_delivery SET due_at = :due WHERE due_at = :behind AND NOT EXISTS (SELECT 1 FROM event_delivery "
    "AS earlier WHERE earlier.lane = event_delivery.lane AND earlier.sequence < event_delivery.sequence)"
)
_PAGE = (
    select(event_delivery)
    .where(
        event_delivery.c.sequence > bindparam("after"),
        (bindparam("account", "") == "") | (event_delivery.c.account_id == bindparam("account", "")),
    )
    .order_by(event_delivery.c.sequence)
    .limit(bindparam("limit"))
)
_BY_EVENT = (
    select(event_delivery).where(event_delivery.c.event_id == bindparam("of")).order_by(event_delivery.c.sequence)
)
_HURRY = (
    update(event_delivery)
    .where(and_(event_delivery.c.sequence == bindparam("which"), event_delivery.c.due_at != BEHIND))
    .values(due_at=bindparam("due"))
)
_COUNT = select(func.count().label("number")).select_from(event_delivery)


def target_key(rule_arn: str, target_id: str) -> str:
    """How a row names a target; neither part has a space."""
    return f"{rule_arn} {target_id}"


def add(
    tx: Transaction,
    *,
    target: str,
    event_id: str,
    account: str,
    region: str,
    order_key: str,
    hops: int,
    accepted_at: int,
    due_at: int,
    body: str,
) -> None:
    """A delivery at the end of its lane, due at once when the lane is empty."""
    tx.run(
        _ADD,
        lane=f"{order_key} {target}",
        target=target,
        due_at=due_at,
        behind=BEHIND,
        event_id=event_id,
        account_id=account,
        region=region,
        order_key=order_key,
        hops=hops,
        accepted_at=accepted_at,
        body=body,
    )


def targets(tx: Reader, limit: int) -> list[str]:
    """The targets that something waits for, each found by one step over an index."""
    found: list[str] = []
    row = tx.one(_NEXT_TARGET, after="")
    while row is not None and len(found) < limit:
        found.append(row.target)
        row = tx.one(_NEXT_TARGET, after=row.target)
    return found


def soonest(tx: Reader, target: str) -> int | None:
    """When the first delivery to a target is due."""
    row = tx.one(_SOONEST, of=target)
    return None if row is None else int(row.due_at)


def due(tx: Reader, target: str, now: int, limit: int) -> list[str]:
    """The lanes of a target whose first delivery is due, the longest due first."""
    return [row.lane for row in tx.all(_DUE, of=target, now=now, limit=limit)]


def of_lane(tx: Reader, lane: str, limit: int) -> Sequence[Row]:
    """The first deliveries of a lane, in order."""
    return tx.all(_OF_LANE, of=lane, limit=limit)


def done(tx: Transaction, lane: str, through: int) -> None:
    """Forget the deliveries of a lane up to one."""
    tx.run(_DONE, of=lane, through=through)


def promote(tx: Transaction, lane: str, due_at: int) -> None:
    """Make the first delivery of a lane due, where it stood behind another."""
    tx.run(_PROMOTE, of=lane, due=due_at)


def postpone(tx: Transaction, sequence: int, due_at: int, attempts: int, code: str, message: str) -> None:
    """Try a delivery again later."""
    tx.run(_POSTPONE, which=sequence, due=due_at, failed=attempts, code=code, message=message)


def heal(tx: Transaction, due_at: int) -> int:
    """Make due what stands behind nobody; how many."""
    return tx.run(_HEAL, due=due_at, behind=BEHIND)


def page(tx: Reader, after: int, limit: int, account: str = "") -> Sequence[Row]:
    """Deliveries by sequence, of one account or of all."""
    return tx.all(_PAGE, after=after, limit=limit, account=account)


def by_event(tx: Reader, event_id: str) -> Sequence[Row]:
    """The deliveries of an event that have not arrived."""
    return tx.all(_BY_EVENT, of=event_id)


def hurry(tx: Transaction, sequence: int, due_at: int) -> bool:
    """Try a delivery that waits for its next attempt now; False for one that stands behind another."""
    return tx.run(_HURRY, which=sequence, due=due_at) == 1


def count(tx: Reader) -> int:
    """How many have not arrived."""
    return number_of(tx, _COUNT)
