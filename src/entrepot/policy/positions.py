"""Where the statements of a document stand in its text, for a simulation's answer."""

import json
import re
from typing import Any

import msgspec

_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\n\r]*")


class Position(msgspec.Struct, frozen=True):
    """Behind a character of a text; both count from 1."""

    line: int
    column: int


def statements(text: str) -> list[tuple[Position, Position]]:
    """(behind its first brace, behind its last) of each statement of a text that is a policy."""
    for key, start in _members(text, _skip(text, 0)):
        if key == "Statement":
            ends = _items(text, start) if text[start] == "[" else [(start, _value(text, start)[1])]
            return [(_position(text, first + 1), _position(text, last)) for first, last in ends]
    return []


def _members(text: str, at: int) -> list[tuple[str, int]]:
    """(name, where its value begins) of the members of the object that begins there."""
    found = []
    at = _skip(text, at + 1)
    while text[at] != "}":
        name, at = _value(text, at)
        at = _skip(text, _skip(text, at) + 1)  # the colon
        found.append((name, at))
        at = _separator(text, _value(text, at)[1])
    return found


def _items(text: str, at: int) -> list[tuple[int, int]]:
    """Where the items of the list that begins there begin and end."""
    found = []
    at = _skip(text, at + 1)
    while text[at] != "]":
        end = _value(text, at)[1]
        found.append((at, end))
        at = _separator(text, end)
    return found


def _value(text: str, at: int) -> tuple[Any, int]:
    """(the value that begins there, where it ends)."""
    return _DECODER.raw_decode(text, at)


def _separator(text: str, at: int) -> int:
    at = _skip(text, at)
    return _skip(text, at + 1) if text[at] == "," else at


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return at if found is None else found.end()


def _position(text: str, at: int) -> Position:
    before = text[:at]
    return Position(before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1)
