"""A VEX document of any format that is read (OpenVEX, CSAF, CycloneDX), which is found by what it says it is."""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from entrepot.errors.vex import VexMalformed
from entrepot.scan.vex import csaf, cyclonedx, openvex
from entrepot.scan.vex.decoding import decoded
from entrepot.scan.vex.statements import Document

MOST_BYTES: Final = 32 * 1024 * 1024  # of a file that somebody imports
_READERS: Final[Mapping[str, Callable[[bytes], Document | None]]] = {
    "@context": openvex.read,
    "bomFormat": cyclonedx.read,
    "document": csaf.read,
}


class _Marks(msgspec.Struct):
    """What tells formats apart."""

    context: msgspec.Raw | msgspec.UnsetType = msgspec.field(default=msgspec.UNSET, name="@context")
    bom: msgspec.Raw | msgspec.UnsetType = msgspec.field(default=msgspec.UNSET, name="bomFormat")
    csaf: msgspec.Raw | msgspec.UnsetType = msgspec.field(default=msgspec.UNSET, name="document")


def find(data: bytes) -> Document | None:
    """A document; None for an SBOM, which says nothing of vulnerabilities: VexMalformed."""
    marks = decoded(data, _Marks)
    told = (marks.context, marks.bom, marks.csaf)
    reader = next((each for each, mark in zip(_READERS.values(), told, strict=True) if mark is not msgspec.UNSET), None)
    if reader is None:
        raise VexMalformed(reason="it is neither OpenVEX nor CSAF nor CycloneDX, in JSON")
    return reader(data)


def get(data: bytes) -> Document:
    """A document: VexMalformed, for an SBOM too."""
    if len(data) > MOST_BYTES:
        raise VexMalformed(reason=f"it has more than {MOST_BYTES} bytes")
    found = find(data)
    if found is None:
        raise VexMalformed(reason="it analyses no vulnerability")
    return found
