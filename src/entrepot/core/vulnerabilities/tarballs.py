"""Archives of many documents in one tar file, compressed or not, as Red Hat and Ubuntu publish theirs: read in one
pass, nothing unpacked, with the bounds of scan/tar.py.
"""

import bz2
import lzma
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from entrepot.errors.scanning import BudgetExceeded, FileTooLarge, LayerMalformed, VulnerabilityFileUnknown
from entrepot.scan.budgets import Budgets, Meter
from entrepot.scan.decompression import unpacked
from entrepot.scan.osv import MOST_BYTES
from entrepot.scan.pieces import Pieces
from entrepot.scan.tar import Entry, Kind, walk

BUDGETS: Final = Budgets(unpacked=1 << 37, ratio=2000, entries=3_000_000, seconds=3600)
_PIECE: Final = 1 << 20
_MOST_MEMORY: Final = 192 << 20  # of xz, whose highest level needs a third of it
_XZ: Final = b"\xfd7zXZ\x00"
_BZIP2: Final = b"BZh"
_AT: Final = slice(257, 262)
_MAGIC: Final = b"ustar"
_REFUSED: Final = (LayerMalformed, BudgetExceeded, FileTooLarge)


def begins(start: bytes) -> bool:
    """Whether these are the first bytes of a tar archive."""
    return start[_AT] == _MAGIC


def first(path: Path) -> str | None:
    """The name of the first file of an archive; None where there is none that can be read."""
    try:
        return next((each.path for each in _entries(path, BUDGETS) if each.kind is Kind.FILE), None)
    except (*_REFUSED, lzma.LZMAError, OSError, EOFError):
        return None


def documents(path: Path, budgets: Budgets = BUDGETS) -> Iterator[bytes]:
    """Each file of JSON: VulnerabilityFileUnknown for what is broken or costs more than it may."""
    try:
        for each in _entries(path, budgets):
            if each.kind is Kind.FILE and each.path.endswith(".json"):
                yield each.read(MOST_BYTES)
    except (*_REFUSED, lzma.LZMAError, EOFError) as fault:
        raise VulnerabilityFileUnknown(path=path, reason=fault) from None


def _entries(path: Path, budgets: Budgets) -> Iterator[Entry]:
    meter = Meter(budgets, time.monotonic)
    return walk(Pieces(unpacked(_chunks(path), meter)), meter)


def _chunks(path: Path) -> Iterator[bytes]:
    """A file as it is, or what it holds where it is compressed in a way that layers are not."""
    with path.open("rb") as file:
        magic = file.read(6)
        file.seek(0)
        pieces = iter(lambda: file.read(_PIECE), b"")
        if magic.startswith(_XZ):
            yield from _decompressed(pieces, lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MOST_MEMORY))
        elif magic.startswith(_BZIP2):
            yield from _decompressed(pieces, bz2.BZ2Decompressor)
        else:
            yield from pieces


def _decompressed(
    pieces: Iterator[bytes], made: Callable[[], lzma.LZMADecompressor | bz2.BZ2Decompressor]
) -> Iterator[bytes]:
    """What one stream after the other holds, a piece at a time however small it was: EOFError when it is cut short."""
    unpacker, rest = made(), b""
    for piece in pieces:
        rest = piece
        while rest or not (unpacker.needs_input or unpacker.eof):
            if unpacker.eof:
                rest = rest.lstrip(b"\0")  # padding between streams
                if not rest:
                    break
                unpacker = made()
            yield unpacker.decompress(rest, _PIECE)
            rest = unpacker.unused_data if unpacker.eof else b""
    if not unpacker.eof:
        raise EOFError("it ends before its end is marked")
