"""Many patterns asked at once. An index from values of an event to the branches that may match it yields candidates.

Each branch is found by one of its fields: the one whose values the fewest branches share.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any, Generic, TypeVar

from entrepot.pattern import tree, values
from entrepot.pattern.operators import Key, Kind
from entrepot.pattern.pattern import Pattern
from entrepot.pattern.reading import Branch, Path
from entrepot.pattern.tree import Node

Name = TypeVar("Name", bound=Hashable)
Entry = tuple[Name, Node]  # whose branch it is, and the branch


class Rules(Generic[Name]):
    """Named patterns: which of them match an event."""

    __slots__ = ("_always", "_fields", "_order")

    def __init__(self, patterns: Mapping[Name, Pattern]) -> None:
        self._order = {name: place for place, name in enumerate(patterns)}
        self._always: list[Entry[Name]] = []  # branches that ask only for absence
        self._fields = _Fields[Name]()
        shared = Counter(use for pattern in patterns.values() for branch in pattern.branches for use in _uses(branch))
        for name, pattern in patterns.items():
            for branch, way in zip(pattern.branches, pattern.ways, strict=True):
                self._add(branch, (name, way), shared)

    def _add(self, branch: Branch, entry: "Entry[Name]", shared: "Counter[tuple[Path, Key]]") -> None:
        costs = {path: sum(shared[path, key] for key in test.keys) for path, test in branch.items() if test}
        if not costs:
            self._always.append(entry)
            return
        path = min(costs, key=lambda each: (costs[each], len(each), each))
        test = branch[path]
        for key in test.keys if test else ():
            self._fields.add(path, key, entry)

    def matching(self, event: Mapping[str, Any]) -> list[Name]:
        """The names of the patterns that match an event, a decoded JSON object; in the order of the patterns."""
        found: set[Name] = set()
        for name, way in self._candidates(event):
            if name not in found and tree.matches(way, event):
                found.add(name)
        return sorted(found, key=self._order.__getitem__)

    def _candidates(self, event: Mapping[str, Any]) -> "Iterator[Entry[Name]]":
        yield from self._always
        yield from self._fields.candidates(event)


def _uses(branch: Branch) -> Iterator[tuple[Path, Key]]:
    return ((path, key) for path, test in branch.items() if test for key in test.keys)


class _Fields(Generic[Name]):
    """The fields of events by which branches are found: a tree of keys, in it the entries of each value."""

    __slots__ = ("below", "here")

    def __init__(self) -> None:
        self.below: dict[str, _Fields[Name]] = {}
        self.here: _Field[Name] | None = None

    def add(self, path: Path, key: Key, entry: "Entry[Name]") -> None:
        """Have the entry found by a key of the value at a path."""
        place = self
        for name in path:
            place = place.below.setdefault(name, _Fields[Name]())
        place.here = place.here or _Field[Name]()
        place.here.add(key, entry)

    def candidates(self, event: Mapping[str, Any]) -> "Iterator[Entry[Name]]":
        """The entries that values of the event find."""
        waiting: list[tuple[_Fields[Name], object]] = [(self, event)]
        while waiting:
            place, value = waiting.pop()
            if isinstance(value, dict):
                below = place.below
                waiting += [(below[name], inner) for name, inner in value.items() if name in below]
            elif isinstance(value, list):
                waiting += [(place, inner) for inner in value]
            elif place.here is not None:
                yield from place.here.found(value)


class _Field(Generic[Name]):
    """The entries that are found by values of one field."""

    __slots__ = ("_any", "_exact", "_folded", "_prefixes", "_suffixes")

    def __init__(self) -> None:
        self._any: list[Entry[Name]] = []
        self._exact: dict[Hashable, list[Entry[Name]]] = {}
        self._folded: dict[Hashable, list[Entry[Name]]] = {}
        self._prefixes: dict[int, dict[Hashable, list[Entry[Name]]]] = {}  # by length
        self._suffixes: dict[int, dict[Hashable, list[Entry[Name]]]] = {}

    def add(self, key: Key, entry: "Entry[Name]") -> None:
        """Have the entry found by the values of a key."""
        kind, wanted = key
        if kind == "any":
            self._any.append(entry)
        else:
            self._table(kind, wanted).setdefault(wanted, []).append(entry)

    def _table(self, kind: Kind, wanted: Hashable) -> "dict[Hashable, list[Entry[Name]]]":
        if kind in {"exact", "fold"}:
            return self._exact if kind == "exact" else self._folded
        by_length = self._prefixes if kind == "prefix" else self._suffixes
        return by_length.setdefault(len(str(wanted)), {})

    def found(self, value: object) -> "Iterable[Entry[Name]]":
        """The entries of a scalar."""
        found = [*self._any, *self._exact.get(values.key(value), ())]
        if isinstance(value, str):
            if self._folded:
                found += self._folded.get(values.fold(value), ())
            for length, table in self._prefixes.items():
                found += table.get(value[:length], ())
            for length, table in self._suffixes.items():
                found += table.get(value[-length:] if length else "", ())
        return found
