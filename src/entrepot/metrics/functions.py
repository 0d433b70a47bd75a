"""The functions of metric math, by name; those that this server cannot answer are refused by their names."""

import math
from collections.abc import Callable, Mapping
from typing import Final

from entrepot.metrics import choices, periods, statistics, transforms
from entrepot.metrics.aggregates import AGGREGATES, ORDERS, Aggregate, of_array, of_series
from entrepot.metrics.arguments import Call, Evaluate
from entrepot.metrics.scope import Scope, Search
from entrepot.metrics.series import Series, Value, made
from entrepot.metrics.syntax import Function, Name, Number
from entrepot.metrics.tokens import refuse

# why there is no such function here
ABSENT: Final[Mapping[str, str]] = {
    "ANOMALY_DETECTION_BAND": "there are no anomaly detectors",
    "DB_PERF_INSIGHTS": "there are no databases to ask",
    "INSIGHT_RULE_METRIC": "there are no Contributor Insights rules",
    "LAMBDA": "there are no connected data sources",
    "SERVICE_QUOTA": "usage has no quotas here",
}


def call(tree: Function, scope: Scope, evaluate: Evaluate) -> Value:
    """What a function answers: ExpressionInvalid."""
    if tree.name in ABSENT:
        refuse(f"Function {tree.name} is not available: {ABSENT[tree.name]},", tree.at)
    function = _FUNCTIONS.get(tree.name)
    if function is None:
        refuse(f"Unknown function {tree.name}", tree.at)
    if tree.arguments is None:
        refuse(f"{tree.name} stands without arguments", tree.at)
    return function(Call(tree, scope, evaluate))


def _aggregate(aggregate: Aggregate) -> Callable[[Call], Value]:
    def function(call: Call) -> Value:
        call.count(1, 1)
        value = call.value(0)
        if isinstance(value, float):
            call.refuse("takes a time series or an array of them")
        return of_series(value, aggregate) if isinstance(value, Series) else of_array(value, aggregate)

    return function


def _each(transform: Callable[[Call, Series], Series], arguments: int = 1) -> Callable[[Call], Value]:
    """A function of a series, and so of each of an array."""

    def function(call: Call) -> Value:
        call.count(arguments, arguments)
        value = call.value(0)
        if isinstance(value, float):
            call.refuse("takes a time series or an array of them")
        return transform(call, value) if isinstance(value, Series) else tuple(transform(call, each) for each in value)

    return function


def _transform(transform: Callable[[Series], Series]) -> Callable[[Call], Value]:
    return _each(lambda _, series: transform(series))


def _moment(function: Callable[[int], float]) -> Callable[[Call], Value]:
    def answer(call: Call) -> Value:
        call.count(1, 1)
        return transforms.gapless(call.series(0), call.scope, function)

    return answer


def _fill(call: Call, series: Series) -> Series:
    node = call.nodes[1]
    if isinstance(node, Function) and node.arguments is None:
        return transforms.filled(series, call.scope, call.word(1, frozenset({"LINEAR", "REPEAT"})))
    return transforms.filled(series, call.scope, call.single(1))


def _if(call: Call) -> Value:
    given = call.count(2, 3)
    otherwise = call.single(2) if given == 3 else None
    return choices.choose(call.single(0), call.single(1), otherwise, call.scope.period)


def _first(call: Call) -> Value:
    return _at(call, 0)


def _last(call: Call) -> Value:
    return _at(call, -1)


def _at(call: Call, index: int) -> Series:
    call.count(1, 1)
    array = call.array(0)
    return array[index] if array else Series(call.scope.period, {})


def _metrics(call: Call) -> Value:
    part = call.text(0) if call.count(0, 1) else ""
    return tuple(series for name, series in call.scope.metrics.items() if part in name)


def _metric_count(call: Call) -> Value:
    call.count(1, 1)
    return float(len(call.array(0)))


def _period(call: Call) -> Value:
    call.count(1, 1)
    node = call.nodes[0]
    if not isinstance(node, Name) or node.name not in call.scope.metrics:
        call.refuse("takes a metric, not an expression")
    return float(call.scope.metrics[node.name].period)


def _remove_empty(call: Call) -> Value:
    call.count(1, 1)
    return tuple(series for series in call.array(0) if series.points)


def _search(call: Call) -> Value:
    given = call.count(2, 3)
    statistics.parse(call.text(1))
    node = call.nodes[2] if given == 3 else None
    if node is not None and not (isinstance(node, Number) and node.value.is_integer()):
        call.refuse("takes a period in seconds there")
    period = None if node is None else periods.require(int(node.value))
    return tuple(call.scope.find(Search(call.text(0), call.text(1), period)))


def _slice(call: Call) -> Value:
    given = call.count(2, 3)
    return call.array(0)[call.number(1) : call.number(2) if given == 3 else None]


def _sort(call: Call) -> Value:
    given = call.count(3, 4)
    aggregate = AGGREGATES[call.word(1, ORDERS)]
    descending = call.word(2, frozenset({"ASC", "DESC"})) == "DESC"
    limit = call.number(3) if given == 4 else None
    found = [(of_series(series, aggregate), series) for series in call.array(0)]
    known = sorted((each for each in found if not math.isnan(each[0])), key=lambda each: each[0], reverse=descending)
    empty = [each for each in found if math.isnan(each[0])]  # what has no points is last in any order
    return tuple(series for _, series in (known + empty)[:limit])


def _time_series(call: Call) -> Value:
    call.count(1, 1)
    value = call.scalar(0)
    return made(call.scope.period, ((at, value) for at in call.scope.grid(call.scope.period)))


_FUNCTIONS: Final[Mapping[str, Callable[[Call], Value]]] = {
    **{name: _aggregate(aggregate) for name, aggregate in AGGREGATES.items()},
    **{name: _transform(transform) for name, transform in transforms.TRANSFORMS.items()},
    **{name: _moment(function) for name, function in transforms.MOMENTS.items()},
    "FILL": _each(_fill, 2),
    "FIRST": _first,
    "IF": _if,
    "LAST": _last,
    "METRICS": _metrics,
    "METRIC_COUNT": _metric_count,
    "PERIOD": _period,
    "REMOVE_EMPTY": _remove_empty,
    "SEARCH": _search,
    "SLICE": _slice,
    "SORT": _sort,
    "TIME_SERIES": _time_series,
}
