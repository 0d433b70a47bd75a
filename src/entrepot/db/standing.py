"""What an operator's page shows of each database: what waits, for how long, and what was last told of repositories."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.sql.elements import ColumnElement

from entrepot.db.database import Row, Transaction, number_of
from entrepot.db.event_queue_schema import event_delivery, event_failure, event_inbox
from entrepot.db.metric_schema import metric_point, metric_series
from entrepot.db.scan_schema import image_rematch, image_scan
from entrepot.db.schema import outbox

_OUTBOX = select(func.count()).where(outbox.c.kind == bindparam("of"))
_OUTBOX_FIRST = select(outbox.c.created_at).where(outbox.c.kind == bindparam("of")).order_by(outbox.c.id).limit(1)
_SCANS = select(func.count(), func.min(image_scan.c.queued_at)).where(
    image_scan.c.due_at.is_not(None), image_scan.c.held == bindparam("held")
)
_REMATCHES = select(func.count(), func.min(image_rematch.c.queued_at)).select_from(image_rematch)
_TOLD = (
    select(
        metric_series.c.account_id,
        metric_series.c.region,
        metric_series.c.name,
        metric_series.c.dimensions,
        (metric_point.c.total / metric_point.c.samples).label("value"),
    )
    .join(metric_point, metric_point.c.series_id == metric_series.c.id)
    .where(
        metric_point.c.resolution == 1,
        metric_point.c.at == metric_series.c.last_at,
        metric_series.c.hold > 0,
        metric_series.c.last_at >= bindparam("since"),
        metric_series.c.namespace == bindparam("of"),
    )
)
_LAST_TOLD = _TOLD.order_by(
    metric_series.c.account_id, metric_series.c.region, metric_series.c.dimensions, metric_series.c.name
).limit(bindparam("limit"))
_each = _TOLD.subquery()
_SUMS = select(
    _each.c.account_id,
    _each.c.region,
    _each.c.name,
    func.sum(_each.c.value).label("value"),
    func.count().label("number"),
).group_by(_each.c.account_id, _each.c.region, _each.c.name)


def _first(moment: ColumnElement[int], sequence: ColumnElement[int]) -> "Select[int]":
    return select(moment).order_by(sequence).limit(1)


_QUEUE = {
    "routing": (
        select(func.count()).select_from(event_inbox),
        _first(event_inbox.c.accepted_at, event_inbox.c.sequence),
    ),
    "delivery": (
        select(func.count()).select_from(event_delivery),
        _first(event_delivery.c.accepted_at, event_delivery.c.sequence),
    ),
    "given up": (
        select(func.count()).select_from(event_failure),
        _first(event_failure.c.failed_at, event_failure.c.sequence),
    ),
}


class Waiting(NamedTuple):
    """How many rows wait, and since when the first (microseconds; None when there are none)."""

    number: int
    since: int | None


def outbox_waiting(tx: Transaction) -> Mapping[str, Waiting]:
    """The rows of the outbox, by kind."""
    return {
        kind: Waiting(number_of(tx, _OUTBOX, of=kind), _scalar(tx.one(_OUTBOX_FIRST, of=kind)))
        for kind in ("event", "audit")
    }


def scans_waiting(tx: Transaction) -> Mapping[str, Waiting]:
    """Scans that wait for somebody, and those that somebody works on, since they were asked for; and images that are to
    be matched anew, since that is known.
    """
    found = {state: tx.all(_SCANS, held=held)[0] for state, held in (("waiting", 0), ("running", 1))}
    found["matching"] = tx.all(_REMATCHES)[0]
    return {state: Waiting(int(number), since) for state, (number, since) in found.items()}


def events_waiting(tx: Transaction) -> Mapping[str, Waiting]:
    """Events that wait for their rules, for a target, or for somebody who looks at them."""
    return {state: Waiting(number_of(tx, number), _scalar(tx.one(since))) for state, (number, since) in _QUEUE.items()}


def last_told(tx: Transaction, namespace: str, since: int, limit: int) -> Sequence[Row]:
    """What was last told of how things stand: account_id, region, name, dimensions (JSON), value; those of a subject
    follow one another.
    """
    return tx.all(_LAST_TOLD, of=namespace, since=since, limit=limit)


def sums_told(tx: Transaction, namespace: str, since: int) -> Sequence[Row]:
    """The same, summed over the subjects of each account and region: account_id, region, name, value, number."""
    return tx.all(_SUMS, of=namespace, since=since)


def _scalar(row: Row | None) -> int | None:
    return None if row is None else row[0]
