"""Rows of `metric_point`: what was measured in so many seconds. Who merges sketches does it in core (metrics/)."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, literal_column, select, text, update

from entrepot.db.database import Row, Transaction
from entrepot.db.metric_schema import metric_point

RESOLUTIONS = (1, 60, 300, 3600)
# one statement, unless their values are to be known together: then a sketch must be made, or two be merged
_MERGE = text(
    "INSERT INTO metric_point (series_id, resolution, at, samples, total, minimum, maximum, sketch)"
    " VALUES (:series_id, :resolution, :at, :samples, :total, :minimum, :maximum, :sketch)"
    " ON CONFLICT (series_id, resolution, at) DO UPDATE"
    " SET samples = metric_point.samples + excluded.samples, total = metric_point.total + excluded.total,"
    " minimum = CASE WHEN excluded.minimum < metric_point.minimum THEN excluded.minimum ELSE metric_point.minimum END,"
    " maximum = CASE WHEN excluded.maximum > metric_point.maximum THEN excluded.maximum ELSE metric_point.maximum END"
    " WHERE metric_point.sketch IS NULL AND excluded.sketch IS NULL AND ("
    "metric_point.minimum <> metric_point.maximum OR excluded.minimum <> excluded.maximum"
    " OR metric_point.minimum = excluded.minimum)"
)
_KEY = (
    metric_point.c.series_id == bindparam("of"),
    metric_point.c.resolution == bindparam("per"),
    metric_point.c.at == bindparam("moment"),
)
_LOCK = select(metric_point).where(*_KEY).with_for_update()
_REPLACE = (
    update(metric_point)
    .where(*_KEY)
    .values(
        samples=bindparam("new_samples"),
        total=bindparam("new_total"),
        minimum=bindparam("new_minimum"),
        maximum=bindparam("new_maximum"),
        sketch=bindparam("new_sketch"),
    )
)
_BETWEEN = (
    select(metric_point)
    .where(
        metric_point.c.series_id == bindparam("of"),
        metric_point.c.resolution.in_([literal_column(str(each)) for each in RESOLUTIONS]),
        metric_point.c.at >= bindparam("start"),
        metric_point.c.at < bindparam("end"),
    )
    .order_by(metric_point.c.at)
)
_SLOTS = text(
    "SELECT (at - :origin) / :period AS slot, sum(samples), sum(total), min(minimum), max(maximum)"
    " FROM metric_point WHERE series_id = :of AND resolution IN (1, 60, 300, 3600) AND at >= :start AND at < :end"
    " GROUP BY slot"
)
_OLDEST = text(
    "SELECT id, (SELECT min(at) FROM metric_point WHERE series_id = id AND resolution = :resolution)"
    " FROM metric_series WHERE id > :after ORDER BY id LIMIT :limit"
)
_BEFORE = (
    select(metric_point)
    .where(
        metric_point.c.series_id == bindparam("of"),
        metric_point.c.resolution == bindparam("per"),
        metric_point.c.at < bindparam("before"),
    )
    .order_by(metric_point.c.at)
    .limit(bindparam("limit"))
    .with_for_update()
)
_REMOVE = delete(metric_point).where(
    metric_point.c.series_id == bindparam("of"),
    metric_point.c.resolution == bindparam("per"),
    metric_point.c.at >= bindparam("first"),
    metric_point.c.at <= bindparam("last"),
)


@dataclass(frozen=True, slots=True)
class Point:
    """A point as it is drawn; `at` in microseconds."""

    series_id: str
    resolution: int
    at: int
    samples: float
    total: float
    minimum: float
    maximum: float
    sketch: bytes | None


def merge(tx: Transaction, new: Point) -> bool:
    """Keep a point, or add it to the one of these seconds; False where sketches must be merged: `lock`, `replace`."""
    return (
        tx.run(
            _MERGE,
            series_id=new.series_id,
            resolution=new.resolution,
            at=new.at,
            samples=new.samples,
            total=new.total,
            minimum=new.minimum,
            maximum=new.maximum,
            sketch=new.sketch,
        )
        == 1
    )


def lock(tx: Transaction, series_id: str, resolution: int, at: int) -> Point | None:
    """The point of these seconds, until the unit ends."""
    row = tx.one(_LOCK, of=series_id, per=resolution, moment=at)
    return None if row is None else _point(row)


def replace(tx: Transaction, point: Point) -> None:
    """Write a locked point anew."""
    tx.run(
        _REPLACE,
        of=point.series_id,
        per=point.resolution,
        moment=point.at,
        new_samples=point.samples,
        new_total=point.total,
        new_minimum=point.minimum,
        new_maximum=point.maximum,
        new_sketch=point.sketch,
    )


def between(tx: Transaction, series_id: str, start: int, end: int) -> Sequence[Point]:
    """Points of all resolutions that begin in [start, end), in order of time: as many as retention leaves."""
    return [_point(row) for row in tx.all(_BETWEEN, of=series_id, start=start, end=end)]


def slots(
    tx: Transaction, series_id: str, start: int, end: int, period: int
) -> Sequence[tuple[int, float, float, float, float]]:
    """The points that begin in [start, end), put together for each period from `start` on, without their sketches:
    (number of the period, samples, total, minimum, maximum).
    """
    rows = tx.all(_SLOTS, of=series_id, origin=start, period=period, start=start, end=end)
    return [(int(row[0]), row[1], row[2], row[3], row[4]) for row in rows]


def oldest(tx: Transaction, resolution: int, after: str, limit: int) -> Sequence[tuple[str, int | None]]:
    """Ids of series above `after`, with when the oldest point of this resolution begins."""
    return [(row[0], row[1]) for row in tx.all(_OLDEST, resolution=resolution, after=after, limit=limit)]


def before(tx: Transaction, series_id: str, resolution: int, before: int, limit: int) -> Sequence[Point]:
    """Points of one resolution that begin before a moment, the oldest first, locked."""
    return [_point(row) for row in tx.all(_BEFORE, of=series_id, per=resolution, before=before, limit=limit)]


def remove(tx: Transaction, series_id: str, resolution: int, first: int, last: int) -> int:
    """Forget points of one resolution that begin in [first, last]; how many."""
    return tx.run(_REMOVE, of=series_id, per=resolution, first=first, last=last)


def _point(row: Row) -> Point:
    sketch = None if row.sketch is None else bytes(row.sketch)
    return Point(row.series_id, row.resolution, row.at, row.samples, row.total, row.minimum, row.maximum, sketch)
