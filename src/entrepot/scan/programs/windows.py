"""A program as it streams by, in pieces that overlap so that nothing is cut in two, and what looks into them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from entrepot.scan.packages import Package

REACH = 1024  # bytes that whoever finds a beginning may look at behind it
_KEPT = 4 * REACH


@dataclass(frozen=True, slots=True)
class Window:
    """A piece of a file."""

    data: bytes
    offset: int  # of its first byte in the file
    fresh: int  # where in `data` the bytes begin that no window had before
    ripe: int  # what begins before here has REACH bytes behind it, or all that there are


class Search(Protocol):
    """What looks for something while the windows go by, each once and in order."""

    done: bool

    def see(self, window: Window) -> None:
        """Look at it, and remember."""

    def packages(self, path: str) -> Iterable[Package]:
        """What was found in the file of that name: FileMalformed."""


def windows(chunks: Iterable[bytes]) -> Iterator[Window]:
    """The pieces; the last one has nothing fresh, and all of it is ripe."""
    kept, offset = b"", 0
    for chunk in chunks:
        data = kept + chunk
        yield Window(data, offset, fresh=len(kept), ripe=len(data) - REACH)
        kept = data[-_KEPT:]
        offset += len(data) - len(kept)
    yield Window(kept, offset, fresh=len(kept), ripe=len(kept))


def places(window: Window, needle: bytes) -> Iterator[int]:
    """Where it begins in the window, as far as that is ripe."""
    at = window.data.find(needle)
    while 0 <= at < window.ripe:
        yield at
        at = window.data.find(needle, at + 1)
