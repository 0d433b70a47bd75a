"""The metrics and expressions of one request: checked as a whole, evaluated together ("GetMetricData")."""

import re
from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Final

import msgspec

from entrepot.errors import ExpressionInvalid
from entrepot.metrics import syntax
from entrepot.metrics.evaluation import evaluate
from entrepot.metrics.scope import Find, Scope
from entrepot.metrics.series import MOST_SERIES, Budget, Series, Value

MOST_POINTS: Final = 5_000_000  # that the expressions of one request compute
_ID: Final = re.compile(r"[a-z][a-zA-Z0-9_]{0,254}", re.ASCII)


class Query(msgspec.Struct, frozen=True):
    """A metric, or an expression with its text; without a label it is called by its id."""

    id: str
    expression: str | None = None
    label: str | None = None


class Program:
    """Queries that name only each other, without cycles."""

    def __init__(self, queries: Sequence[Query]) -> None:
        """Check them, without data: ExpressionInvalid, ExpressionTooLarge."""
        _require_ids(queries)
        self.queries: Mapping[str, Query] = {query.id: query for query in queries}
        self._trees = {query.id: _parsed(query) for query in queries if query.expression is not None}
        for name, tree in self._trees.items():
            for unknown in sorted(syntax.names(tree) - self.queries.keys()):
                raise ExpressionInvalid(reason=_told(name, f"Undeclared identifier {unknown}"))
        self._order = self._ordered()
        nothing = {query.id: Series(60, {}) for query in queries if query.expression is None}
        self.compute(0, 60, 60, nothing, lambda _: ())

    @property
    def functions(self) -> frozenset[str]:
        """The functions that any of its expressions calls."""
        return frozenset[str]().union(*map(syntax.functions, self._trees.values()))

    def needs(self, name: str) -> frozenset[str]:
        """The queries that one is computed from, itself included; METRICS() needs every metric."""
        if name not in self._trees:
            return frozenset({name})
        found, waiting = {name}, [name]
        while waiting:
            tree = self._trees.get(waiting.pop())
            if tree is None:
                continue
            direct = set(syntax.names(tree))
            if "METRICS" in syntax.functions(tree):
                direct |= self.queries.keys() - self._trees.keys()
            waiting += direct - found
            found |= direct
        return frozenset(found)

    def compute(self, start: int, end: int, period: int, metrics: Mapping[str, Series], find: Find) -> dict[str, Value]:
        """Each query's series, or array of them, over [start, end), in the order of the request; `metrics` has all
        that are metrics, `find` answers SEARCH, `period` is that of series made of scalars.
        """
        values: dict[str, Value] = {}
        scope = Scope(start, end, period, metrics, values.get, find, Budget(MOST_POINTS))
        for name in self._order:
            try:
                values[name] = evaluate(self._trees[name], scope)
            except ExpressionInvalid as error:
                raise ExpressionInvalid(reason=_told(name, str(error))) from None
        return {name: self._result(name, values.get(name), metrics) for name in self.queries}

    def _result(self, name: str, value: Value | None, metrics: Mapping[str, Series]) -> Value:
        if value is None:
            return metrics[name]
        label = self.queries[name].label
        if isinstance(value, Series):
            return msgspec.structs.replace(value, label=name if label is None else label)
        if isinstance(value, tuple):
            named = [f"{label or ''} {each.label}".strip() for each in value]
            return tuple(msgspec.structs.replace(each, label=text) for each, text in zip(value, named, strict=True))
        return value

    def _ordered(self) -> tuple[str, ...]:
        """The expressions, each after those that it names."""
        graph = {name: syntax.names(tree) & self._trees.keys() for name, tree in self._trees.items()}
        try:
            return tuple(TopologicalSorter(graph).static_order())
        except CycleError as error:
            raise ExpressionInvalid(reason=f"Expressions name each other: {' -> '.join(error.args[1])}") from None


def shown(results: Mapping[str, Value], name: str) -> tuple[Series, ...]:
    """The time series of a query that is returned: ExpressionInvalid for one that gives a scalar."""
    value = results[name]
    if isinstance(value, float):
        raise ExpressionInvalid(reason=_told(name, "it gives a scalar, and must give a time series"))
    return value if isinstance(value, tuple) else (value,)


def _require_ids(queries: Sequence[Query]) -> None:
    if len(queries) > MOST_SERIES:
        raise ExpressionInvalid(reason=f"A request has at most {MOST_SERIES} metrics and expressions")
    seen: set[str] = set()
    for query in queries:
        if not _ID.fullmatch(query.id):
            raise ExpressionInvalid(
                reason=f"The id {query.id!r} is not valid: it begins with a lower-case letter, and holds letters, "
                "digits and underscores"
            )
        if query.id in seen:
            raise ExpressionInvalid(reason=f"The id {query.id} stands twice")
        seen.add(query.id)


def _parsed(query: Query) -> syntax.Node:
    try:
        return syntax.parse(query.expression or "")
    except ExpressionInvalid as error:
        raise ExpressionInvalid(reason=_told(query.id, str(error))) from None


def _told(name: str, reason: str) -> str:
    return f"Error in expression '{name}': {reason}"
