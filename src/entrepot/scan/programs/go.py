r"""The build information that the Go linker leaves in a program (debug/buildinfo), found while it streams by.

    "\xff Go buildinf:"   pointer size ·1·  flags ·1·           at a multiple of 16 bytes
    flags & 2 (go1.18)   padding ·16·  length and version, length and modules   (lengths as Uvarint of encoding/binary)
    else (go1.13)        two pointers, each at a pointer and a length: of version, of modules   (flags & 1: big-endian)
The modules are a text between two marks of 16 bytes.

What pointers name lies before them in the file, when it has gone by: so every text that may be a version is remembered
with its place, and the modules are known by their marks.
"""

import re
from collections.abc import Iterable

from entrepot.scan.packages import Package
from entrepot.scan.programs import go_modules
from entrepot.scan.programs.segments import Segments
from entrepot.scan.programs.windows import Window, places

_MAGIC = b"\xff Go buildinf:"
_INFO_START = bytes.fromhex("3077af0c9274080241e1c107e6d618e6")
_INFO_END = bytes.fromhex("f932433186182072008242104116d8f2")
_ALIGNED = 16
_HEAD = 32

_NOTES = (b"\4\0\0\0Go\0\0", b"\0\0\0\4Go\0\0")  # type and name, in either order of bytes
_VERSION = b"go1."
_IS_VERSION = re.compile(rb"(?:go\d|devel )[\x20-\x7e]*")
_LONGEST_VERSION = 256
_MOST_HEADS = 10_000
_MOST_VERSIONS = 20_000
_MOST_INFO = 4 * 1024 * 1024


def is_noted(start: bytes) -> bool:
    """Whether a file that begins so says that it is an ELF program of Go; those of other formats do not."""
    return any(note in start for note in _NOTES)


class BuildInformation:
    """The search for it. The one of a program stands in its writable data: another may be of a file that it embeds."""

    def __init__(self, start: bytes, segments: Segments) -> None:
        self.done = False
        self._segments = segments
        self._found: tuple[bytes, bytes] | None = None
        self._inline: bytearray | None = None  # what stands behind the head, until it is whole
        self._heads = 0
        self._writable = False  # whether that head stands in writable data
        self._elder = _Elder(self._segments, wanted=is_noted(start))

    def see(self, window: Window) -> None:
        """Look for a head, or go on with what stands behind the last one."""
        if self._inline is not None:
            self._inline += window.data[window.fresh :]
            self._settle(self._inline, 0)
        for at in places(window, _MAGIC):
            self._heads += 1
            if self.done or self._heads > _MOST_HEADS:
                break
            if self._inline is None and (window.offset + at) % _ALIGNED == 0:
                self._begin(window, at)
        if not self.done:
            self._elder.see(window)
            self.done = self._elder.done

    def packages(self, path: str) -> Iterable[Package]:
        """The modules: none of a program that is not Go's."""
        found = self._found or self._elder.found()
        if found is None:
            return ()
        version, modules = (text.decode(errors="replace") for text in found)
        return go_modules.packages(path, version, modules)

    def _begin(self, window: Window, at: int) -> None:
        head = window.data[at : at + _HEAD]
        if len(head) < _HEAD:
            return
        if head[15] & 2:
            self._writable = self._segments.writable(window.offset + at)
            self._settle(window.data, at + _HEAD)
        else:
            self._elder.point(head)

    def _settle(self, data: bytes | bytearray, at: int) -> None:
        """Take what is whole, drop what is none, wait for more of what is neither."""
        try:
            found = _texts(data, at)
        except ValueError:
            self._inline = None
            return
        if found is not None:
            self._inline = None
            self._found = found
            self.done = self._writable
        elif self._inline is None:
            self._inline = bytearray(data[at:])


class _Elder:
    """What go1.13 to go1.17 left in ELF programs: the pointers are addresses, whose places the segments tell."""

    def __init__(self, segments: Segments, *, wanted: bool) -> None:
        self.done = False
        self._wanted = wanted and segments.known
        self._segments = segments
        self._versions: dict[int, bytes] = {}  # by their places in the file
        self._info: bytearray | None = None
        self._modules: bytes | None = None
        self._form: tuple[int, str] = (8, "little")
        self._pointer: int | None = None  # where in the file the pointer to the version is
        self._version: bytes | None = None

    def see(self, window: Window) -> None:
        if self._wanted:
            self._remember(window)
            self._follow(window)

    def point(self, head: bytes) -> None:
        """Take the first pointer of a head."""
        size, order = head[14], "big" if head[15] & 1 else "little"
        if size in (4, 8) and self._version is None:
            self._form = size, order
            self._pointer = self._segments.place(_number(head[16 : 16 + size], order))

    def found(self) -> tuple[bytes, bytes] | None:
        """Version and modules; the latter are empty for a program that was built without."""
        return (self._version, self._modules or b"") if self._version else None

    def _remember(self, window: Window) -> None:
        for at in places(window, _VERSION):
            if len(self._versions) >= _MOST_VERSIONS:
                break
            self._versions[window.offset + at] = window.data[at : at + _LONGEST_VERSION]
        if self._modules is None:
            self._take_modules(window)

    def _take_modules(self, window: Window) -> None:
        if self._info is None:
            at = next(places(window, _INFO_START), None)
            if at is None:
                return
            self._info = bytearray(window.data[at:])
            seen = 0
        else:
            seen = max(0, len(self._info) - len(_INFO_END))
            self._info += window.data[window.fresh :]
        end = self._info.find(_INFO_END, seen)
        if end >= 0:
            self._modules = bytes(self._info[16:end])
        if end >= 0 or len(self._info) > _MOST_INFO:
            self._info = None

    def _follow(self, window: Window) -> None:
        size, order = self._form
        if self._pointer is None or not window.offset <= self._pointer < window.offset + window.ripe:
            return
        at = self._pointer - window.offset
        self._pointer = None
        place = self._segments.place(_number(window.data[at : at + size], order))
        length = _number(window.data[at + size : at + 2 * size], order)
        version = self._versions.get(-1 if place is None else place, b"")[:length]
        if length <= _LONGEST_VERSION and _IS_VERSION.fullmatch(version):
            self._version = version
            self.done = True


def _texts(data: bytes | bytearray, at: int) -> tuple[bytes, bytes] | None:
    """Version and modules that begin there, or None while they may still come: ValueError."""
    version, end = _text(data, at, _LONGEST_VERSION)
    if version is None:
        return None
    if not _IS_VERSION.fullmatch(version):
        raise ValueError
    modules, _ = _text(data, end, _MOST_INFO)
    if modules is None:
        return None
    # as debug/buildinfo does: what is not between marks is no text of modules
    return version, modules[16:-16] if len(modules) >= 33 and modules[-17:-16] == b"\n" else b""


def _text(data: bytes | bytearray, at: int, most: int) -> tuple[bytes | None, int]:
    """A length and so many bytes: None while they may still come. ValueError: more than `most`."""
    length = shift = 0
    while True:
        if at >= len(data):
            return None, at
        byte = data[at]
        at += 1
        length |= (byte & 0x7F) << shift
        shift += 7
        if length > most or shift > 63:
            raise ValueError
        if byte < 0x80:
            break
    return (bytes(data[at : at + length]) if at + length <= len(data) else None), at + length


def _number(data: bytes, order: str) -> int:
    return int.from_bytes(data, "big" if order == "big" else "little")
