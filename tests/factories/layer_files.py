"""Files of a layer without a layer: what a reader is given."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from entrepot.errors.scanning import FileTooLarge
from entrepot.scan.files import ARCHIVE, METADATA, Keeps


@dataclass(frozen=True)
class MemoryFile:
    """A file that holds these bytes."""

    path: str
    data: bytes
    executable: bool = False

    @property
    def size(self) -> int:
        """Its length."""
        return len(self.data)

    def start(self, count: int) -> bytes:
        """Its first bytes."""
        return self.data[:count]

    def read(self, most: int = METADATA) -> bytes:
        """All of it."""
        if self.size > most:
            raise FileTooLarge(path=self.path, size=self.size, most=most)
        return self.data

    def chunks(self) -> Iterator[bytes]:
        """All of it in pieces."""
        for at in range(0, self.size, 1024 * 1024):
            yield self.data[at : at + 1024 * 1024]

    def opened(self, most: int = ARCHIVE) -> BinaryIO:
        """All of it, to seek in."""
        return io.BytesIO(self.read(most))


def keeping(wants: Callable[[str], bool]) -> Keeps:
    """What keeps the paths that are wanted."""
    return lambda paths: [path for path in paths if wants(path)]
