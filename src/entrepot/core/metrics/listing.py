"""ListMetrics: which metrics had points in the last two weeks."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import msgspec

from entrepot.core.access import Caller
from entrepot.core.metrics import places, series
from entrepot.core.metrics.places import Place
from entrepot.core.metrics.series import Metric
from entrepot.core.page import Page
from entrepot.db import metric_series as rows
from entrepot.db.database import Transaction
from entrepot.spec.moments import micros

PAGE = 500
LISTED = timedelta(days=14)
RECENT = timedelta(hours=3)
_MOST_LOOKED_AT = 20_000  # rows of one call: a filter that finds little ends its page early
Key = tuple[str, str, str]
START: Key = ("", "", "")


class Filter(msgspec.Struct, frozen=True):
    """What is listed; `dimensions` are all there, each with the value unless that is None."""

    namespace: str | None = None
    name: str | None = None
    dimensions: tuple[tuple[str, str | None], ...] = ()
    recent: bool = False

    def finds(self, metric: Metric) -> bool:
        """Whether this metric is listed, as recent as it must be."""
        have = dict(metric.dimensions)
        return self.name in {None, metric.name} and all(
            name in have and value in {None, have[name]} for name, value in self.dimensions
        )


def list_metrics(tx: Transaction, caller: Caller, wanted: Filter, after: Key) -> Page[Metric]:
    """A page of metrics, in order of namespace and name."""
    place = places.require(caller, "ListMetrics")
    found: list[Metric] = []
    for looked_at, (last, metric) in enumerate(present(tx, place, caller.at, wanted, after), start=1):
        if wanted.finds(metric):
            found.append(metric)
        if len(found) == PAGE or looked_at == _MOST_LOOKED_AT:
            return Page(tuple(found), last)
    return Page(tuple(found), None)


def present(
    tx: Transaction, place: Place, now: datetime, wanted: Filter, after: Key = START, *, at_once: int = PAGE
) -> Iterator[tuple[Key, Metric]]:
    """The metrics of a place, with where to go on after each: of the filter the namespace and the time are looked at,
    the name only where there is a namespace.
    """
    since = micros(now - (RECENT if wanted.recent else LISTED))
    while page := _page(tx, place, since, wanted, after, at_once):
        yield from page
        after = page[-1][0]


def _page(
    tx: Transaction, place: Place, since: int, wanted: Filter, after: Key, most: int
) -> Sequence[tuple[Key, Metric]]:
    rows_ = rows.page(tx, place.account, place.region, after, most, since, wanted.namespace, wanted.name)
    return [
        ((row.namespace, row.name, row.metric_id), series.read(row.namespace, row.name, row.dimensions))
        for row in rows_
    ]
