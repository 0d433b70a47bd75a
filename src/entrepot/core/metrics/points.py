"""Points of metrics: put, where they are put together with what is there, and read for each period of a window.

Everyone who measures something puts it here: the job that folds journals, the gauges, PutMetricData, event delivery.
All moments are whole seconds since the epoch. Nothing is authorised here.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass

from entrepot.core.metrics.series import NO_UNIT, Metric, metric_id, series_id, shown
from entrepot.db import metric_points as rows
from entrepot.db import metric_series as series_rows
from entrepot.db.database import Row, Transaction
from entrepot.db.metric_points import Point
from entrepot.db.metric_series import Series
from entrepot.errors import ExpressionTooLarge
from entrepot.metrics import periods, sketches, summaries
from entrepot.metrics.summaries import Summary

MICROS = 1_000_000
MOST_READ = 1_000_000  # points of one request
HELD_EVERY = periods.FIVE_MINUTES  # a held point stands again each so many seconds


class Allowance:
    """How many points one request may still read."""

    __slots__ = ("_left",)

    def __init__(self, most: int = MOST_READ) -> None:
        self._left = most

    def take(self, number: int) -> None:
        """Count what was read: ExpressionTooLarge."""
        self._left -= number
        if self._left < 0:
            raise ExpressionTooLarge(reason="The request reads too many data points")


@dataclass(frozen=True, slots=True)
class Window:
    """Periods from `start` up to `end`, which is excluded; what holds does so until `now`, or the end."""

    start: int
    end: int
    period: int
    now: int | None = None


def put(
    tx: Transaction,
    account: str,
    region: str,
    metric: Metric,
    at: int,
    summary: Summary,
    unit: str = NO_UNIT,
    *,
    resolution: int = periods.MINUTE,
    hold: int = 0,
    known: MutableMapping[str, int] | None = None,
) -> bool:
    """Add what was measured in the seconds around `at` to the metric; whether nothing came with this unit before.

    `hold` is given with values that stay as they are until they are told again, or for so many seconds: such a value
    is seen each five minutes. `known` remembers the series of committed transactions, with their newest points.
    """
    of_metric = metric_id(account, region, metric)
    own, begun = series_id(of_metric, unit), periods.floor(at, resolution) * MICROS
    new = False
    if known is None or known.get(own, -1) < begun:
        name = (account, region, metric.namespace, metric.name, shown(metric.dimensions))
        new = series_rows.introduce(tx, Series(own, of_metric, *name, unit, hold, begun))
    merge(tx, row_of(own, resolution, begun, summary))
    if known is not None:
        known[own] = max(begun, known.get(own, begun))
    return new


def merge(tx: Transaction, point: Point) -> None:
    """Keep a point, or put it together with the one of its seconds."""
    if rows.merge(tx, point):
        return
    there = rows.lock(tx, point.series_id, point.resolution, point.at)
    if there is None:  # gone since: rolled up by somebody
        rows.merge(tx, point)
        return
    together = summary_of(there).merge(summary_of(point))
    rows.replace(tx, row_of(point.series_id, point.resolution, point.at, together))


def query(
    tx: Transaction,
    account: str,
    region: str,
    metric: Metric,
    window: Window,
    *,
    unit: str | None = None,
    values: bool = True,
    allowance: Allowance | None = None,
) -> dict[int, Summary]:
    """What was measured, by the start of its period; of every unit unless one is asked for.

    Without `values` the buckets of the summaries are not to be relied on: enough for statistics that are `simple`.
    """
    found: dict[int, Summary] = {}
    told = query_units(tx, account, region, metric, window, unit=unit, values=values, allowance=allowance)
    for by_period in told.values():
        _gather(found, by_period.items())
    return found


def query_units(
    tx: Transaction,
    account: str,
    region: str,
    metric: Metric,
    window: Window,
    *,
    unit: str | None = None,
    values: bool = True,
    allowance: Allowance | None = None,
) -> Mapping[str, Mapping[int, Summary]]:
    """`query`, by the unit that the points came with."""
    allowed = allowance or Allowance()
    return {
        row.unit: _of_series(tx, row, window, allowed, values=values)
        for row in series_rows.of_metric(tx, metric_id(account, region, metric))
        if unit in (None, row.unit)
    }


def summary_of(point: Point) -> Summary:
    """A row as what it says."""
    if point.sketch is None:
        return summaries.of_set(point.samples, point.total, point.minimum, point.maximum)
    return Summary(point.samples, point.total, point.minimum, point.maximum, sketches.unpacked(point.sketch))


def row_of(own: str, resolution: int, begun: int, summary: Summary) -> Point:
    """A summary as a row, of the seconds from microsecond `begun` on; a sketch is kept where the set says less."""
    plain = summary.minimum == summary.maximum or not summary.buckets
    sketch = None if plain else sketches.packed(summary.buckets)
    return Point(own, resolution, begun, summary.count, summary.sum, summary.minimum, summary.maximum, sketch)


def _of_series(
    tx: Transaction, series: Row, window: Window, allowance: Allowance, *, values: bool
) -> dict[int, Summary]:
    start, end, period = window.start * MICROS, window.end * MICROS, window.period
    if not values and not series.hold:
        slots = rows.slots(tx, series.id, start, end, period * MICROS)
        allowance.take(len(slots))
        return {window.start + number * period: summaries.of_set(*numbers) for number, *numbers in slots}
    points = rows.between(tx, series.id, start - series.hold * MICROS, end)
    allowance.take(len(points))
    told = _held(points, window, series.hold) if series.hold else _told(points)
    found: dict[int, Summary] = {}
    _gather(found, ((at - (at - window.start) % period, summary) for at, summary in told))
    return found


def _told(points: Sequence[Point]) -> Iterator[tuple[int, Summary]]:
    return ((point.at // MICROS, summary_of(point)) for point in points)


def _held(points: Sequence[Point], window: Window, hold: int) -> Iterator[tuple[int, Summary]]:
    """Points, and at each fifth minute without one the newest before it that still holds."""
    told = list(_told(points))
    moments = [at for at, _ in told]
    fresh = {periods.floor(at, HELD_EVERY) for at in moments}
    yield from ((at, summary) for at, summary in told if at >= window.start)
    until = window.end if window.now is None else min(window.end, window.now + 1)
    for at in periods.starts(window.start, until, HELD_EVERY):
        newest = bisect_right(moments, at) - 1
        if at not in fresh and newest >= 0 and at - moments[newest] < hold:
            yield at, summaries.of_value(told[newest][1].maximum)


def _gather(found: dict[int, Summary], told: Iterable[tuple[int, Summary]]) -> None:
    for at, summary in told:
        there = found.get(at)
        found[at] = summary if there is None else there.merge(summary)
