"""What of an event many branches look at: the scalars of the fields that they name, and who is found by these."""

from collections.abc import Hashable, Iterable, Mapping
from typing import Any, Generic, TypeVar

import msgspec

from entrepot.pattern import values
from entrepot.pattern.operators import Key, Kind, Test
from entrepot.pattern.reading import Path

Entry = TypeVar("Entry")
Table = dict[Hashable, list[Entry]]


class Question(msgspec.Struct, frozen=True, eq=False):
    """What a branch asks of one field; the same of many branches has the same number."""

    number: int
    place: int  # which field
    test: Test | None

    def answer(self, scalars: Mapping[int, list[object]], *, chosen: bool) -> bool:
        """Whether an event with these scalars may match; it does, unless it has objects in arrays (`chosen`)."""
        given = scalars.get(self.place)
        if self.test is None:
            return chosen or not given
        if given is None:
            return False
        return self.test.accepts(given[0]) if len(given) == 1 else any(map(self.test.accepts, given))


class Seen(msgspec.Struct, Generic[Entry]):
    """An event, looked at."""

    candidates: list[Entry]
    scalars: dict[int, list[object]]  # by the field's number
    chosen: bool = False  # whether a field lies in objects of an array, of which one must be chosen


class Index(Generic[Entry]):
    """The fields that branches name, as a tree of keys, in it the entries that each value finds."""

    __slots__ = ("_count", "_questions", "_root")

    def __init__(self) -> None:
        self._root = _Place[Entry]()
        self._count = 0
        self._questions: dict[tuple[Path, str | None], Question] = {}

    def question(self, path: Path, test: Test | None) -> Question:
        """What is asked of the values at a path."""
        known = (path, test.text if test else None)
        if known not in self._questions:
            self._questions[known] = Question(len(self._questions), self._place(path).number, test)
        return self._questions[known]

    def add(self, path: Path, key: Key, entry: Entry) -> None:
        """Have the entry found by a key of the value at a path."""
        place = self._place(path)
        place.found_by = place.found_by or _FoundBy[Entry]()
        place.found_by.add(key, entry)

    def _place(self, path: Path) -> "_Place[Entry]":
        place = self._root
        for name in path:
            place = place.below.setdefault(name, _Place[Entry]())
        if place.number < 0:
            place.number = self._count
            self._count += 1
        return place

    def look(self, event: Mapping[str, Any]) -> Seen[Entry]:
        """What of an event counts."""
        seen = Seen[Entry]([], {})
        waiting: list[tuple[_Place[Entry], object, bool]] = [(self._root, event, False)]
        while waiting:
            place, value, in_array = waiting.pop()
            if isinstance(value, dict):
                below = place.below
                seen.chosen = seen.chosen or (in_array and bool(below))
                waiting += [(below[name], inner, False) for name, inner in value.items() if name in below]
            elif isinstance(value, list):
                waiting += [(place, inner, True) for inner in value]
            elif place.number >= 0:
                seen.scalars.setdefault(place.number, []).append(value)
                if place.found_by is not None:
                    seen.candidates += place.found_by.found(value)
        return seen


class _Place(Generic[Entry]):
    """One key of the tree."""

    __slots__ = ("below", "found_by", "number")

    def __init__(self) -> None:
        self.below: dict[str, _Place[Entry]] = {}
        self.number = -1  # of the field, if this is one
        self.found_by: _FoundBy[Entry] | None = None


class _FoundBy(Generic[Entry]):
    """The entries that are found by values of one field."""

    __slots__ = ("_any", "_exact", "_folded", "_prefixes", "_suffixes")

    def __init__(self) -> None:
        self._any: list[Entry] = []
        self._exact: Table[Entry] = {}
        self._folded: Table[Entry] = {}
        self._prefixes: dict[int, Table[Entry]] = {}  # by length
        self._suffixes: dict[int, Table[Entry]] = {}

    def add(self, key: Key, entry: Entry) -> None:
        """Have the entry found by the values of a key."""
        kind, wanted = key
        if kind == "any":
            self._any.append(entry)
        else:
            self._table(kind, wanted).setdefault(wanted, []).append(entry)

    def _table(self, kind: Kind, wanted: Hashable) -> "Table[Entry]":
        if kind in {"exact", "fold"}:
            return self._exact if kind == "exact" else self._folded
        by_length = self._prefixes if kind == "prefix" else self._suffixes
        return by_length.setdefault(len(str(wanted)), {})

    def found(self, value: object) -> Iterable[Entry]:
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
