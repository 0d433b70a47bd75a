"""A place in a stream of pieces: what is passed over is never copied."""

import io
from collections.abc import Iterable

from entrepot.errors.scanning import LayerMalformed


class Pieces:
    """Pieces of bytes, read from the front."""

    __slots__ = ("_at", "_later", "_piece", "_pieces")

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._piece = b""
        self._at = 0
        self._later: list[bytes] = []  # what comes next, before `_pieces`, the last first

    def take(self, count: int) -> bytes:
        """So many bytes: fewer only at the end."""
        at = self._at
        end = at + count
        if end <= len(self._piece):
            self._at = end
            return self._piece[at:end]
        taken = io.BytesIO()  # unlike a list of parts, it never holds all of them twice
        while count and (part := self.some(count)):
            count -= taken.write(part)
        return taken.getvalue()

    def some(self, most: int) -> bytes:
        """The next bytes that lie together, so many at most: none at the end."""
        while self._at >= len(self._piece):
            if not self._advance():
                return b""
        at = self._at
        part = self._piece[at : at + most] if at or most < len(self._piece) else self._piece
        self._at = at + len(part)
        return part

    def back(self, count: int) -> None:
        """Step back over so many bytes of what `some` gave last."""
        self._at -= count

    def peek(self, count: int) -> bytes:
        """The bytes that `take` would give, which stay."""
        at = self._at
        if at + count <= len(self._piece):
            return self._piece[at : at + count]
        taken = self.take(count)
        if self._at < len(self._piece):
            self._later.append(self._piece[self._at :])
        self._piece, self._at = taken, 0
        return taken

    def skip(self, count: int) -> int:
        """Pass over so many bytes; says how many were not there."""
        left = len(self._piece) - self._at
        while count > left:
            count -= left
            if not self._advance():
                return count
            left = len(self._piece)
        self._at += count
        return 0

    def drain(self) -> None:
        """Pass over all that is left."""
        while self._advance():
            pass

    def _advance(self) -> bool:
        piece = self._later.pop() if self._later else next(self._pieces, None)
        self._piece, self._at = piece or b"", 0
        return piece is not None


def exactly(pieces: Pieces, count: int) -> bytes:
    """So many bytes: LayerMalformed without them."""
    taken = pieces.take(count)
    if len(taken) < count:
        raise LayerMalformed(reason="it ends in the middle of an entry")
    return taken
