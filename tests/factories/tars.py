"""Layers as bytes: archives made by the standard library, and what is read of them."""

import io
import tarfile
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from typing import BinaryIO

from entrepot.errors.scanning import FileMalformed
from entrepot.scan.budgets import Budgets, Meter
from entrepot.scan.decompression import unpacked
from entrepot.scan.dispatch import Dispatch
from entrepot.scan.files import File, Reader, SystemReader
from entrepot.scan.layer import read_layer
from entrepot.scan.packages import Layer, Package
from entrepot.scan.pieces import Pieces
from entrepot.scan.system import readers as system_readers
from entrepot.scan.tar import Entry, walk

Made = tuple[tarfile.TarInfo, bytes]


def made(path: str, kind: bytes, data: bytes = b"", mode: int = 0o644, target: str = "") -> Made:
    info = tarfile.TarInfo(path)
    info.type, info.size, info.mode, info.linkname = kind, len(data), mode, target
    return info, data


def file(path: str, data: bytes | str = b"", mode: int = 0o644) -> Made:
    return made(path, tarfile.REGTYPE, data if isinstance(data, bytes) else data.encode(), mode)


def directory(path: str) -> Made:
    return made(path, tarfile.DIRTYPE, mode=0o755)


def symlink(path: str, target: str) -> Made:
    return made(path, tarfile.SYMTYPE, target=target)


def link(path: str, target: str, mode: int = 0o644) -> Made:
    return made(path, tarfile.LNKTYPE, mode=mode, target=target)


def tar(*entries: Made, form: int = tarfile.PAX_FORMAT, pax: dict[str, str] | None = None) -> bytes:
    """An archive of these; `pax` is said of all of them."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form, pax_headers=pax) as archive:
        for info, data in entries:
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def clock() -> Callable[[], float]:
    """A clock that stands still."""
    return lambda: 0.0


def cut(data: bytes, size: int = 100_000) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def entries(data: bytes | Iterable[bytes], budgets: Budgets | None = None) -> Iterator[Entry]:
    """The entries of an archive, packed or not; each while the walker stands on it."""
    meter = Meter(budgets or Budgets(), clock())
    return walk(Pieces(unpacked(cut(data) if isinstance(data, bytes) else data, meter)), meter)


def contents(data: bytes | Iterable[bytes]) -> dict[str, bytes]:
    """The regular files of an archive."""
    return {entry.path: entry.read() for entry in entries(data) if entry.kind.value == "file"}


def packages_of_text(file: File) -> Iterator[Package]:
    """A package a line, `name version`; a line that is `broken` is no package."""
    for line in file.read().decode("utf-8", "replace").splitlines():
        if line == "broken":
            raise FileMalformed(path=file.path, reason="it is broken")
        name, _, version = line.partition(" ")
        yield Package("npm", name, version, file.path)


def packages_of_program(file: File) -> Iterator[Package]:
    """What a program says behind its magic; real ones say nothing."""
    said = b"".join(file.chunks()).removeprefix(b"\x7fELF").decode("utf-8", "replace")
    if said.isalnum():
        yield Package("generic", said, "1", file.path)


SYSTEM = system_readers.READERS
LISTS = Reader("list", packages_of_text, names=frozenset({"list"}), endings=(".lst",))
PROGRAMS = Reader("program", packages_of_program, starts=(b"\x7fELF",))
READERS = (LISTS, PROGRAMS)


class Unseekable(io.RawIOBase):
    """Bytes that come once, as from a socket."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._data.read(size)


def layer(
    data: bytes | BinaryIO,
    readers: Iterable[Reader] = READERS,
    system: Iterable[SystemReader] = SYSTEM,
    budgets: Budgets | None = None,
) -> Layer:
    """What is read of a layer, by a clock that goes on by a millisecond whenever it is looked at."""
    ticks = count()
    blob = io.BytesIO(data) if isinstance(data, bytes) else data
    return read_layer(blob, Dispatch(readers, tuple(system)), budgets or Budgets(), lambda: next(ticks) / 1000)


def said(layer: Layer) -> dict[str, list[str]]:
    """`name version` of the packages, by their paths."""
    found: dict[str, list[str]] = {}
    for package in layer.packages:
        found.setdefault(package.path, []).append(f"{package.name} {package.version}")
    return found
