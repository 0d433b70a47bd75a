"""The crates of a Rust program that cargo-auditable built (its PARSING.md): JSON, compressed by zlib, in `.dep-v0`.

The table that says where a section is stands at the end of an ELF file, when the section has gone by: so each beginning
of a zlib stream is tried, and what it holds counts if the name of the section comes too.
"""

import re
import zlib
from collections.abc import Iterable

import msgspec

from entrepot.errors.scanning import FileMalformed
from entrepot.scan.packages import Package
from entrepot.scan.programs.windows import Window

_SECTION = b".dep-v0"
_STREAM = re.compile(rb"x[\x01\x5e\x9c\xda]")
_JSON = b'{"packages":'
_MOST = 8 * 1024 * 1024  # bytes of JSON: PARSING.md recommends it
_MOST_LISTS = 16
_MOST_TRIES = 50_000  # a program of 160 MB has some 5,000 such pairs of bytes


class _Crate(msgspec.Struct):
    name: str
    version: str
    kind: str = "runtime"


class _Crates(msgspec.Struct):
    packages: list[_Crate]


class Crates:
    """The search for them."""

    def __init__(self, start: bytes) -> None:
        self.done = False
        self._named = _SECTION in start  # other formats name their sections at the beginning
        self._tries = self._lists = 0
        self._stream: zlib._Decompress | None = None
        self._json = bytearray()
        self._whole = False

    def see(self, window: Window) -> None:
        """Try the streams that begin in it, or go on with the one that was begun."""
        if self._stream is not None:
            self._feed(self._stream, window.data[window.fresh :])
        elif not self._whole:
            self._try(window)
        if self._whole and not self._named:
            self._named = _SECTION in window.data
        self.done = self._whole and self._named

    def packages(self, path: str) -> Iterable[Package]:
        """The crates that are in the program; those that only built it are left out."""
        if not self.done:
            return
        try:
            crates = msgspec.json.decode(self._json, type=_Crates).packages
        except (msgspec.MsgspecError, RecursionError) as error:
            raise FileMalformed(path=path, reason=f"its list of crates is none ({error})") from error
        for crate in crates:
            if crate.kind == "runtime":
                yield Package(type="cargo", name=crate.name, version=crate.version, path=path)

    def _try(self, window: Window) -> None:
        for match in _STREAM.finditer(window.data):
            at = match.start()
            if at >= window.ripe or self._tries > _MOST_TRIES:
                return
            self._tries += 1
            if self._lists < _MOST_LISTS and _is_list(window.data[at : at + 256]):
                self._lists += 1
                self._stream = zlib.decompressobj()
                self._feed(self._stream, window.data[at:])
                return

    def _feed(self, stream: "zlib._Decompress", data: bytes) -> None:
        try:
            self._json += stream.decompress(data, _MOST + 1 - len(self._json))
        except zlib.error:
            self._drop()
            return
        if len(self._json) > _MOST:
            self._drop()
        elif stream.eof:
            self._stream, self._whole = None, True

    def _drop(self) -> None:
        self._stream = None
        self._json.clear()


def _is_list(data: bytes) -> bool:
    try:
        return zlib.decompressobj().decompress(data, len(_JSON)) == _JSON
    except zlib.error:
        return False
