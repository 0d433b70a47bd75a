"""A file of a layer as its readers see it, and what a reader is."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol

from entrepot.scan.packages import Package, Release, SystemDatabase

METADATA = 16 * 1024 * 1024  # bytes: the most that a file of text or JSON may have
ARCHIVE = 256 * 1024 * 1024  # bytes: the most that an archive, a database or a program may have


class File(Protocol):
    """A regular file while the walker stands on it; what nobody reads is skipped. Hard links are files as well."""

    @property
    def path(self) -> str:
        """Where it is, normalised, without a slash in front."""

    @property
    def size(self) -> int:
        """Its length in bytes."""

    @property
    def executable(self) -> bool:
        """Whether anybody may execute it."""

    def start(self, count: int) -> bytes:
        """Its first bytes (4096 at most); asking takes nothing away."""

    def read(self, most: int = METADATA) -> bytes:
        """All of it: FileTooLarge beyond so many bytes."""

    def chunks(self) -> Iterator[bytes]:
        """All of it in pieces of at most 1 MiB, once."""

    def opened(self, most: int = ARCHIVE) -> BinaryIO:
        """All of it, to seek in. FileTooLarge."""


@dataclass(frozen=True, slots=True)
class Reader:
    """What reads files of one kind. A file is its own by base name, by the end of its path, or by what it begins with.

    `read` raises FileMalformed for what is not as it should be; what it has told before that counts.
    """

    kind: str
    read: Callable[[File], Iterable[Package]]
    names: frozenset[str] = field(default_factory=frozenset)  # base names
    endings: tuple[str, ...] = ()  # of paths
    wants: Callable[[str], bool] = lambda _: True  # whether it reads a path that has such a name or ending
    starts: tuple[bytes, ...] = ()  # of executable files of any name (ELF)


Keeps = Callable[[Iterable[str]], list[str]]  # those of the paths of files at which packages may be found


@dataclass(frozen=True, slots=True)
class SystemReader:
    """What reads files of an operating system, each at its own path or in a folder of its own.

    `read` tells of a database, of a release, or which files packages own, of those that `keeps` wants. FileMalformed.
    """

    read: Callable[[File, Keeps], SystemDatabase | Release | Sequence[str]]
    paths: frozenset[str] = field(default_factory=frozenset)
    folder: str = ""  # with a slash at its end
    wants: Callable[[str], bool] = lambda _: True  # which files of the folder
