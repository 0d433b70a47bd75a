"""A layer's tar archive, entry by entry, in one pass: v7, ustar, GNU and PAX. Nothing is unpacked to a file system.

What Go's archive/tar refuses (and thus each runtime of containers) is LayerMalformed, with the one exception of paths.
"""

import io
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from functools import partial
from typing import BinaryIO

from entrepot.errors.scanning import FileTooLarge, LayerMalformed
from entrepot.scan import tar_headers, tar_sparse
from entrepot.scan.budgets import Meter
from entrepot.scan.files import ARCHIVE, METADATA
from entrepot.scan.pieces import Pieces, exactly
from entrepot.scan.spools import spool
from entrepot.scan.tar_headers import BLOCK
from entrepot.scan.tar_sparse import Segment

_IN_MEMORY = 1024 * 1024  # bytes: what is larger is written to a file of memory piece by piece
_PIECE = 1024 * 1024
_ZERO = bytes(BLOCK)
_LONG_NAME, _LONG_LINK, _EXTENDED, _GLOBAL, _SPARSE = b"LKxgS"
_EXTENSIONS = frozenset({_LONG_NAME, _LONG_LINK, _EXTENDED, _GLOBAL})


class Kind(Enum):
    """What an entry is, as far as it matters to an inventory."""

    FILE = "file"
    LINK = "link"  # a hard one
    DIRECTORY = "directory"
    OTHER = "other"  # a symbolic link, a device, a pipe
    UNKNOWN = "unknown"  # of another system, or nothing that would be in a file system
    OUTSIDE = "outside"  # whatever it is, its path leaves the root; it stands as it was written


_KINDS: Mapping[int, Kind] = {
    **dict.fromkeys(b"0\x007S", Kind.FILE),
    **dict.fromkeys(b"1", Kind.LINK),
    **dict.fromkeys(b"2346", Kind.OTHER),
    **dict.fromkeys(b"5", Kind.DIRECTORY),
}
_WITHOUT_DATA = frozenset(b"123456")


class Entry:
    """An entry while the walker stands on it. One of Kind.FILE is a File (scan/files.py)."""

    __slots__ = (
        "_filled",
        "_front",
        "_meter",
        "_mode",
        "_opened",
        "_pieces",
        "kind",
        "left",
        "path",
        "size",
        "target",
    )

    def __init__(self, path: str, kind: Kind, size: int, mode: bytes, pieces: Pieces, meter: Meter) -> None:
        self.path, self.kind = path, kind
        self.size = self.left = size  # `left`: of what is stored
        self.target = ""  # of a hard link
        self._mode, self._pieces, self._meter = mode, pieces, meter
        self._front = b""  # what was looked at of a sparse file
        self._filled: Iterator[bytes] | None = None  # the rest of it
        self._opened: BinaryIO | None = None

    @property
    def executable(self) -> bool:
        """Whether anybody may execute it."""
        return tar_headers.number(self._mode) & 0o111 != 0

    def start(self, count: int) -> bytes:
        """Its first bytes (4096 at most); asking takes nothing away."""
        if self._filled is None:
            return self._pieces.peek(min(count, self.left))
        for piece in self._filled:
            self._front += piece
            if len(self._front) >= count:
                break
        return self._front[:count]

    def read(self, most: int = METADATA) -> bytes:
        """All of it: FileTooLarge beyond so many bytes."""
        self._require(most)
        if self._filled is None:
            size, self.left = self.left, 0
            return exactly(self._pieces, size)
        return b"".join(self.chunks())

    def chunks(self) -> Iterator[bytes]:
        """All of it in pieces of at most 1 MiB, once."""
        if self._filled is None:
            while self.left:
                part = self.stored(_PIECE)
                if not part:
                    raise LayerMalformed(reason="it ends in the middle of an entry")
                yield part
            return
        front, self._front = self._front, b""
        if front:
            yield front
        for piece in self._filled:
            self._meter.unpack(len(piece))
            yield piece

    def opened(self, most: int = ARCHIVE) -> BinaryIO:
        """All of it, to seek in. FileTooLarge."""
        self._require(most)
        if self.size <= _IN_MEMORY:
            return io.BytesIO(self.read(most))
        self._opened = file = spool()
        for piece in self.chunks():
            file.write(piece)
        file.seek(0)
        return file

    def spread(self, segments: Callable[[], list[Segment]], size: int) -> None:
        """What is stored of it is spread over so many bytes."""
        self.size = size
        self._filled = self._fill(segments)

    def _fill(self, segments: Callable[[], list[Segment]]) -> Iterator[bytes]:
        yield from tar_sparse.filled(self.path, segments(), self.size, self.stored)

    def leave(self, padding: int) -> None:
        """Pass over what was not read of it, and what pads it, which may lack at the very end, as Go has it."""
        if self._opened is not None:
            self._opened.close()
        left = self.left + padding
        if left and self._pieces.skip(left) > padding:
            raise LayerMalformed(reason="it ends in the middle of an entry")

    def _require(self, most: int) -> None:
        if self.size > most:
            raise FileTooLarge(path=self.path, size=self.size, most=most)

    def stored(self, most: int) -> bytes:
        """The next bytes that are stored of it, so many at most."""
        part = self._pieces.some(min(most, self.left, _PIECE))
        self.left -= len(part)
        return part

    def take(self, count: int) -> bytes:
        """So many of the bytes that are stored of it: fewer only at their end."""
        part = self._pieces.take(min(count, self.left))
        self.left -= len(part)
        return part


