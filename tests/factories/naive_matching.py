"""Event patterns as Event Ruler's description tells them: the event becomes a list of fields, and every choice of one
field for each path of the pattern is tried, in the order of the paths, without a thought for speed.
"""

from collections.abc import Iterator
from fractions import Fraction
from ipaddress import ip_address, ip_network
from typing import Any

Tree = dict[str, Any]
Chosen = dict[int, int]  # array -> the element that was chosen in it
Field = tuple[str, Any, Chosen]


def matches(pattern: Tree, event: Tree) -> bool:
    """Whether the event matches in one of the ways that the pattern has."""
    fields = list(flattened(event, "", {}))
    return any(holds(sorted(way), fields, {}) for way in ways(pattern, ""))


# ---------------------------------------------------------------- the event as fields
def flattened(value: Any, path: str, within: Chosen) -> Iterator[Field]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from flattened(inner, f"{path}.{name}", within)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            if contains_objects(inner):
                yield from flattened(inner, path, {**within, id(value): place})
            yield from ((path, scalar, within) for scalar in scalars(inner))
    else:
        yield path, value, within


def contains_objects(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and any(map(contains_objects, value)))


def scalars(value: Any) -> Iterator[Any]:
    """Those of arrays in arrays; what is in objects is of another path."""
    if isinstance(value, list):
        for each in value:
            yield from scalars(each)
    elif not isinstance(value, dict):
        yield value


# ---------------------------------------------------------------- the pattern as ways to match
def ways(tree: Tree, path: str) -> Iterator[list[tuple[str, list[Any]]]]:
    if not tree:
        yield []
        return
    (name, value), *rest = tree.items()
    for others in ways(dict(rest), path):
        for these in ways_of_one(name, value, path):
            yield these + others


def ways_of_one(name: str, value: Any, path: str) -> Iterator[list[tuple[str, list[Any]]]]:
    if name == "$or":
        for alternative in value:
            yield from ways(alternative, path)
    elif isinstance(value, dict):
        yield from ways(value, f"{path}.{name}")
    else:
        yield [(f"{path}.{name}", value)]


def holds(asked: list[tuple[str, list[Any]]], fields: list[Field], chosen: Chosen) -> bool:
    if not asked:
        return True
    (path, elements), *rest = asked
    here = [(value, within) for name, value, within in fields if name == path and agree(within, chosen)]
    if {"exists": False} in elements and not here and holds(rest, fields, chosen):
        return True
    return any(
        holds(rest, fields, {**chosen, **within})
        for value, within in here
        if any(accepts(element, value) for element in elements)
    )


def agree(one: Chosen, other: Chosen) -> bool:
    return all(other.get(array, place) == place for array, place in one.items())


# ---------------------------------------------------------------- one element and one value
def accepts(element: Any, value: Any) -> bool:
    if not isinstance(element, dict):
        return same(element, value)
    ((operator, operand),) = element.items()
    if operator == "exists":
        return bool(operand)
    if operator == "anything-but":
        return not any(accepts(refused, value) for refused in refusals(operand))
    if operator == "numeric":
        return is_number(value) and in_range(operand, Fraction(str(value)))
    return isinstance(value, str) and accepts_text(operator, operand, value)


def refusals(operand: Any) -> list[Any]:
    if isinstance(operand, dict):
        ((operator, texts),) = operand.items()
        return [{operator: text} for text in (texts if isinstance(texts, list) else [texts])]
    return operand if isinstance(operand, list) else [operand]


def accepts_text(operator: str, operand: Any, value: str) -> bool:
    if isinstance(operand, dict):
        return accepts_text(operator, operand["equals-ignore-case"].lower(), value.lower())
    if operator == "prefix":
        return value[: len(operand)] == str(operand)
    if operator == "suffix":
        return value[::-1][: len(operand)] == str(operand)[::-1]
    if operator == "equals-ignore-case":
        return value.lower() == str(operand).lower()
    if operator == "wildcard":
        return fits(operand, value)
    assert operator == "cidr"
    try:
        return ip_address(value) in ip_network(operand)
    except ValueError:
        return False


def fits(pattern: str, text: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(fits(pattern[1:], text[at:]) for at in range(len(text) + 1))
    pattern = pattern.removeprefix("\\")
    return text[:1] == pattern[0] and fits(pattern[1:], text[1:])


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def same(one: Any, other: Any) -> bool:
    if is_number(one) and is_number(other):
        return Fraction(str(one)) == Fraction(str(other))
    return type(one) is type(other) and one == other


def in_range(terms: list[Any], value: Fraction) -> bool:
    for operator, bound in zip(terms[::2], terms[1::2], strict=True):
        below, equal = value < Fraction(str(bound)), value == Fraction(str(bound))
        if not {"<": below, "<=": below or equal, "=": equal, ">": not below and not equal, ">=": not below}[operator]:
            return False
    return abs(value) <= 5 * 10**9
