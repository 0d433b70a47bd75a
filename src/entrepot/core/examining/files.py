"""Files that hold images: `docker save` and OCI layouts, as archives or folders (image specification, image-layout.md).

Archives are not unpacked. Their names are looked up, never followed: what leads out of an archive is not there.
"""

import os
import posixpath
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

from entrepot.errors.scanning import BudgetExceeded, ImageUnusable, LayerMalformed
from entrepot.scan.budgets import Budgets, Meter
from entrepot.scan.decompression import is_packed, unpacked

LARGEST_DOCUMENT = 16 * 1024 * 1024
_MOST_ENTRIES = 100_000
_MOST_LINKS = 8
_PIECE = 1024 * 1024
_TAR_AT, _TAR = 257, b"ustar"


class Files(Protocol):
    """Named bytes."""

    @property
    def name(self) -> str:
        """What a person calls them."""

    def document(self, path: str) -> bytes | None:
        """A small file, None where there is none: ImageUnusable."""

    def pieces(self, path: str) -> Iterator[bytes] | None:
        """A file of any length, None where there is none."""


class Folder:
    """Those of a folder."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.name = str(root)

    def document(self, path: str) -> bytes | None:
        """As Files says."""
        file = self._root / path
        if not file.is_file():
            return None
        if file.stat().st_size > LARGEST_DOCUMENT:
            raise ImageUnusable(path=self.name, reason=f"{path} has more than {LARGEST_DOCUMENT} bytes")
        return file.read_bytes()

    def pieces(self, path: str) -> Iterator[bytes] | None:
        """As Files says."""
        file = self._root / path
        return _of(file) if file.is_file() else None


class Archive:
    """Those of a tar archive in a file that stays open; threads may read it at once."""

    def __init__(self, name: str, file: BinaryIO, members: dict[str, tarfile.TarInfo]) -> None:
        self.name = name
        self._descriptor = file.fileno()
        self._members = members

    def document(self, path: str) -> bytes | None:
        """As Files says."""
        member = self._member(path)
        if member is None:
            return None
        if member.size > LARGEST_DOCUMENT:
            raise ImageUnusable(path=self.name, reason=f"{path} has more than {LARGEST_DOCUMENT} bytes")
        return b"".join(self._read(member))

    def pieces(self, path: str) -> Iterator[bytes] | None:
        """As Files says."""
        member = self._member(path)
        return None if member is None else self._read(member)

    def _member(self, path: str) -> tarfile.TarInfo | None:
        """The file of this name, also through links within the archive: `docker save` has each layer once."""
        for _ in range(_MOST_LINKS):
            member = self._members.get(path)
            if member is None or (member.isreg() and not member.issparse()):
                return member
            if not (member.issym() or member.islnk()):
                return None
            folder = posixpath.dirname(path) if member.issym() else ""
            path = posixpath.normpath(posixpath.join(folder, member.linkname))
        return None

    def _read(self, member: tarfile.TarInfo) -> Iterator[bytes]:
        at, end = member.offset_data, member.offset_data + member.size
        while piece := os.pread(self._descriptor, min(_PIECE, end - at), at):
            at += len(piece)
            yield piece


@contextmanager
def opened(path: Path) -> Iterator[Files]:
    """A folder, or an archive, packed as a layer may be or not at all: ImageUnusable for what is neither."""
    if path.is_dir():
        yield Folder(path)
        return
    with path.open("rb") as file, tempfile.TemporaryFile() as spool:
        start = file.read(512)
        file.seek(0)
        if is_packed(start):
            _unpack(path, file, spool)
            yield from _archive(path, spool)
        else:
            yield from _archive(path, file)


def is_archive(start: bytes) -> bool:
    """Whether a file that begins so may be an archive."""
    return is_packed(start) or start[_TAR_AT : _TAR_AT + len(_TAR)] == _TAR


def _archive(path: Path, file: BinaryIO) -> Iterator[Files]:
    try:
        with tarfile.open(fileobj=file, mode="r:") as tar:
            members = _members(path, tar)
    except (tarfile.TarError, ValueError, OverflowError) as fault:
        raise ImageUnusable(path=path, reason=f"it is no tar archive that can be read: {fault}") from None
    yield Archive(str(path), file, members)


def _members(path: Path, tar: tarfile.TarFile) -> dict[str, tarfile.TarInfo]:
    members: dict[str, tarfile.TarInfo] = {}
    for member in tar:
        members[posixpath.normpath(member.name)] = member
        if len(members) > _MOST_ENTRIES:
            raise ImageUnusable(path=path, reason=f"it has more than {_MOST_ENTRIES} entries")
    return members


def _unpack(path: Path, file: BinaryIO, into: BinaryIO) -> None:
    pieces = iter(lambda: file.read(_PIECE), b"")
    try:
        into.writelines(unpacked(pieces, Meter(Budgets(), time.monotonic)))
    except (LayerMalformed, BudgetExceeded) as fault:
        raise ImageUnusable(path=path, reason=fault) from None
    into.seek(0)


def _of(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened_file:
        yield from iter(lambda: opened_file.read(_PIECE), b"")
