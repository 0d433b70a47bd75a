"""Where another registry asks for scans and fetches what was found. Requests hold credentials: they are kept sealed,
and no longer than until the scan has ended.
"""

import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

import msgspec
import zstandard

from entrepot.core.units import Units
from entrepot.db import adapter_scans as rows
from entrepot.db.adapter_scans import DONE, FAILED, AdapterScan
from entrepot.db.database import Transaction
from entrepot.errors.scanning import AdapterCapabilityAbsent, AdapterRequestInvalid
from entrepot.outbound.registries import Place
from entrepot.seal import Seal
from entrepot.spec.digest import Digest
from entrepot.spec.scanner_adapter import (
    SBOM,
    SBOM_TYPES,
    VULNERABILITIES,
    VULNERABILITIES_OF_OLD,
    ScanRequest,
    same_type,
)

MOST_WAITING = 2000
LARGEST_REPORT = 256 * 1024 * 1024  # bytes, before it is compressed
VULNERABILITY_REPORTS = (VULNERABILITIES, VULNERABILITIES_OF_OLD)
OF_VULNERABILITIES = ""  # the form under which that report is kept
_ID = re.compile(r"[0-9a-f-]{36}")
_HEADER = re.compile(r"[\x20-\x7e]{0,16384}")


@dataclass(frozen=True, slots=True)
class Pending:
    """A scan that has not ended."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A scan that found nothing out, and why."""

    error: str


Outcome = Pending | Failed | bytes


class Desk:
    """Takes requests and gives reports."""

    def __init__(
        self, units: Units, seal: Seal, clock: Callable[[], datetime], sboms: Sequence[str], most: int = MOST_WAITING
    ) -> None:
        """`sboms` are the forms of SBOMs that are written here, `most` the scans that may wait."""
        self._units = units
        self._seal = seal
        self._clock = clock
        self._most = most
        self.sboms = tuple(sboms)

    async def accept(self, request: ScanRequest) -> str | None:
        """Have an artifact scanned; the id of the scan, None while too many wait: AdapterRequestInvalid,
        AdapterCapabilityAbsent.
        """
        place_of(request)
        forms(request, self.sboms)
        scan_id = str(uuid.uuid4())
        sealed = self._seal.seal(msgspec.json.encode(request), _context(scan_id))
        return scan_id if await self._units.write(_add, scan_id, sealed, self._clock(), self._most) else None

    async def outcome(self, scan_id: str, media_type: str) -> Outcome | None:
        """What became of a scan: its report as JSON, if it has ended well; None where there is no such scan or form."""
        if _ID.fullmatch(scan_id) is None:
            return None
        found = await self._units.read(_outcome, scan_id, media_type)
        return found if found is None or isinstance(found, Pending | Failed) else unpacked(found)


def place_of(request: ScanRequest) -> Place:
    """Where the artifact is: AdapterRequestInvalid."""
    artifact, url = request.artifact, request.registry.url
    for name, value in (("registry.url", url), ("artifact.repository", artifact.repository)):
        if not value:
            raise AdapterRequestInvalid(reason=f"{name} is missing")
    if _HEADER.fullmatch(request.registry.authorization) is None:
        raise AdapterRequestInvalid(reason="registry.authorization is no value of a header")
    try:
        if urlsplit(url).path.strip("/") or urlsplit(url).query:
            raise ValueError("it has more than scheme, host and port")
        place = Place.parse(f"{url.rstrip('/')}/{artifact.repository}@{artifact.digest}")
    except ValueError as fault:
        raise AdapterRequestInvalid(reason=f"registry.url, artifact.repository or digest: {fault}") from None
    if place.repository != artifact.repository or not isinstance(place.reference, Digest):
        raise AdapterRequestInvalid(reason="artifact.repository is no name, or artifact.digest is missing")
    return place


def forms(request: ScanRequest, sboms: Sequence[str]) -> Sequence[str]:
    """Under which forms the scan is told: AdapterRequestInvalid, AdapterCapabilityAbsent."""
    if not request.enabled_capabilities:
        return (OF_VULNERABILITIES,)
    found: list[str] = []
    for wanted in request.enabled_capabilities:
        types = wanted.produces_mime_types
        if wanted.type == "vulnerability":
            _require_types(types, VULNERABILITY_REPORTS)
            found.append(OF_VULNERABILITIES)
        elif wanted.type == "sbom":
            _require_types(types, (SBOM,))
            named = () if wanted.parameters is None else wanted.parameters.sbom_media_types
            if not named or any(each not in SBOM_TYPES for each in named):
                raise AdapterRequestInvalid(reason=f"sbom_media_types is not one of {', '.join(SBOM_TYPES)}")
            if any(each not in sboms for each in named):
                raise AdapterCapabilityAbsent(what=f"SBOMs as {', '.join(named)}")
            found += named
        else:
            raise AdapterRequestInvalid(reason="a capability's type is vulnerability or sbom")
    return tuple(dict.fromkeys(found))


def opened(seal: Seal, scan: AdapterScan) -> ScanRequest:
    """The request of a scan that has not ended."""
    return msgspec.json.decode(seal.open(scan.request, _context(scan.id)), type=ScanRequest)


def packed(report: bytes) -> bytes:
    """A report as it is kept."""
    return zstandard.ZstdCompressor(level=3, write_checksum=True).compress(report)


def unpacked(body: bytes) -> bytes:
    """The report that `packed` was given."""
    return zstandard.ZstdDecompressor().decompress(body, max_output_size=LARGEST_REPORT)


def _require_types(given: Sequence[str] | None, produced: Sequence[str]) -> None:
    for each in given or ():
        if not any(same_type(each, one) for one in produced):
            raise AdapterCapabilityAbsent(what=each[:128])


def _add(tx: Transaction, scan_id: str, sealed: bytes, at: datetime, most: int) -> bool:
    if rows.waiting(tx) >= most:
        return False
    rows.add(tx, scan_id, sealed, at)
    return True


def _outcome(tx: Transaction, scan_id: str, media_type: str) -> Outcome | None:
    found = rows.find(tx, scan_id)
    if found is None:
        return None
    if found.status == FAILED:
        return Failed(found.error)
    return rows.report(tx, scan_id, media_type) if found.status == DONE else Pending()


def _context(scan_id: str) -> bytes:
    return b"adapter-scan:" + scan_id.encode()
