"""Files and archives that an operator gives, read with bounds: never unpacked, never more in memory than one member."""

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from entrepot.errors.scanning import VulnerabilityFileUnknown
from entrepot.scan.osv import MOST_BYTES
from entrepot.spec.moments import micros

MOST_WHOLE: Final = 1 << 30  # bytes of a file that is one document
_MOST_MEMBERS: Final = 3_000_000
_MOST_UNPACKED: Final = 1 << 37
_ZIP: Final = b"PK\x03\x04"
_EMPTY_ZIP: Final = b"PK\x05\x06"
_GZIP: Final = b"\x1f\x8b"
_BZIP2: Final = b"BZh"
_XZ: Final = b"\xfd7zXZ\x00"
ZSTD: Final = b"\x28\xb5\x2f\xfd"
_FAULTS: Final = (
    zipfile.BadZipFile,
    RuntimeError,
    NotImplementedError,
    zlib.error,
    EOFError,
    ValueError,
    OverflowError,
)


def start(path: Path, count: int = 4096) -> bytes:
    """The first bytes of a file, of what it holds where it is compressed."""
    try:
        with opened(path) as file:
            return file.read(count)
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as fault:
        raise VulnerabilityFileUnknown(path=path, reason=fault) from None


def is_zip(path: Path) -> bool:
    """Whether a file is a zip archive."""
    with path.open("rb") as file:
        return file.read(4) in {_ZIP, _EMPTY_ZIP}


def opened(path: Path) -> io.BufferedIOBase:
    """A file, decompressed if its first bytes say that it is compressed."""
    with path.open("rb") as file:
        magic = file.read(6)
    if magic.startswith(_GZIP):
        return gzip.open(path)
    if magic.startswith(_BZIP2):
        return bz2.open(path)
    if magic.startswith(_XZ):
        return lzma.open(path)
    return path.open("rb")


def whole(path: Path, most: int = MOST_WHOLE) -> bytes:
    """All that a file holds, decompressed: VulnerabilityFileUnknown when that is too much, or broken."""
    try:
        with opened(path) as file:
            data = file.read(most + 1)
    except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile) as fault:
        raise VulnerabilityFileUnknown(path=path, reason=fault) from None
    if len(data) > most:
        raise VulnerabilityFileUnknown(path=path, reason=f"it holds more than {most} bytes")
    return data


def lines(path: Path, longest: int = 4096) -> Iterator[str]:
    """The lines of a text, decompressed."""
    try:
        with opened(path) as file:
            while line := file.readline(longest):
                yield line.decode("utf-8", "replace")
    except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile) as fault:
        raise VulnerabilityFileUnknown(path=path, reason=fault) from None


class Archive:
    """A zip archive: VulnerabilityFileUnknown for what is none, or has more than may be read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file = zipfile.ZipFile(path)
        except _FAULTS as fault:
            raise self._unknown(fault) from None
        self._members = [each for each in self._file.infolist() if each.filename.endswith(".json")]
        if len(self._members) > _MOST_MEMBERS or sum(each.file_size for each in self._members) > _MOST_UNPACKED:
            raise self._unknown("it holds too much")

    def __len__(self) -> int:
        return len(self._members)

    @property
    def at(self) -> int:
        """When its newest member was written, as the archive says."""
        newest = max((each.date_time for each in self._members), default=(1980, 1, 1, 0, 0, 0))
        try:
            return micros(datetime(*newest, tzinfo=UTC))
        except ValueError:
            return 0

    def names(self) -> frozenset[str]:
        """The names of its members, without folders and `.json`."""
        return frozenset(Path(each.filename).stem for each in self._members)

    def first(self, folder: str = "") -> bytes:
        """What its first member holds, of those below a folder if there are any; empty without members."""
        chosen = self._below(folder)
        return self._read(chosen[0]) if chosen else b""

    def members(self, folder: str = "") -> Iterator[tuple[str, bytes]]:
        """The name and the bytes of each file of JSON; of those below a folder if there are any."""
        for each in self._below(folder):
            yield each.filename, self._read(each)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _below(self, folder: str) -> Sequence[zipfile.ZipInfo]:
        return [each for each in self._members if f"/{folder}" in f"/{each.filename}"] or self._members

    def _read(self, member: zipfile.ZipInfo) -> bytes:
        try:
            with self._file.open(member) as file:
                data = file.read(MOST_BYTES + 1)
        except _FAULTS as fault:
            raise self._unknown(f"{member.filename}: {fault}") from None
        if len(data) > MOST_BYTES:
            raise self._unknown(f"{member.filename} holds more than {MOST_BYTES} bytes")
        return data

    def _unknown(self, reason: object) -> VulnerabilityFileUnknown:
        return VulnerabilityFileUnknown(path=self._path, reason=reason)