def walk(pieces: Pieces, meter: Meter) -> Iterator[Entry]:
    """The archive's entries; each must be used before the next is asked for. LayerMalformed, BudgetExceeded."""
    said_of_all: dict[str, str] = {}
    said: dict[str, str] = {}
    while block := pieces.take(BLOCK):
        if not block[0] and block == _ZERO:
            _end(pieces)
            return
        if len(block) < BLOCK:
            raise LayerMalformed(reason="it ends in the middle of a header")
        meter.enter()
        kind = tar_headers.checked(block)[156]
        if kind in _EXTENSIONS:
            records = _extension(block, kind, pieces, meter)
            (said_of_all if kind == _GLOBAL else said).update(records)
            continue
        entry = _entry(block, said_of_all | said if said_of_all else said, pieces, meter)
        if said:
            said = {}
        padding = -entry.left % BLOCK
        yield entry
        entry.leave(padding)


def _end(pieces: Pieces) -> None:
    """A block of zeros: the next must be one too, or missing. What follows is passed over, as by runtimes."""
    if pieces.take(BLOCK) not in {b"", _ZERO}:
        raise LayerMalformed(reason="a block of zeros stands between its entries")
    pieces.drain()


def _extension(block: bytes, kind: int, pieces: Pieces, meter: Meter) -> dict[str, str]:
    size = tar_headers.number(block[124:136])
    meter.extend(size)
    data = exactly(pieces, size)
    exactly(pieces, -size % BLOCK)
    if kind == _LONG_NAME:
        return {"path": tar_headers.text(data)}
    if kind == _LONG_LINK:
        return {"linkpath": tar_headers.text(data)}
    return tar_headers.records(data)


def _entry(block: bytes, said: Mapping[str, str], pieces: Pieces, meter: Meter) -> Entry:
    flag = block[156]
    name = tar_headers.name(block)
    if said.get("path"):
        name = _checked(said["path"], meter)
    kind = _KINDS.get(flag, Kind.UNKNOWN)
    if not flag and name.endswith("/"):
        kind = Kind.DIRECTORY  # v7 has no other sign
    size = 0 if flag in _WITHOUT_DATA else _size(block, said)
    path = tar_headers.normalised(name)
    entry = Entry(name if path is None else path, kind, size, block[100:108], pieces, meter)
    if path is None:
        entry.kind = Kind.OUTSIDE
    elif kind is Kind.LINK:
        target = _checked(said.get("linkpath") or tar_headers.text(block[157:257]), meter)
        entry.target = tar_headers.normalised(target) or target
    elif flag == _SPARSE or (said and any(key.startswith("GNU.sparse.") for key in said)):
        _spread(entry, block, said, pieces, meter)
    return entry


def _size(block: bytes, said: Mapping[str, str]) -> int:
    return tar_headers.decimal(said["size"]) if said.get("size") else tar_headers.number(block[124:136])


def _checked(path: str, meter: Meter) -> str:
    if "\0" in path:
        raise LayerMalformed(reason="a path has a NUL in it")
    return meter.name(path)


def _spread(entry: Entry, block: bytes, said: Mapping[str, str], pieces: Pieces, meter: Meter) -> None:
    """A sparse file: its name, its size and its map stand elsewhere."""
    if block[156] == _SPARSE:
        found = tar_sparse.of_header(block, partial(_following, pieces, meter))
        entry.spread(lambda: found, tar_headers.number(block[483:495]))
        return
    entry.path = tar_headers.normalised(_checked(said.get("GNU.sparse.name", entry.path), meter)) or entry.path
    size = tar_headers.decimal(said.get("GNU.sparse.realsize") or said.get("GNU.sparse.size") or "")
    if said.get("GNU.sparse.major") == "1":
        entry.spread(lambda: tar_sparse.of_data(entry.path, entry.take), size)
    else:
        numbers = said.get("GNU.sparse.map", "")
        entry.spread(lambda: tar_sparse.of_records(entry.path, numbers), size)


def _following(pieces: Pieces, meter: Meter) -> bytes:
    meter.enter()
    return exactly(pieces, BLOCK)
