"""The tree of an expression -> its value over a scope."""

from entrepot.metrics import functions, operators
from entrepot.metrics.scope import Scope
from entrepot.metrics.series import Series, Value
from entrepot.metrics.syntax import Array, Chain, Function, Name, Negative, Node, Number, Text
from entrepot.metrics.tokens import refuse


def evaluate(tree: Node, scope: Scope) -> Value:
    """ExpressionInvalid for what does not fit together, ExpressionTooLarge."""
    return scope.budget.spend(_value(tree, scope))


def _value(tree: Node, scope: Scope) -> Value:
    match tree:
        case Number(value):
            return value
        case Name(name, at):
            return _named(name, at, scope)
        case Array(items, at):
            return _array(tuple(evaluate(item, scope) for item in items), at)
        case Negative(operand):
            return operators.negative(evaluate(operand, scope))
        case Chain():
            return _chained(tree, scope)
        case Function():
            return functions.call(tree, scope, evaluate)
    return _refuse_text(tree)


def _refuse_text(tree: Text) -> Value:
    return refuse("A string stands where a value is expected", tree.at)


def _chained(tree: Chain, scope: Scope) -> Value:
    value = evaluate(tree.first, scope)
    for sign, operand, at in tree.steps:
        value = scope.budget.spend(operators.apply(sign, value, evaluate(operand, scope), at))
    return value


def _named(name: str, at: int, scope: Scope) -> Value:
    found = scope.metrics.get(name)
    value = found if found is not None else scope.resolve(name)
    if value is None:
        refuse(f"Undeclared identifier {name}", at)
    return value


def _array(values: tuple[Value, ...], at: int) -> tuple[Series, ...]:
    found: list[Series] = []
    for value in values:
        if isinstance(value, float):
            refuse("An array holds time series, not scalars:", at)
        found += value if isinstance(value, tuple) else (value,)
    return tuple(found)
