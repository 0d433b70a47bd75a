"""The JSON paths that event targets take from an event (docs: "Amazon EventBridge input transformation"): dots, array
indices, wildcards; names in brackets too.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from entrepot.errors import TargetInputInvalid

LONGEST = 256
_STEP = re.compile(
    r"""\.(?P<name>[A-Za-z0-9_/-]+)
    | \[(?P<index>0|[1-9][0-9]{0,8})\]
    | \[(?P<quote>['"])(?P<named>[^'"\\]+)(?P=quote)\]
    | (?P<all>\.\*|\[\*\])""",
    re.VERBOSE,
)


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()  # what a path finds in an event that has no such member
_EVERY: Final = "*", True


class Path:
    """One path; immutable."""

    __slots__ = ("_many", "_steps", "text")

    def __init__(self, text: str) -> None:
        """TargetInputInvalid for what is no path."""
        if not text.startswith("$") or len(text) > LONGEST:
            raise TargetInputInvalid(reason=f"Invalid JSONPath {text[:LONGEST]}.")
        self.text = text
        self._steps = tuple(_steps(text))
        self._many = _EVERY in self._steps

    def of(self, event: object) -> object:
        """The value that an event has there, a list of them for a path with wildcards; MISSING where it has none."""
        found = [event]
        for step in self._steps:
            found = [value for each in found for value in _below(each, step)]
        if self._many:
            return found or MISSING
        return found[0] if found else MISSING


_Step = str | int | tuple[str, bool]


def _steps(text: str) -> Iterator[_Step]:
    position = 1
    while position < len(text):
        match = _STEP.match(text, position)
        if match is None:
            raise TargetInputInvalid(reason=f"Invalid JSONPath {text}.")
        position = match.end()
        if match["index"] is not None:
            yield int(match["index"])
        else:
            yield _EVERY if match["all"] else match["name"] or match["named"]


def _below(value: object, step: _Step) -> Sequence[object]:
    if isinstance(value, Mapping):
        if step is _EVERY:
            return tuple(value.values())
        return (value[step],) if isinstance(step, str) and step in value else ()
    if isinstance(value, list):
        if step is _EVERY:
            return value
        return (value[step],) if isinstance(step, int) and step < len(value) else ()
    return ()
