"""What an expression is evaluated over: the range, the request's metrics, the other expressions, a search."""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from entrepot.metrics.series import Budget, Series, Value


class Search(msgspec.Struct, frozen=True):
    """`SEARCH(text, statistic, period)`; without a period it is the request's."""

    text: str
    statistic: str
    period: int | None


Find = Callable[[Search], Sequence[Series]]


class Scope(msgspec.Struct, frozen=True):
    """`start` (included) and `end` (excluded) in seconds; `period` is that of series made of nothing (TIME_SERIES)."""

    start: int
    end: int
    period: int
    metrics: Mapping[str, Series]
    resolve: Callable[[str], Value | None]  # an expression by its id
    find: Find
    budget: Budget

    def grid(self, period: int) -> range:
        """The moments of a series without gaps: periods are counted from the start of the range."""
        return range(self.start, self.end, period)
