"""Functions that make a series of a series."""

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from entrepot.metrics.scope import Scope
from entrepot.metrics.series import Series, made, mapped

Point = tuple[int, float]


def _pointwise(function: Callable[[float], float]) -> Callable[[Series], Series]:
    return lambda series: mapped(series, function)


def _between(function: Callable[[Point, Point], float]) -> Callable[[Series], Series]:
    """Each point with the one before it; the first has none, and is dropped."""

    def transform(series: Series) -> Series:
        pairs = itertools.pairwise(series.points.items())
        return made(series.period, ((here[0], function(before, here)) for before, here in pairs), series.label)

    return transform


def _rounded(function: Callable[[float], int]) -> Callable[[float], float]:
    return lambda value: float(function(value))


def _logarithm(function: Callable[[float], float]) -> Callable[[float], float]:
    return lambda value: function(value) if value > 0 else math.nan


def _running(series: Series) -> Series:
    sums = itertools.accumulate(series.points.values())
    return made(series.period, zip(series.points, sums, strict=True), series.label)


TRANSFORMS: Final[Mapping[str, Callable[[Series], Series]]] = {
    "ABS": _pointwise(abs),
    "CEIL": _pointwise(_rounded(math.ceil)),
    "FLOOR": _pointwise(_rounded(math.floor)),
    "LOG": _pointwise(_logarithm(math.log)),
    "LOG10": _pointwise(_logarithm(math.log10)),
    "DIFF": _between(lambda before, here: here[1] - before[1]),
    "DIFF_TIME": _between(lambda before, here: float(here[0] - before[0])),
    "RATE": _between(lambda before, here: (here[1] - before[1]) / (here[0] - before[0])),
    "RUNNING_SUM": _running,
}

# of each moment in the range of a series, in UTC; days of the week are 1 (Monday) to 7
MOMENTS: Final[Mapping[str, Callable[[int], float]]] = {
    "MINUTE": lambda at: float(_utc(at).minute),
    "HOUR": lambda at: float(_utc(at).hour),
    "DAY": lambda at: float(_utc(at).isoweekday()),
    "DATE": lambda at: float(_utc(at).day),
    "MONTH": lambda at: float(_utc(at).month),
    "YEAR": lambda at: float(_utc(at).year),
    "EPOCH": float,
}


def _utc(at: int) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def gapless(series: Series, scope: Scope, function: Callable[[int], float]) -> Series:
    """A value for each moment of a series' range, from the moment."""
    return made(series.period, ((at, function(at)) for at in scope.grid(series.period)), series.label)


def filled(series: Series, scope: Scope, filler: float | Series | str) -> Series:
    """FILL: a scalar, the values of another series, REPEAT (the last value) or LINEAR (between two values)."""
    grid = sorted({*scope.grid(series.period), *series.points})
    return made(series.period, _filled(series, grid, filler), series.label)


def _filled(series: Series, grid: list[int], filler: float | Series | str) -> Iterable[Point]:
    if filler == "LINEAR":
        return _linear(series, grid)
    if filler == "REPEAT":
        return _repeated(series, grid)
    if isinstance(filler, Series):
        return ((at, series.points.get(at, filler.points.get(at, math.nan))) for at in grid)
    return ((at, series.points.get(at, float(filler))) for at in grid)


def _repeated(series: Series, grid: list[int]) -> Iterator[Point]:
    last = math.nan
    for at in grid:
        last = series.points.get(at, last)
        yield at, last


def _linear(series: Series, grid: list[int]) -> Iterator[Point]:
    known = list(series.points.items())
    position = 0  # of the first known point that is not before the moment
    for at in grid:
        while position < len(known) and known[position][0] < at:
            position += 1
        if at in series.points:
            yield at, series.points[at]
        elif 0 < position < len(known):
            (left, low), (right, high) = known[position - 1], known[position]
            yield at, low + (high - low) * (at - left) / (right - left)
