"""The inventory of one layer (scan/packages.py): each entry of its archive given to those who read it.

The whiteouts are those of the OCI image specification, layer.md. Hard links are files, symbolic ones are not followed.
"""

from collections.abc import Iterator
from typing import BinaryIO

from entrepot.scan.budgets import Budgets, Clock, Meter
from entrepot.scan.decompression import FED, unpacked
from entrepot.scan.dispatch import Dispatch
from entrepot.scan.findings import Findings
from entrepot.scan.packages import Layer
from entrepot.scan.pieces import Pieces
from entrepot.scan.tar import Entry, Kind, walk

_WHITEOUT = ".wh."
_SPECIAL = ".wh..wh."  # of AUFS's own, but for the opaque one
_OPAQUE = ".wh..wh..opq"


def read_layer(blob: BinaryIO, dispatch: Dispatch, budgets: Budgets, clock: Clock) -> Layer:
    """What a blob tells: LayerMalformed, BudgetExceeded. A file that cannot be read is told of, and the rest goes on.

    Wanted links to files that nobody wanted by their own names are read in a second pass, if the blob can be sought in.
    """
    meter = Meter(budgets, clock)
    findings = Findings(dispatch, meter)
    begin = blob.tell() if blob.seekable() else None
    for entry in _entries(blob, meter):
        _see(entry, findings)
    if findings.waiting and begin is not None:
        blob.seek(begin)
        for entry in _entries(blob, meter):
            if entry.kind is Kind.FILE:
                findings.read_linked(entry.path, entry)
        findings.give_up("it links to a file that the layer does not have")
    findings.give_up("it links to a file that went by unread")
    return findings.layer()


def _entries(blob: BinaryIO, meter: Meter) -> Iterator[Entry]:
    return walk(Pieces(unpacked(iter(lambda: blob.read(FED), b""), meter)), meter)


def _see(entry: Entry, findings: Findings) -> None:
    path, kind = entry.path, entry.kind
    folder, _, name = path.rpartition("/")
    if kind is Kind.OUTSIDE:
        findings.refuse(path, "its path leaves the root")
    elif name.startswith(_WHITEOUT):
        _white_out(folder, name, findings)
    elif path and kind is not Kind.UNKNOWN:
        findings.forget(path, below=kind is not Kind.DIRECTORY)
        _find(entry, name, findings)


def _find(entry: Entry, name: str, findings: Findings) -> None:
    kind = entry.kind
    if kind is Kind.FILE:
        findings.file(entry, name)
    elif kind is Kind.LINK:
        findings.link(entry, name)
    elif kind is Kind.DIRECTORY:
        findings.directory(entry.path, name)
    else:
        findings.mark("replaced", entry.path)


def _white_out(folder: str, name: str, findings: Findings) -> None:
    gone = name.removeprefix(_WHITEOUT)
    if name == _OPAQUE:
        findings.mark("emptied", folder)
    elif not name.startswith(_SPECIAL) and gone not in {"", ".", ".."}:
        findings.mark("removed", f"{folder}/{gone}" if folder else gone)
