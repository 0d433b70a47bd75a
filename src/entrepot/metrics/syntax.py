"""Tokens -> the tree of a metric math expression, bounded in depth."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import msgspec

from entrepot.metrics.tokens import Kind, Token, refuse, tokens

DEEPEST: Final = 50


class Number(msgspec.Struct, frozen=True):
    """A scalar."""

    value: float


class Text(msgspec.Struct, frozen=True):
    """A string, which only some functions take; without its quotes."""

    value: str
    at: int


class Name(msgspec.Struct, frozen=True):
    """The id of a metric or of another expression."""

    name: str
    at: int


class Array(msgspec.Struct, frozen=True):
    """`[m1, m2]`."""

    items: tuple["Node", ...]
    at: int


class Step(NamedTuple):
    """An operator and what stands to its right."""

    sign: str
    operand: "Node"
    at: int


class Chain(msgspec.Struct, frozen=True):
    """`a - b + c`: operators of one rank, from left to right. Flat, so that a long one is not a deep one."""

    first: "Node"
    steps: tuple[Step, ...]


class Negative(msgspec.Struct, frozen=True):
    """`-a`."""

    operand: "Node"
    at: int


class Function(msgspec.Struct, frozen=True):
    """A function with its arguments, or a bare word (`REPEAT`), which has None."""

    name: str
    arguments: tuple["Node", ...] | None
    at: int


Node = Number | Text | Name | Array | Chain | Negative | Function

# from the loosest to the tightest; `-x` binds tighter than `*`, and `^` tighter than `-x`
_LEVELS: Final[tuple[frozenset[str], ...]] = (
    frozenset({"OR"}),
    frozenset({"AND"}),
    frozenset({"==", "!=", "<", "<=", ">", ">="}),
    frozenset({"+", "-"}),
    frozenset({"*", "/"}),
)
_LOGICAL: Final = frozenset({"AND", "OR"})
_OPERATORS: Final = frozenset({Kind.SIGN, Kind.WORD})


def parse(text: str) -> Node:
    """The tree of an expression: ExpressionInvalid."""
    reader = _Reader(tokens(text))
    if reader.next.text == "SELECT":
        refuse("Metrics Insights queries (SELECT) are not available; use SEARCH,", reader.next.at)
    tree = reader.expression()
    if reader.next.kind is not Kind.END:
        refuse(f"Unexpected {reader.next.text!r}", reader.next.at)
    return tree


def names(tree: Node) -> frozenset[str]:
    """The ids that an expression names."""
    if isinstance(tree, Name):
        return frozenset({tree.name})
    return frozenset[str]().union(*(names(child) for child in children(tree)))


def functions(tree: Node) -> frozenset[str]:
    """The functions that it calls."""
    own = frozenset({tree.name}) if isinstance(tree, Function) and tree.arguments is not None else frozenset()
    return own.union(*(functions(child) for child in children(tree)))


def children(tree: Node) -> tuple[Node, ...]:
    """What a node is made of."""
    match tree:
        case Chain(first, steps):
            return (first, *(step.operand for step in steps))
        case Negative(operand):
            return (operand,)
        case Array(items):
            return items
        case Function(_, arguments):
            return arguments or ()
    return ()


class _Reader:
    """Recursive descent; each level of nesting counts."""

    def __init__(self, found: Sequence[Token]) -> None:
        self._tokens = found
        self._position = 0
        self._depth = 0

    @property
    def next(self) -> Token:
        return self._tokens[self._position]

    def expression(self, level: int = 0) -> Node:
        if level == len(_LEVELS):
            return self._unary()
        first = self.expression(level + 1)
        steps: list[Step] = []
        while self.next.kind in _OPERATORS and self.next.text in _LEVELS[level]:
            sign = self._take()
            steps.append(Step(sign.text, self.expression(level + 1), sign.at))
        return Chain(first, tuple(steps)) if steps else first

    def _unary(self) -> Node:
        sign = self.next
        if self._skip("-"):
            return Negative(self._nested(self._unary), sign.at)
        base = self._primary()
        sign = self.next
        if self._skip("^"):
            return Chain(base, (Step("^", self._nested(self._unary), sign.at),))
        return base

    def _primary(self) -> Node:
        token = self._take()
        match token.kind:
            case Kind.NUMBER:
                return Number(float(token.text))
            case Kind.STRING:
                return Text(token.text[1:-1], token.at)
            case Kind.NAME:
                return Name(token.text, token.at)
            case Kind.WORD if token.text not in _LOGICAL:
                return Function(token.text, self._list(")") if self._skip("(") else None, token.at)
        if token.text == "[":
            return Array(self._list("]"), token.at)
        if token.text != "(":
            refuse(f"Unexpected {token.text!r}", token.at)
        inner = self._nested(self.expression)
        self._expect(")")
        return inner

    def _list(self, closing: str) -> tuple[Node, ...]:
        """What stands between commas, up to the closing sign."""
        if self._skip(closing):
            return ()
        items = [self._nested(self.expression)]
        while self._skip(","):
            items.append(self._nested(self.expression))
        self._expect(closing)
        return tuple(items)

    def _nested(self, read: Callable[[], Node]) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            refuse(f"Nested more than {DEEPEST} levels deep", self.next.at)
        node = read()
        self._depth -= 1
        return node

    def _take(self) -> Token:
        token = self.next
        self._position = min(self._position + 1, len(self._tokens) - 1)
        return token

    def _skip(self, sign: str) -> bool:
        """Take the sign if it stands here."""
        here = self.next.kind is Kind.SIGN and self.next.text == sign
        if here:
            self._take()
        return here

    def _expect(self, sign: str) -> None:
        if not self._skip(sign):
            refuse(f"Expected {sign!r}, not {self.next.text!r},", self.next.at)
