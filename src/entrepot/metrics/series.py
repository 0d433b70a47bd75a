"""Time series and the values of expressions: S, TS and TS[] ("Metric math syntax and functions")."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import msgspec

from entrepot.errors import ExpressionTooLarge

MOST_SERIES: Final = 500  # in an array, and in a request


class Series(msgspec.Struct, frozen=True):
    """Points in the order of their moments, in seconds since the epoch; all are finite numbers."""

    period: int
    points: Mapping[int, float]
    label: str = ""


Value = float | Series | tuple[Series, ...]  # an S without a value, such as the AVG of no points, is NaN


def made(period: int, points: Iterable[tuple[int, float]], label: str = "") -> Series:
    """A series of points in order; what is no number (a division by zero) is dropped."""
    return Series(period, {at: value for at, value in points if math.isfinite(value)}, label)


def mapped(series: Series, function: Callable[[float], float]) -> Series:
    """Each point by itself."""
    return made(series.period, ((at, function(value)) for at, value in series.points.items()), series.label)


def moments(many: Iterable[Series]) -> list[int]:
    """The moments at which any of them has a point, in order."""
    found: set[int] = set()
    for series in many:
        found.update(series.points)
    return sorted(found)


def paired(one: Series, other: Series, function: Callable[[float, float], float]) -> Series:
    """Point by point; where only one has a point, the other counts as 0."""
    label = one.label or other.label
    points = ((at, function(one.points.get(at, 0.0), other.points.get(at, 0.0))) for at in moments((one, other)))
    return made(max(one.period, other.period), points, label)


class Budget:
    """How many points one request may still compute: expressions can repeat themselves without end."""

    __slots__ = ("_left",)

    def __init__(self, most: int) -> None:
        self._left = most

    def spend(self, value: Value) -> Value:
        """Count what was computed: ExpressionTooLarge."""
        if isinstance(value, Series):
            self._left -= len(value.points)
        elif isinstance(value, tuple):
            if len(value) > MOST_SERIES:
                raise ExpressionTooLarge(reason=f"An expression may have at most {MOST_SERIES} time series")
            self._left -= sum(len(series.points) for series in value) + len(value)
        self._left -= 1
        if self._left < 0:
            raise ExpressionTooLarge(reason="The expressions compute too many data points")
        return value
