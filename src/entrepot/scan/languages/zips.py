"""Zip archives of strangers: only the entries that are asked for, and a budget for all that lies within one file.

    entries | central directory: 46 bytes, name, extra, comment each | zip64 end, its locator | end: 22 bytes, comment

What stands before the entries (a program to start them) is skipped as Java does: the directory lies before the end.

https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3 and 4.5.3
"""

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, Final, NamedTuple, cast

from isal import isal_zlib
from isal.igzip_lib import IsalError

from entrepot.scan.files import ARCHIVE
from entrepot.scan.spools import spool

MOST_OPENED: Final = 4 * 1024**3  # bytes, of all archives within one file together
MOST_ENTRIES: Final = 2_000_000  # of all of their directories together
MOST_ARCHIVES: Final = 10_000
LARGEST_DIRECTORY: Final = 64 * 1024 * 1024  # bytes, of one archive
LONGEST_NAME: Final = 1024  # bytes; of an entry with a longer one nobody is told
MOST_RATIO: Final = 200  # of archives above 1 MiB in an archive: they are compressed already
_BROKEN: Final = cast("type[Exception]", IsalError)  # whose types call it an instance
_PIECE: Final = 256 * 1024
_FREE: Final = 1024 * 1024

_END: Final = struct.Struct("<4s4x2H2LH")  # entries here and in all, length and place of the directory, comment
_END_64: Final = struct.Struct("<4s28x2Q")  # entries in all … length and place
_LOCATOR_64: Final = struct.Struct("<4s4xQ4x")
_HEADER: Final = struct.Struct("<4s4x2H4x3L3H8xL")
_LOCAL: Final = struct.Struct("<4s22x2H")
_ENCRYPTED: Final = 1
_STORED, _DEFLATED = 0, 8
_UNKNOWN: Final = 0xFFFFFFFF  # the value stands in the zip64 field


class ZipRefused(ValueError):
    """An archive that is none, or costs too much; the message says why."""


class BudgetSpent(ZipRefused):
    """Nothing more is opened within the file."""


@dataclass
class Budget:
    """What may still be opened within one file, however its archives nest and overlap."""

    opened: int = MOST_OPENED
    entries: int = MOST_ENTRIES
    archives: int = MOST_ARCHIVES

    def open(self, count: int) -> None:
        """Take so many bytes: BudgetSpent."""
        self.opened -= count
        if self.opened < 0:
            raise BudgetSpent(f"archives in it open to more than {MOST_OPENED} bytes")

    def pass_entry(self) -> None:
        """Take an entry: BudgetSpent."""
        self.entries -= 1
        if self.entries < 0:
            raise BudgetSpent(f"archives in it have more than {MOST_ENTRIES} entries")

    def pass_archive(self) -> None:
        """Take an archive: BudgetSpent."""
        self.archives -= 1
        if self.archives < 0:
            raise BudgetSpent(f"it has more than {MOST_ARCHIVES} archives in it")


class Part(NamedTuple):
    """A stretch of a file; an archive that lies uncompressed in another one is read where it lies."""

    handle: BinaryIO
    start: int
    size: int

    def read(self, at: int, count: int) -> bytes:
        """Exactly so many bytes: ZipRefused."""
        if not 0 <= at <= self.size - count:
            raise ZipRefused("it ends early")
        self.handle.seek(self.start + at)
        data = self.handle.read(count)
        if len(data) != count:
            raise ZipRefused("it ends early")
        return data


class Entry(NamedTuple):
    """What the directory says of an entry; `at` is where its own header begins."""

    name: str
    flags: int
    method: int
    packed: int
    size: int
    at: int


