"""A file that was read once and is held for several who read it, or under several names."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from entrepot.errors.scanning import FileTooLarge
from entrepot.scan.files import ARCHIVE, METADATA

MOST = 2 * 1024**3  # bytes of one file that is held
_PIECE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Held:
    """A File (scan/files.py) whose bytes are these; `data` stays open, whatever its readers close."""

    path: str
    size: int
    executable: bool
    data: BinaryIO

    def start(self, count: int) -> bytes:
        """Its first bytes."""
        return self._at(0, count)

    def read(self, most: int = METADATA) -> bytes:
        """All of it: FileTooLarge beyond so many bytes."""
        self._require(most)
        return self._at(0, self.size)

    def chunks(self) -> Iterator[bytes]:
        """All of it in pieces of at most 1 MiB."""
        for at in range(0, self.size, _PIECE):
            yield self._at(at, _PIECE)

    def opened(self, most: int = ARCHIVE) -> BinaryIO:
        """All of it, to seek in: FileTooLarge beyond so many bytes."""
        self._require(most)
        return io.BufferedReader(_Window(self.data))

    def _at(self, at: int, count: int) -> bytes:
        self.data.seek(at)
        return self.data.read(count)

    def _require(self, most: int) -> None:
        if self.size > most:
            raise FileTooLarge(path=self.path, size=self.size, most=most)


class _Window(io.RawIOBase):
    """A place of one's own in a file that others read as well."""

    def __init__(self, data: BinaryIO) -> None:
        self._data, self._at = data, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_CUR:
            offset += self._at
            whence = io.SEEK_SET
        self._at = self._data.seek(offset, whence)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        self._data.seek(self._at)
        data = self._data.read(len(view))
        view[: len(data)] = data
        self._at += len(data)
        return len(data)
