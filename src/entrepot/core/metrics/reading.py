"""GetMetricStatistics: a metric's statistics for each period of a window, which begins where the request says."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from entrepot.core.access import Caller
from entrepot.core.metrics import places, points
from entrepot.core.metrics.points import Window
from entrepot.core.metrics.series import Metric
from entrepot.db.database import Transaction
from entrepot.errors import MetricInputConflict, MetricInputMissing, MetricQueryInvalid
from entrepot.metrics import periods, statistics
from entrepot.metrics.statistics import Statistic
from entrepot.metrics.summaries import Summary

MOST_POINTS = 1440
_FUTURE = 2 * periods.HOUR  # points may be so much ahead of the clock


class Span(msgspec.Struct, frozen=True):
    """From when to when points are asked for."""

    start: datetime
    end: datetime


class Datapoint(msgspec.Struct, frozen=True):
    """The statistics of one period, in the unit that its points came with; those that are known."""

    at: int
    unit: str
    values: Mapping[str, float]


def statistics_of(
    tx: Transaction, caller: Caller, metric: Metric, span: Span, period: int, names: Sequence[str], unit: str | None
) -> Sequence[Datapoint]:
    """Datapoints in order of time: MetricInputConflict for too many, StatisticInvalid, PeriodInvalid."""
    place = places.require(caller, "GetMetricStatistics")
    if not names:
        raise MetricInputMissing(parameter="Statistics or ExtendedStatistics")
    wanted = [statistics.parse(name) for name in dict.fromkeys(names)]
    if len({each.simple for each in wanted}) > 1:
        raise MetricInputConflict(reason="Specify either Statistics or ExtendedStatistics, but not both.")
    found = window(span, periods.require(period), caller.at)
    number = -(-(found.end - found.start) // period)
    if number > MOST_POINTS:
        raise MetricInputConflict(
            reason=f"You have requested up to {number} datapoints, which exceeds the limit of {MOST_POINTS}. You may "
            "reduce the datapoints requested by increasing Period, or decreasing the time range."
        )
    values = not all(each.simple for each in wanted)
    told = points.query_units(tx, place.account, place.region, metric, found, unit=unit, values=values)
    return sorted(
        (
            Datapoint(at, of_unit, _told(summary, wanted))
            for of_unit, many in told.items()
            for at, summary in many.items()
        ),
        key=lambda each: (each.at, each.unit),
    )


def window(span: Span, period: int, now: datetime) -> Window:
    """The window of a request: MetricQueryInvalid for one that ends before it begins.

    It has no part that cannot have points: older than is kept, or in the future.
    """
    begin, end, today = int(span.start.timestamp()), _ceiling(span.end), int(now.timestamp())
    if span.start >= span.end:
        raise MetricQueryInvalid(reason="The parameter StartTime must be less than the parameter EndTime.")
    begin = max(begin, today - periods.RETENTION[periods.HOUR])
    start = periods.request_start(begin, period, max(today - begin, 0))
    return Window(start, max(min(end, today + _FUTURE), start), period, today)


def _ceiling(moment: datetime) -> int:
    seconds = int(moment.timestamp())
    return seconds + 1 if moment.microsecond else seconds


def _told(summary: Summary, wanted: Sequence[Statistic]) -> Mapping[str, float]:
    known = {each.name: each.of(summary) for each in wanted}
    return {name: value for name, value in known.items() if value is not None}
