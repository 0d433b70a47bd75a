"""The arguments of one call of a function, each as what the function takes."""

import math
from collections.abc import Callable, Sequence
from typing import NoReturn

import msgspec

from entrepot.metrics.scope import Scope
from entrepot.metrics.series import Series, Value
from entrepot.metrics.syntax import Function, Node, Text
from entrepot.metrics.tokens import refuse

Evaluate = Callable[[Node, Scope], Value]


class Call(msgspec.Struct, frozen=True):
    """One call: its arguments, which are evaluated when they are asked for."""

    tree: Function
    scope: Scope
    evaluate: Evaluate

    @property
    def nodes(self) -> Sequence[Node]:
        """What stands between the parentheses."""
        return self.tree.arguments or ()

    def refuse(self, reason: str) -> NoReturn:
        """ExpressionInvalid, with the function's name and place."""
        refuse(f"Function {self.tree.name}: {reason}", self.tree.at)

    def count(self, least: int, most: int) -> int:
        """How many arguments there are."""
        given = len(self.nodes)
        if not least <= given <= most:
            self.refuse(f"takes {least if least == most else f'{least} to {most}'} arguments, not {given},")
        return given

    def value(self, index: int) -> Value:
        """An argument, whatever it is."""
        return self.evaluate(self.nodes[index], self.scope)

    def single(self, index: int) -> Series | float:
        """A time series or a scalar."""
        value = self.value(index)
        return self.refuse("does not take an array of time series") if isinstance(value, tuple) else value

    def series(self, index: int) -> Series:
        """One time series."""
        value = self.value(index)
        return value if isinstance(value, Series) else self.refuse("takes one time series")

    def array(self, index: int) -> tuple[Series, ...]:
        """An array of time series."""
        value = self.value(index)
        return value if isinstance(value, tuple) else self.refuse("takes an array of time series")

    def scalar(self, index: int) -> float:
        """A scalar, NaN where it is computed of nothing."""
        value = self.value(index)
        return value if isinstance(value, float) else self.refuse("takes a scalar there")

    def number(self, index: int) -> int | None:
        """A whole number that is not negative; None where data decides, and there is none."""
        value = self.scalar(index)
        if math.isnan(value):
            return None
        return int(value) if value >= 0 and value.is_integer() else self.refuse("takes a whole number there")

    def word(self, index: int, among: frozenset[str]) -> str:
        """A bare word."""
        node = self.nodes[index]
        if not isinstance(node, Function) or node.arguments is not None or node.name not in among:
            self.refuse(f"takes one of {', '.join(sorted(among))} there")
        return node.name

    def text(self, index: int) -> str:
        """A string."""
        node = self.nodes[index]
        return node.value if isinstance(node, Text) else self.refuse("takes a string there")