class Archive:
    """An archive, from its directory: ZipRefused."""

    def __init__(self, part: Part, budget: Budget) -> None:
        budget.pass_archive()
        self._part = part
        self._budget = budget
        end, size, place = self._end()
        if size > LARGEST_DIRECTORY:
            raise ZipRefused(f"its directory has {size} bytes, more than the {LARGEST_DIRECTORY} that are read")
        if not size + place <= end:
            raise ZipRefused("its directory lies outside of it")
        self._before = end - size - place
        self._directory = (end - size, size)

    def _end(self) -> tuple[int, int, int]:
        """Where the end of the directory is, its length, and its place as the archive counts."""
        count = min(self._part.size, _END.size + 0xFFFF)
        tail = self._part.read(self._part.size - count, count)
        at = len(tail)
        for _ in range(16):  # a comment may hold what looks like an end
            at = tail.rfind(b"PK\5\6", 0, at)
            if at < 0:
                break
            if at + _END.size <= len(tail):
                _, _, entries, size, place, comment = _END.unpack_from(tail, at)
                if at + _END.size + comment <= len(tail):
                    end = self._part.size - count + at
                    large = _UNKNOWN in {size, place} or entries == 0xFFFF
                    return (large and self._end_64(end)) or (end, size, place)
        raise ZipRefused("it is no zip archive")

    def _end_64(self, end: int) -> tuple[int, int, int] | None:
        if end < _LOCATOR_64.size:
            return None
        signature, at = _LOCATOR_64.unpack(self._part.read(end - _LOCATOR_64.size, _LOCATOR_64.size))
        if signature != b"PK\6\7":
            return None
        # where it says, or right before its locator when something stands before the archive
        for place in (at, end - _LOCATOR_64.size - 56):
            if 0 <= place <= self._part.size - 56:
                record = self._part.read(place, 56)
                if record.startswith(b"PK\6\6"):
                    size, start = struct.unpack_from("<2Q", record, 40)
                    return place, size, start
        raise ZipRefused("its zip64 end is missing")

    def entries(self, wanted: Callable[[bytes], bool]) -> Iterator[Entry]:
        """The entries whose names are wanted, in the directory's order: ZipRefused once it is not as it should be."""
        directory = self._part.read(*self._directory)
        at, last = 0, len(directory) - _HEADER.size
        while at <= last:
            signature, flags, method, _, packed, size, name, extra, comment, place = _HEADER.unpack_from(directory, at)
            if signature != b"PK\1\2":
                raise ZipRefused("its directory is broken")
            self._budget.pass_entry()
            start, at = at + _HEADER.size, at + _HEADER.size + name + extra + comment
            raw = directory[start : start + name]
            if len(raw) <= LONGEST_NAME and wanted(raw):
                if _UNKNOWN in {packed, size, place}:
                    more = directory[start + name : start + name + extra]
                    size, packed, place = _large(more, size, packed, place)
                yield Entry(_text(raw), flags, method, packed, size, self._before + place)

    def read(self, entry: Entry, most: int) -> bytes:
        """All of an entry: ZipRefused beyond so many bytes."""
        if entry.size > most:
            raise ZipRefused(f"{entry.name} has {entry.size} bytes: more than the {most} that are read")
        data = b"".join(self._pieces(entry, entry.size))
        if len(data) != entry.size:
            raise ZipRefused(f"{entry.name} ends early")
        return data

    def beginning(self, entry: Entry, most: int) -> bytes:
        """The first bytes of an entry, so many at most."""
        return b"".join(self._pieces(entry, most))[:most]

    @contextmanager
    def nested(self, entry: Entry, most: int = ARCHIVE) -> Iterator[Part]:
        """An entry that is an archive itself, while it is open: ZipRefused."""
        if entry.size > most:
            raise ZipRefused(f"{entry.name} has {entry.size} bytes: more than the {most} that are read")
        if entry.size > _FREE and entry.size > MOST_RATIO * entry.packed:
            raise ZipRefused(f"{entry.name} is compressed more than {MOST_RATIO} times")
        if entry.method == _STORED:
            self._budget.open(entry.size)
            yield Part(self._part.handle, self._part.start + self._content(entry), entry.size)
            return
        with spool() as inner:
            for piece in self._pieces(entry, entry.size):
                inner.write(piece)
            yield Part(inner, 0, inner.tell())

    def _content(self, entry: Entry) -> int:
        """Where an entry's bytes begin."""
        if entry.flags & _ENCRYPTED:
            raise ZipRefused(f"{entry.name} is encrypted")
        signature, name, extra = _LOCAL.unpack(self._part.read(entry.at, _LOCAL.size))
        if signature != b"PK\3\4":
            raise ZipRefused(f"{entry.name} is not where the directory says")
        return entry.at + _LOCAL.size + int(name) + int(extra)

    def _pieces(self, entry: Entry, most: int) -> Iterator[bytes]:
        """Its bytes until there are so many, or until it ends; of the last piece there may be more."""
        at = self._content(entry)
        if entry.method == _STORED:
            self._budget.open(min(entry.size, most))
            yield self._part.read(at, min(entry.size, most))
        elif entry.method == _DEFLATED:
            yield from self._inflated(entry, at, min(entry.size, most))
        else:
            raise ZipRefused(f"{entry.name} is compressed in a way that is not read ({entry.method})")

    def _inflated(self, entry: Entry, at: int, most: int) -> Iterator[bytes]:
        inflater = isal_zlib.decompressobj(wbits=-15)
        end, packed = at + entry.packed, b""
        while most > 0 and not inflater.eof:
            if not packed and at < end:
                packed = self._part.read(at, min(_PIECE, end - at))
                at += len(packed)
            try:
                piece = inflater.decompress(packed, min(_PIECE, most))
            except _BROKEN as error:
                raise ZipRefused(f"{entry.name} is compressed wrongly: {error}") from None
            packed = inflater.unconsumed_tail
            if not piece and not packed and at >= end:
                return
            self._budget.open(len(piece))
            most -= len(piece)
            yield piece


def _large(extra: bytes, *values: int) -> list[int]:
    """The values, those that are unknown from the zip64 field, in its order: ZipRefused."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        if kind == 1:
            known = [int(value) for (value,) in struct.iter_unpack("<Q", extra[at + 4 : at + 4 + length // 8 * 8])]
            return [known.pop(0) if value == _UNKNOWN and known else value for value in values]
        at += 4 + length
    return list(values)


def _text(name: bytes) -> str:
    """An entry's name; what is no text in it is replaced."""
    decoded = name.decode("utf-8", "replace")
    if decoded.isprintable():
        return decoded
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in decoded)
