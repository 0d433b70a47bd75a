"""An event pattern: checked text, ready to be asked about events ("Event pattern syntax" of the EventBridge guide)."""

from collections.abc import Mapping
from typing import Any

from entrepot.pattern import reading, tree
from entrepot.pattern.reading import LONGEST, Branch


class Pattern:
    """One event pattern, compiled."""

    __slots__ = ("_ways", "branches")

    def __init__(self, text: str, longest: int = LONGEST) -> None:
        """Check the text, of at most `longest` characters: EventPatternInvalid."""
        self.branches: tuple[Branch, ...] = tuple(reading.branches(text, longest))
        self._ways = tuple(map(tree.compiled, self.branches))

    def matches(self, event: Mapping[str, Any]) -> bool:
        """Whether the pattern wants an event, a decoded JSON object."""
        return any(tree.matches(way, event) for way in self._ways)

    @property
    def ways(self) -> tuple[tree.Node, ...]:
        """Its branches, compiled: an event that matches one of them matches."""
        return self._ways
