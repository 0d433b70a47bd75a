"""IF(condition, value when it is not 0, value when it is 0) ("Using IF expressions")."""

import math

from entrepot.metrics.series import Series, made

Branch = Series | float | None  # None: left out


def choose(condition: Series | float, then: Series | float, otherwise: Branch, period: int) -> Series | float:
    """Moment by moment, where the condition has a value."""
    if isinstance(condition, Series):
        series = [each for each in (condition, then, otherwise) if isinstance(each, Series)]
        label = next((each.label for each in series[1:] if each.label), "")
        points = ((at, _chosen(value, at, then, otherwise)) for at, value in condition.points.items())
        return made(max(each.period for each in series), points, label)
    if math.isnan(condition):
        return Series(period, {})
    chosen = then if condition else otherwise
    return Series(period, {}) if chosen is None else chosen


def _chosen(condition: float, at: int, then: Series | float, otherwise: Branch) -> float:
    """A point that is missing is 0 where the condition holds, and dropped where it does not."""
    if condition:
        return then.points.get(at, 0.0) if isinstance(then, Series) else then
    if otherwise is None:
        return math.nan
    return otherwise.points.get(at, math.nan) if isinstance(otherwise, Series) else otherwise
