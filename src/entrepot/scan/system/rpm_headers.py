"""Headers of rpm packages, as the database of installed ones holds them (the package format, version 4, "Header").

entries n ·4·  data size ·4·  n entries: tag ·4·  type ·4·  offset in the data ·4·  count ·4·  data   (big-endian)
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from entrepot.errors.scanning import FileMalformed
from entrepot.scan.packages import Package

_NAME, _VERSION, _RELEASE, _EPOCH = 1000, 1001, 1002, 1003
_VENDOR, _LICENSE, _ARCH, _SOURCE = 1011, 1014, 1022, 1044
_FULL_NAMES = 1027  # of files, until rpm 4.0
_DIRECTORY_OF, _BASE_NAMES, _DIRECTORIES = 1116, 1117, 1118
_MODULARITY = 5096

_INT32, _STRING, _STRINGS, _TRANSLATED = 4, 6, 8, 9

_MOST_ENTRIES = 65_536  # as rpm itself allows
_MOST_BYTES = 64 * 1024 * 1024
_MOST_VALUES = 500_000  # of a tag: the files of one package
_LONGEST_TEXT = 65_536
_LONGEST_PATH = 4096
_NO_PACKAGE = "gpg-pubkey"  # a key that the owner of the machine trusts: the database keeps it as if it were one


@dataclass(frozen=True, slots=True)
class _Entry:
    type: int
    offset: int
    count: int


class Header:
    """One header, read as it is asked: FileMalformed names the database (`path`)."""

    def __init__(self, blob: bytes, path: str) -> None:
        self._path = path
        if not 8 <= len(blob) <= _MOST_BYTES:
            raise self._malformed("a header is cut off, or too long")
        count, size = struct.unpack_from(">II", blob)
        start = 8 + 16 * count
        if not 0 < count <= _MOST_ENTRIES or start + size > len(blob):
            raise self._malformed("a header is longer than what holds it")
        self._data = blob[start : start + size]
        # entries that stand behind those of the signed region say what holds: the last of a tag
        entries = struct.iter_unpack(">IIII", blob[8:start])
        self._entries = {tag: _Entry(kind, offset, number) for tag, kind, offset, number in entries}

    def package(self) -> Package | None:
        """What it tells of: nothing for a public key."""
        name = self._text(_NAME)
        if not name or not self._text(_VERSION):
            raise self._malformed("a package has no name or no version")
        if name == _NO_PACKAGE:
            return None
        numbers = self._numbers(_EPOCH)
        return package(
            self._path,
            name=name,
            epoch=numbers[0] if numbers else 0,
            version=f"{self._text(_VERSION)}-{self._text(_RELEASE)}",
            arch=self._text(_ARCH),
            source=self._text(_SOURCE),
            modularity=self._text(_MODULARITY),
            vendor=self._text(_VENDOR),
            licence=self._text(_LICENSE),
        )

    def files(self) -> Iterator[str]:
        """The paths of its files and directories, without a slash in front."""
        for full in self._texts(_FULL_NAMES):
            yield self._relative(full)
        names, places = self._texts(_BASE_NAMES), self._numbers(_DIRECTORY_OF)
        directories = [self._relative(directory) for directory in self._texts(_DIRECTORIES)]
        if len(names) != len(places) or max(places, default=-1) >= len(directories):
            raise self._malformed("a package has files without a directory")
        for name, place in zip(names, places, strict=True):
            yield directories[place] + name

    def _relative(self, path: str) -> str:
        if len(path) > _LONGEST_PATH:
            raise self._malformed("a path is too long")
        return path.lstrip("/")

    def _text(self, tag: int) -> str:
        """The value of a tag of one text, or the first of its translations; empty where there is none."""
        entry = self._entry(tag, _STRING, _TRANSLATED)
        if entry is None:
            return ""
        end = self._data.find(b"\0", entry.offset, entry.offset + _LONGEST_TEXT)
        if end < 0:
            raise self._malformed("a text has no end")
        return self._data[entry.offset : end].decode(errors="replace")

    def _texts(self, tag: int) -> list[str]:
        entry = self._entry(tag, _STRINGS)
        if entry is None:
            return []
        found = self._data[entry.offset :].split(b"\0", entry.count)
        if len(found) <= entry.count:
            raise self._malformed("a list of texts is cut off")
        return [text.decode(errors="replace") for text in found[: entry.count]]

    def _numbers(self, tag: int) -> tuple[int, ...]:
        entry = self._entry(tag, _INT32)
        if entry is None:
            return ()
        if entry.offset + 4 * entry.count > len(self._data):
            raise self._malformed("a list of numbers is cut off")
        return struct.unpack_from(f">{entry.count}I", self._data, entry.offset)

    def _entry(self, tag: int, *types: int) -> _Entry | None:
        entry = self._entries.get(tag)
        if entry is None:
            return None
        if entry.type not in types or entry.offset > len(self._data) or not 0 < entry.count <= _MOST_VALUES:
            raise self._malformed(f"tag {tag} of a header is none")
        return entry

    def _malformed(self, reason: str) -> FileMalformed:
        return FileMalformed(path=self._path, reason=reason)


def package(path: str, *, name: str, epoch: int, version: str, source: str, **more: str) -> Package:
    """A package of these facts; `source` is the file name of its source package.

    An epoch of 0 is not written, as rpm compares one that is absent with one of 0. The file name of a source package
    has no epoch: it is that of the package, which holds but for the few whose spec file gives a part another one.
    """
    prefix = f"{epoch}:" if epoch else ""
    source_name, source_version = _parts(source)
    if source_version:
        source_version = prefix + source_version
    return Package(
        type="rpm",
        name=name,
        version=prefix + version,
        path=path,
        source_name=source_name if source_name != name else "",
        source_version=source_version if source_version != prefix + version else "",
        **more,
    )


def _parts(source: str) -> tuple[str, str]:
    """Name and version-release of `openssl-libs-3.0.7-2.el9.src.rpm`: empty where it is not of this form."""
    parts = source.removesuffix(".rpm").rpartition(".")[0].rsplit("-", 2)
    return (parts[0], f"{parts[1]}-{parts[2]}") if len(parts) == 3 else ("", "")
