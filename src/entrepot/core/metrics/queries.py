"""GetMetricData: metrics, metric math and searches of one request, computed together, told in pages.

`evaluate` is for everyone who draws or watches metrics: alarms, plots. It is bounded in what it reads and computes.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec

from entrepot.core.access import Caller
from entrepot.core.metrics import labels, listing, places, points, reading
from entrepot.core.metrics.listing import Filter
from entrepot.core.metrics.places import Place
from entrepot.core.metrics.points import Window
from entrepot.core.metrics.reading import Span
from entrepot.core.metrics.series import Metric
from entrepot.db.database import Transaction
from entrepot.errors import MetricQueryInvalid
from entrepot.metrics import periods, program, search, statistics
from entrepot.metrics.program import Program, Query
from entrepot.metrics.scope import Search
from entrepot.metrics.series import Series
from entrepot.metrics.statistics import Statistic

MOST_SERIES = 500
MOST_PERIODS = 500_000  # of one query
MOST_DATAPOINTS = 100_800  # of a page
_DEFAULT_PERIOD = 300


class Stat(msgspec.Struct, frozen=True):
    """A statistic of a metric for each period."""

    metric: Metric
    period: int
    statistic: str
    unit: str | None = None


class Asked(msgspec.Struct, frozen=True):
    """One MetricDataQuery: a statistic, or an expression, of which `period` is that of what it makes itself."""

    id: str
    stat: Stat | None = None
    expression: str | None = None
    label: str | None = None
    shown: bool = True
    period: int | None = None


class Result(msgspec.Struct, frozen=True):
    """A time series of a query; its points in the order of the answer. `more` are told by the next page."""

    id: str
    label: str
    points: Sequence[tuple[int, float]]
    more: bool = False


class Bounds(msgspec.Struct, frozen=True):
    """How many metrics a search finds at most, and how many points a request reads."""

    found: int = MOST_SERIES
    read: int = points.MOST_READ

    @property
    def too_many_found(self) -> tuple[str, str]:
        """The message of a request that finds more."""
        return "MaxMetricsExceeded", f"The request found more than {self.found} metrics. The first are returned."


BOUNDS = Bounds()


class Answer(msgspec.Struct, frozen=True):
    """A page of results; `after` is where the next one begins, None at the end; messages are pairs of code and text."""

    results: Sequence[Result]
    messages: Sequence[tuple[str, str]]
    after: tuple[int, int] | None


def data(
    tx: Transaction,
    caller: Caller,
    asked: Sequence[Asked],
    span: Span,
    *,
    ascending: bool = False,
    most: int = MOST_DATAPOINTS,
    after: tuple[int, int] = (0, 0),
    bounds: Bounds = BOUNDS,
) -> Answer:
    """A page of what was asked for: MetricQueryInvalid, ExpressionInvalid, StatisticInvalid, PeriodInvalid."""
    place = places.require(caller, "GetMetricData")
    if not 1 <= most <= MOST_DATAPOINTS:
        raise MetricQueryInvalid(reason=f"MaxDatapoints must be between 1 and {MOST_DATAPOINTS}.")
    if not any(each.shown for each in asked):
        raise MetricQueryInvalid(reason="At least one query must have ReturnData.")
    results, messages = evaluate(tx, place, asked, span, caller.at, bounds)
    ordered = [Result(each.id, each.label, _ordered(each.points, ascending=ascending)) for each in results]
    return _page(ordered, messages, most, after)


def evaluate(
    tx: Transaction, place: Place, asked: Sequence[Asked], span: Span, now: datetime, bounds: Bounds = BOUNDS
) -> tuple[list[Result], list[tuple[str, str]]]:
    """The series of every query that is shown, points in order of time, and messages about them. Not authorised."""
    run = _Run(tx, place, asked, span, now, bounds)
    return list(run.results()), run.messages


class _Run:
    """One request over one snapshot."""

    def __init__(
        self, tx: Transaction, place: Place, asked: Sequence[Asked], span: Span, now: datetime, bounds: Bounds
    ) -> None:
        self._tx = tx
        self._place = place
        self._now = now
        self._asked = asked
        self._span = span
        self._listed: Sequence[Metric] | None = None
        self._bounds = bounds
        self._allowance = points.Allowance(bounds.read)
        self._program = Program([Query(each.id, each.expression, each.label) for each in asked])
        for each in asked:
            _require(each)
        self._start = min(self._window(period).start for period in self._periods())
        self.messages: list[tuple[str, str]] = []

    def results(self) -> Iterator[Result]:
        """Of each query that is shown, in the order of the request."""
        shown = [each for each in self._asked if each.shown]
        needed = frozenset[str]().union(*(self._program.needs(each.id) for each in shown))
        metrics = {each.id: self._metric(each.stat, needed=each.id in needed) for each in self._asked if each.stat}
        period = max(self._periods())
        values = self._program.compute(self._start, self._window(period).end, period, metrics, self._find)
        for each in shown:
            for series in program.shown(values, each.id):
                label = labels.told(each.label, series, self._place, each.stat)
                yield Result(each.id, label, tuple(series.points.items()))

    def _periods(self) -> Sequence[int]:
        given = [each.stat.period for each in self._asked if each.stat]
        return given or [each.period for each in self._asked if each.period] or [_DEFAULT_PERIOD]

    def _window(self, period: int) -> Window:
        found = reading.window(self._span, periods.require(period), self._now)
        if (found.end - found.start) / period > MOST_PERIODS:
            raise MetricQueryInvalid(reason=f"A query has at most {MOST_PERIODS} periods: ask for longer ones.")
        return found

    def _metric(self, stat: Stat, *, needed: bool) -> Series:
        """A metric's series; what is not needed is not read."""
        statistic = statistics.parse(stat.statistic)
        window = self._window(stat.period)
        if not needed:
            return Series(stat.period, {}, stat.metric.name)
        return self._series(stat.metric, dataclasses.replace(window, start=self._start), statistic, stat.unit)

    def _series(self, metric: Metric, window: Window, statistic: Statistic, unit: str | None = None) -> Series:
        found = points.query(
            self._tx,
            self._place.account,
            self._place.region,
            metric,
            window,
            unit=unit,
            values=not statistic.simple,
            allowance=self._allowance,
        )
        told = ((at, statistic.of(summary)) for at, summary in sorted(found.items()))
        return Series(window.period, {at: value for at, value in told if value is not None}, metric.name)

    def _find(self, sought: Search) -> Sequence[Series]:
        """The metrics of the last two weeks that a search finds."""
        wanted, statistic = search.parse(sought.text), statistics.parse(sought.statistic)
        period = sought.period or next((each.period for each in self._asked if each.period), _DEFAULT_PERIOD)
        window = dataclasses.replace(self._window(period), start=self._start)
        found = [metric for metric in self._present() if wanted(_sought(metric))]
        most, message = self._bounds.found, self._bounds.too_many_found
        if len(found) > most and message not in self.messages:
            self.messages.append(message)
        series = [self._series(metric, window, statistic) for metric in found[:most]]
        names = labels.apart(found[:most])
        return [msgspec.structs.replace(each, label=name) for each, name in zip(series, names, strict=True)]

    def _present(self) -> Sequence[Metric]:
        if self._listed is None:
            every = listing.present(self._tx, self._place, self._now, Filter())
            self._listed = [metric for _, metric in every]
        return self._listed


def _require(asked: Asked) -> None:
    if (asked.stat is None) is (asked.expression is None):
        raise MetricQueryInvalid(reason=f"The query {asked.id} must have either MetricStat or Expression.")
    if asked.period is not None:
        periods.require(asked.period)


def _sought(metric: Metric) -> search.Metric:
    return search.Metric(metric.namespace, metric.name, dict(metric.dimensions))


def _ordered(found: Sequence[tuple[int, float]], *, ascending: bool) -> Sequence[tuple[int, float]]:
    return sorted(found, reverse=not ascending)


def _page(results: Sequence[Result], messages: Sequence[tuple[str, str]], most: int, after: tuple[int, int]) -> Answer:
    """At most so many points, from a point of a result on."""
    first, skipped = after
    told: list[Result] = []
    for number, result in enumerate(results[first:], start=first):
        left = result.points[skipped:]
        told.append(Result(result.id, result.label, left[:most], more=len(left) > most))
        if len(left) > most:
            return Answer(told, messages, (number, skipped + most))
        most -= len(left)
        skipped = 0
        if most == 0 and number + 1 < len(results):
            return Answer(told, messages, (number + 1, 0))
    return Answer(told, messages, None)
