"""One reader of a blob that is on its way: from the window of this process where it keeps up, else from the spool,
which another process over the same data may be writing.

What another process writes is not known to be right until it is stored: the last byte waits for that, and what was
handed out before must be what is stored then. Where it is not, the reader gets no more.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import BinaryIO, Self

from entrepot.core.pull_through.flight import Flight
from entrepot.errors import BlobBytesMissing, UpstreamImageUnusable

_PIECE = 1 << 20
Peek = Callable[[str], BinaryIO]


class Reader:
    """Has handed out `at` bytes. Of one event loop; closed at the end."""

    def __init__(self, flight: Flight, peek: Peek) -> None:
        """`peek` opens a spool that is being written: BlobBytesMissing."""
        self.at = 0
        self._flight = flight
        self._peek = peek
        self._name = ""
        self._file: BinaryIO | None = None  # holds all that was handed out; None: the window had it

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    @property
    def has_all(self) -> bool:
        """Whether nothing is left to hand out; what had it all is right."""
        return 0 < self._flight.size == self.at

    async def more(self) -> bytes:
        """Bytes that may be handed out now, none where there are none yet: UpstreamImageUnusable."""
        flight = self._flight
        if self._file is None or self._name == flight.own:
            piece = flight.window.read(self.at)
            if not piece and flight.own and not flight.window.is_behind(self.at):
                return b""
        else:
            piece = b""
        spool = flight.own or flight.elsewhere
        if not piece and spool:
            piece = await asyncio.to_thread(self._spooled, spool, self._end(spool))
        self.at += len(piece)
        return piece

    async def rest(self, stored: BinaryIO) -> AsyncIterator[bytes]:
        """What is left, of the blob as it is stored: UpstreamImageUnusable where that goes on from other bytes than
        those that were handed out.
        """
        with stored:
            if self._file is not None and not await asyncio.to_thread(_alike, self._file, stored, self.at):
                raise self._other()
            stored.seek(self.at)
            while piece := await asyncio.to_thread(stored.read, _PIECE):
                self.at += len(piece)
                yield piece

    def _end(self, spool: str) -> int:
        """Up to where a spool may be handed out."""
        is_right = spool == self._flight.own and self._flight.window.is_right
        return self._flight.size if is_right else self._flight.size - 1

    def _spooled(self, spool: str, end: int) -> bytes:
        if spool != self._name and not self._changed_to(spool):
            return b""
        if self._file is None or self.at >= end:
            return b""
        self._file.seek(self.at)
        return self._file.read(min(_PIECE, end - self.at))

    def _changed_to(self, spool: str) -> bool:
        """Go on in another spool, as soon as it holds what was handed out."""
        try:
            fresh = self._peek(spool)
        except BlobBytesMissing:
            return False
        if self._file is not None:
            if fresh.seek(0, os.SEEK_END) < self.at:
                fresh.close()
                return False
            if not _alike(self._file, fresh, self.at):
                fresh.close()
                raise self._other()
            self._file.close()
        self._file, self._name = fresh, spool
        return True

    def _other(self) -> UpstreamImageUnusable:
        return UpstreamImageUnusable(url=self._flight.host, reason="it gives other bytes than a moment ago")


def _alike(one: BinaryIO, other: BinaryIO, size: int) -> bool:
    """Whether both begin with the same bytes, so many of them."""
    with suppress(OSError):  # what is decrypted as it is read is no file
        if os.path.samestat(os.fstat(one.fileno()), os.fstat(other.fileno())):
            return True
    one.seek(0)
    other.seek(0)
    while size > 0:
        piece = one.read(min(_PIECE, size))
        if not piece or _exactly(other, len(piece)) != piece:
            return False
        size -= len(piece)
    return True


def _exactly(file: BinaryIO, count: int) -> bytes:
    """So many bytes, fewer only at the end."""
    found = b""
    while len(found) < count and (more := file.read(count - len(found))):
        found += more
    return found
