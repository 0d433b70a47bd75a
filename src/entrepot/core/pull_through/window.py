"""The last bytes of a blob that is on its way, for those who read it meanwhile: bounded, so that nobody holds it up.

Who falls behind, or comes late, reads the spool (core/pull_through/readers.py). The last byte is handed out only when
the whole is known to be right: nobody takes what is short or wrong for the whole.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator

_ROOM = 8 * 1024 * 1024


class Window:
    """Of one blob of `size` bytes."""

    def __init__(self, size: int, room: int = _ROOM) -> None:
        self._size = size
        self._room = room
        self._pieces: deque[tuple[int, bytes]] = deque()
        self._held = 0
        self._end = 0
        self._is_right = False
        self._changed = asyncio.Event()

    async def passing(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The chunks as they come; readers see them too."""
        async for chunk in chunks:
            self._pieces.append((self._end, chunk))
            self._end += len(chunk)
            self._held += len(chunk)
            while self._held > self._room and len(self._pieces) > 1:
                self._held -= len(self._pieces.popleft()[1])
            self.wake()
            yield chunk

    def verified(self) -> None:
        """All of it is here, and right."""
        self._is_right = True
        self.wake()

    def wake(self) -> None:
        """Have readers look again."""
        self._changed.set()
        self._changed = asyncio.Event()

    def read(self, at: int) -> bytes:
        """Bytes from `at` on that may be handed out now; none where they are not here yet, or no more."""
        end = self._size if self._is_right else self._size - 1
        for start, piece in self._pieces:
            if start <= at < start + len(piece):
                return piece[at - start : max(0, end - start)]
        return b""

    def is_behind(self, at: int) -> bool:
        """Whether the bytes at `at` were here and are no more."""
        return bool(self._pieces) and at < self._pieces[0][0]

    @property
    def is_right(self) -> bool:
        """Whether all of it has come, and is right."""
        return self._is_right

    @property
    def has_begun(self) -> bool:
        """Whether anything has come."""
        return self._end > 0

    @property
    def changed(self) -> asyncio.Event:
        """Set when there is something new to see."""
        return self._changed
