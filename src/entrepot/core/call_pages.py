"""Pages of calls, as journals and the audit trail keep them: what calls have in common stands once on a page, and their
numbers stand in columns, which who counts reads without what was said.

page  msgpack [ [common, …], [place of a call's common, …], [at, …], [received, …], [sent, …], [took, …],
                bin( [what was said, …] ) ]
"""

import struct
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import NamedTuple, Self

import msgspec

from entrepot.core.calls import LARGEST, Call, CallNumbers, Encoded, encode

_ENCODE = msgspec.msgpack.Encoder().encode
_ARRAY = struct.Struct(">BI")  # msgpack's "array 32", before what is encoded already
_OWN_NUMBERS = 37  # bytes at most: a place and four numbers, with what says how long they are


class Numbers(NamedTuple):
    """Those of calls, in columns (calls.py, `Call`)."""

    at: list[int]
    received: list[int]
    sent: list[int]
    took: list[int]

    def of(self, position: int) -> CallNumbers:
        """Those of one call."""
        return self.at[position], self.received[position], self.sent[position], self.took[position]

    def part(self, first: int, last: int) -> Self:
        """Those of the positions from `first` on, before `last`."""
        return type(self)(*(column[first:last] for column in self))

    def chosen(self, positions: Sequence[int]) -> Self:
        """Those of some positions, in their order."""
        return type(self)(*([column[position] for position in positions] for column in self))


class Counted(NamedTuple):
    """A page without what was said: the place of each call's common, and its numbers."""

    commons: list[bytes]
    places: list[int]
    numbers: Numbers


class Columns(NamedTuple):
    """Calls: the numbers of each, what it has in common with others, and what it said, still encoded."""

    numbers: Numbers
    common: list[bytes]
    said: list[msgspec.Raw]

    @classmethod
    def empty(cls) -> Self:
        """Of no calls."""
        return cls(Numbers([], [], [], []), [], [])

    def call(self, position: int) -> Encoded:
        """One of the calls."""
        return Encoded(self.numbers.of(position), self.common[position], self.said[position])

    def calls(self) -> Iterator[Encoded]:
        """All of them, in order."""
        return map(self.call, range(len(self.said)))

    def add(self, call: Encoded) -> None:
        """Take a call."""
        for column, number in zip(self.numbers, call.numbers, strict=True):
            column.append(number)
        self.common.append(call.common)
        self.said.append(call.said)

    def extend(self, other: Self) -> None:
        """Take the calls of others."""
        for column, more in zip(self.numbers, other.numbers, strict=True):
            column.extend(more)
        self.common.extend(other.common)
        self.said.extend(other.said)

    def part(self, first: int, last: int) -> Self:
        """Those of the positions from `first` on, before `last`."""
        return type(self)(self.numbers.part(first, last), self.common[first:last], self.said[first:last])

    def chosen(self, positions: Sequence[int]) -> Self:
        """Those of some positions, in their order."""
        common = [self.common[position] for position in positions]
        return type(self)(self.numbers.chosen(positions), common, [self.said[position] for position in positions])


_COUNTED = msgspec.msgpack.Decoder(
    tuple[list[msgspec.Raw], list[int], list[int], list[int], list[int], list[int], msgspec.Raw]
)
_TOLD = msgspec.msgpack.Decoder(tuple[list[msgspec.Raw], list[int], list[int], list[int], list[int], list[int], bytes])
_SAID = msgspec.msgpack.Decoder(list[msgspec.Raw])


class Writing:
    """A page that is being written: calls are alike if their keys are."""

    def __init__(self) -> None:
        self._places_of: dict[Hashable, int] = {}
        self._commons: list[msgspec.Raw] = []
        self._places: list[int] = []
        self._numbers: list[CallNumbers] = []
        self._said: list[bytes] = []
        self.size = 0  # bytes at most, but for a few

    def add(self, key: Hashable, numbers: CallNumbers, said: bytes) -> bool:
        """Take a call; False when the common of such calls is not on the page, and must be put there before."""
        place = self._places_of.get(key)
        if place is None:
            return False
        self._places.append(place)
        self._numbers.append(numbers)
        self._said.append(said)
        self.size += len(said) + _OWN_NUMBERS
        return True

    def put(self, key: Hashable, common: bytes) -> None:
        """What calls of this key have in common."""
        self._places_of[key] = len(self._commons)
        self._commons.append(msgspec.Raw(common))
        self.size += len(common)

    def page(self) -> bytes:
        """The page as it is."""
        numbers = zip(*self._numbers, strict=True) if self._numbers else ((), (), (), ())
        return _page(self._commons, self._places, numbers, self._said)


def pages(calls: Iterable[Call]) -> Iterator[bytes]:
    """Calls in order, on pages of LARGEST bytes and a little, few as they can be: as a journal's records."""
    part, size = Columns.empty(), 0
    for call in map(encode, calls):
        length = len(call.common) + len(call.said)
        if part.said and size + length > LARGEST:
            yield page(part)
            part, size = Columns.empty(), 0
        part.add(call)
        size += length
    if part.said:
        yield page(part)


def page(calls: Columns) -> bytes:
    """Calls as one page, in order."""
    known: dict[bytes, int] = {}
    places = [known.setdefault(common, len(known)) for common in calls.common]
    return _page(list(map(msgspec.Raw, known)), places, calls.numbers, calls.said)


def counted(page: bytes) -> Counted:
    """The numbers of a page's calls: msgspec.DecodeError for a page of another version."""
    commons, places, *numbers, _ = _COUNTED.decode(page)
    return _checked(Counted(list(map(bytes, commons)), places, Numbers(*numbers)))


def columns(page: bytes) -> Columns:
    """A page's calls: msgspec.DecodeError for a page of another version."""
    commons, places, *numbers, encoded = _TOLD.decode(page)
    found, said = _checked(Counted(list(map(bytes, commons)), places, Numbers(*numbers))), _SAID.decode(encoded)
    if len(said) != len(places):
        raise msgspec.DecodeError
    return Columns(found.numbers, [found.commons[place] for place in places], said)


def _page(
    commons: Sequence[msgspec.Raw],
    places: Sequence[int],
    numbers: Iterable[Sequence[int]],
    said: Sequence[bytes | msgspec.Raw],
) -> bytes:
    encoded = _ARRAY.pack(0xDD, len(said)) + b"".join(said)
    return _ENCODE((commons, places, *numbers, encoded))


def _checked(page: Counted) -> Counted:
    commons, places, numbers = page
    if {len(places)} != set(map(len, numbers)) or (places and not 0 <= min(places) <= max(places) < len(commons)):
        raise msgspec.DecodeError
    return page
