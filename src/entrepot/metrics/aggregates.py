"""Functions that make one of many: of a series a scalar, of an array a series.

Only AVG counts what is missing in an array, as 0. Of no points there is no value (NaN), but no points are 0 in number.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from entrepot.metrics.series import Series, made, moments

Aggregate = Callable[[Sequence[float], int], float]  # the values, and of how many series they are


def of_series(series: Series, aggregate: Aggregate) -> float:
    """The scalar of a series."""
    values = list(series.points.values())
    return aggregate(values, len(values))


def of_array(array: Sequence[Series], aggregate: Aggregate) -> Series:
    """Moment by moment."""
    points = (
        (at, aggregate([each.points[at] for each in array if at in each.points], len(array))) for at in moments(array)
    )
    return made(max((each.period for each in array), default=60), points)


def _total(values: Sequence[float], _: int) -> float:
    try:
        return math.fsum(values) if values else math.nan
    except OverflowError:
        return math.nan


def _average(values: Sequence[float], among: int) -> float:
    return _total(values, among) / among if among else math.nan


def _deviation(values: Sequence[float], _: int) -> float:
    mean = _average(values, len(values))
    try:
        return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values)) if values else math.nan
    except OverflowError:
        return math.nan


AGGREGATES: Final[Mapping[str, Aggregate]] = {
    "SUM": _total,
    "AVG": _average,
    "MAX": lambda values, _: max(values, default=math.nan),
    "MIN": lambda values, _: min(values, default=math.nan),
    "STDDEV": _deviation,
    "DATAPOINT_COUNT": lambda values, _: float(len(values)),
}
ORDERS: Final = frozenset({"AVG", "MIN", "MAX", "SUM"})  # by which SORT sorts
