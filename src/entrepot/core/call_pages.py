"""Pages of calls, as journals and the audit trail keep them: what calls have in common stands once on a page.

page  msgpack [ [common, …], [place of a call's common, …], [what is the call's own, …] ]
"""

from collections.abc import Hashable, Iterable, Iterator
from typing import NamedTuple

import msgspec

from entrepot.core.calls import LARGEST, Call, Encoded, encode

_ENCODE = msgspec.msgpack.Encoder().encode


class Numbers(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The beginning of what is a call's own (calls.py, `Own`)."""

    at: int
    received: int
    sent: int
    took: int


class Counted(NamedTuple):
    """A page without what was said: the place of each call's common, and its numbers."""

    commons: list[bytes]
    places: list[int]
    numbers: list[Numbers]


class Told(NamedTuple):
    """A page, its calls still encoded."""

    commons: list[bytes]
    places: list[int]
    owns: list[msgspec.Raw]

    def call(self, position: int) -> Encoded:
        """One of its calls."""
        return Encoded(self.commons[self.places[position]], self.owns[position])

    def calls(self) -> Iterator[Encoded]:
        """All of them, in order."""
        return map(Encoded, map(self.commons.__getitem__, self.places), self.owns)


_COUNTED = msgspec.msgpack.Decoder(tuple[list[msgspec.Raw], list[int], list[Numbers]])
_TOLD = msgspec.msgpack.Decoder(tuple[list[msgspec.Raw], list[int], list[msgspec.Raw]])
_numbers_of = msgspec.msgpack.Decoder(Numbers).decode


class Writing:
    """A page that is being written: calls are alike if their keys are."""

    def __init__(self) -> None:
        self._places_of: dict[Hashable, int] = {}
        self._commons: list[msgspec.Raw] = []
        self._places: list[int] = []
        self._owns: list[msgspec.Raw] = []
        self.size = 0  # bytes, but for a few

    def add(self, key: Hashable, own: bytes) -> bool:
        """Take a call; False when the common of such calls is not on the page, and must be put there before."""
        place = self._places_of.get(key)
        if place is None:
            return False
        self._places.append(place)
        self._owns.append(msgspec.Raw(own))
        self.size += len(own)
        return True

    def put(self, key: Hashable, common: bytes) -> None:
        """What calls of this key have in common."""
        self._places_of[key] = len(self._commons)
        self._commons.append(msgspec.Raw(common))
        self.size += len(common)

    def page(self) -> bytes:
        """The page as it is."""
        return _ENCODE((self._commons, self._places, self._owns))


def pages(calls: Iterable[Call]) -> Iterator[bytes]:
    """Calls in order, on pages of LARGEST bytes and a little, few as they can be: as a journal's records."""
    part: list[Encoded] = []
    size = 0
    for call in map(encode, calls):
        if part and size + len(call.common) + len(call.own) > LARGEST:
            yield page(part)
            part, size = [], 0
        part.append(call)
        size += len(call.common) + len(call.own)
    if part:
        yield page(part)


def page(calls: Iterable[Encoded]) -> bytes:
    """Calls as one page, in order."""
    held = list(calls)
    return bound([call.common for call in held], [call.own for call in held])


def bound(commons: Iterable[bytes], owns: Iterable[bytes | msgspec.Raw]) -> bytes:
    """The same of what each call has in common with others, and of what is its own."""
    known: dict[bytes, int] = {}
    places = [known.setdefault(common, len(known)) for common in commons]
    raw = [own if isinstance(own, msgspec.Raw) else msgspec.Raw(own) for own in owns]
    return _ENCODE((list(map(msgspec.Raw, known)), places, raw))


def counted(page: bytes) -> Counted:
    """The numbers of a page's calls: msgspec.DecodeError for a page of another version."""
    commons, places, numbers = _COUNTED.decode(page)
    _check(commons, places, len(numbers))
    return Counted(list(map(bytes, commons)), places, numbers)


def told(page: bytes) -> Told:
    """A page's calls: msgspec.DecodeError for a page of another version."""
    commons, places, owns = _TOLD.decode(page)
    _check(commons, places, len(owns))
    return Told(list(map(bytes, commons)), places, owns)


def made_at(call: Encoded) -> int:
    """When a call was made, without decoding the rest of it."""
    return _numbers_of(call.own).at


def _check(commons: list[msgspec.Raw], places: list[int], count: int) -> None:
    if len(places) != count or (places and not 0 <= min(places) <= max(places) < len(commons)):
        raise msgspec.DecodeError
