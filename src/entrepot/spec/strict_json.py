"""JSON from strangers: bounded in depth, no key twice in an object, nothing that JSON does not have.

How deep a text nests is told without a recursive parser.
"""

import json
import re
from collections.abc import Callable
from typing import Any, NoReturn

_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_BRACKET = re.compile(r"[\[\]{}]")


class JsonRefused(ValueError):
    """JSON, or nearly, but not as strangers may write it; the message says why."""


def decode(text: str, deepest: int, number: Callable[[str], object] | None = None) -> Any:
    """The text's value, numbers as `number` makes them of their text: JsonRefused, ValueError for what is no JSON."""
    if nests_deeper(text, deepest):
        raise JsonRefused(f"it is nested more than {deepest} levels deep")
    return json.loads(
        text, object_pairs_hook=_unique, parse_int=number, parse_float=number, parse_constant=_refuse_constant
    )


def nests_deeper(text: str, limit: int) -> bool:
    """Whether objects and arrays nest more than `limit` levels deep; brackets inside strings do not count."""
    if text.count("[") + text.count("{") <= limit:
        return False
    depth = 0
    for bracket in _BRACKET.findall(_STRING.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        if depth > limit:
            return True
    return False


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise JsonRefused("a key stands twice in one object")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise JsonRefused(f"{name} is not JSON")
