"""What Chisel put into an image of Ubuntu's slices, which has no dpkg: var/lib/chisel/manifest.wall.

Chisel's reference, "Chisel manifest": JSON objects a line, packed with zstd; the first tells how many lines there are.
"""

import io

import msgspec
import zstandard

from entrepot.errors.scanning import FileMalformed
from entrepot.scan.files import File, Keeps, SystemReader
from entrepot.scan.packages import Package, SystemDatabase

_PATHS = frozenset({"var/lib/chisel/manifest.wall"})
_MOST = 64 * 1024 * 1024  # bytes unpacked
_MOST_LINES = 500_000
_WINDOW = 8 * 1024 * 1024  # bytes: what each reader of zstd must allow


class _Line(msgspec.Struct):
    kind: str = ""
    name: str = ""
    version: str = ""
    arch: str = ""
    path: str = ""
    count: int = 0


def read(file: File, keeps: Keeps) -> SystemDatabase:
    """The packages of which there are slices, and the files of these. FileMalformed, also when it is not whole."""
    lines = _lines(file)
    if not lines or lines[0].count != len(lines):
        raise FileMalformed(path=file.path, reason="it has not as many lines as it says")
    packages = [
        Package(type="deb", name=line.name, version=line.version, path=file.path, arch=line.arch)
        for line in lines
        if line.kind == "package" and line.name and line.version
    ]
    paths = (line.path.lstrip("/") for line in lines if line.kind == "path")
    return SystemDatabase(kind="dpkg", path=file.path, packages=packages, owned=keeps(paths))


def _lines(file: File) -> list[_Line]:
    try:
        with zstandard.ZstdDecompressor(max_window_size=_WINDOW).stream_reader(io.BytesIO(file.read())) as unpacked:
            text = unpacked.read(_MOST + 1)
        if len(text) > _MOST or text.count(b"\n") > _MOST_LINES:
            raise FileMalformed(path=file.path, reason="it is longer than any image needs")
        return [msgspec.json.decode(line, type=_Line) for line in text.splitlines()]
    except (zstandard.ZstdError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as broken:
        raise FileMalformed(path=file.path, reason=f"it is no manifest of Chisel: {broken}") from None


READERS = (SystemReader(read, _PATHS),)
