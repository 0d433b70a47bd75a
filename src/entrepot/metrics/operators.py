"""Operators between scalars, time series and arrays of them.

A series with a scalar, and an array with either, are computed point by point and series by series; two arrays are not.
"""

import math
import operator
from collections.abc import Callable, Mapping
from typing import Final

from entrepot.metrics.series import Series, Value, mapped, paired
from entrepot.metrics.tokens import refuse

_Binary = Callable[[float, float], float]


def apply(sign: str, left: Value, right: Value, at: int) -> Value:
    """`left sign right`: ExpressionInvalid for two arrays."""
    function = _SIGNS[sign]
    if isinstance(left, tuple):
        if isinstance(right, tuple):
            refuse(f"Operator {sign!r} between two arrays of time series", at)
        return tuple(_between(function, each, right) for each in left)
    if isinstance(right, tuple):
        return tuple(_between(function, left, each) for each in right)
    if isinstance(left, Series) or isinstance(right, Series):
        return _between(function, left, right)
    return function(left, right)


def negative(value: Value) -> Value:
    """`-value`."""
    if isinstance(value, tuple):
        return tuple(mapped(each, operator.neg) for each in value)
    return mapped(value, operator.neg) if isinstance(value, Series) else -value


def _between(function: _Binary, left: Series | float, right: Series | float) -> Series:
    """At least one is a series."""
    if isinstance(left, Series):
        if isinstance(right, Series):
            return paired(left, right, function)
        return mapped(left, lambda value: function(value, right))
    if isinstance(right, Series):
        return mapped(right, lambda value: function(left, value))
    raise AssertionError(left, right)


def _divided(left: float, right: float) -> float:
    return left / right if right else math.nan


def _power(left: float, right: float) -> float:
    try:
        return math.pow(left, right)
    except (ValueError, OverflowError):
        return math.nan


def _compared(function: Callable[[float, float], bool]) -> _Binary:
    def compare(left: float, right: float) -> float:
        return math.nan if math.isnan(left) or math.isnan(right) else float(function(left, right))

    return compare


_SIGNS: Final[Mapping[str, _Binary]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divided,
    "^": _power,
    "==": _compared(operator.eq),
    "!=": _compared(operator.ne),
    "<": _compared(operator.lt),
    "<=": _compared(operator.le),
    ">": _compared(operator.gt),
    ">=": _compared(operator.ge),
    "AND": _compared(lambda left, right: bool(left) and bool(right)),
    "OR": _compared(lambda left, right: bool(left) or bool(right)),
}
