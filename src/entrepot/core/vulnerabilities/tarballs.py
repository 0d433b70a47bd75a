"""Archives of many documents in one tar file, compressed or not, as Red Hat and Ubuntu publish theirs: read in one
pass, nothing unpacked, with the bounds of scan/tar.py.
"""

import time
from collections.abc import Iterator
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
    except (*_REFUSED, OSError):
        return None


def documents(path: Path, budgets: Budgets = BUDGETS) -> Iterator[bytes]:
    """Each file of JSON: VulnerabilityFileUnknown for what is broken or costs more than it may."""
    try:
        for each in _entries(path, budgets):
            if each.kind is Kind.FILE and each.path.endswith(".json"):
                yield each.read(MOST_BYTES)
    except _REFUSED as fault:
        raise VulnerabilityFileUnknown(path=path, reason=fault) from None


def _entries(path: Path, budgets: Budgets) -> Iterator[Entry]:
    meter = Meter(budgets, time.monotonic)
    return walk(Pieces(unpacked(_chunks(path), meter)), meter)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from iter(lambda: file.read(_PIECE), b"")
