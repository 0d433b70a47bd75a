"""What Harbor and its scanners say to each other (goharbor/pluggable-scanner-spec, scanner-adapter-openapi-v1.2): its
documents and their media types. Both sides are here: this server is a scanner of others, and uses those of others.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal

import msgspec

METADATA: Final = "application/vnd.scanner.adapter.metadata+json; version=1.1"
SCAN_REQUEST: Final = "application/vnd.scanner.adapter.scan.request+json; version=1.1"
SCAN_RESPONSE: Final = "application/vnd.scanner.adapter.scan.response+json; version=1.0"
ERROR: Final = "application/vnd.scanner.adapter.error+json; version=1.0"
VULNERABILITIES: Final = "application/vnd.security.vulnerability.report; version=1.1"
VULNERABILITIES_OF_OLD: Final = "application/vnd.scanner.adapter.vuln.report.harbor+json; version=1.0"
SBOM: Final = "application/vnd.security.sbom.report+json; version=1.0"
SPDX: Final = "application/spdx+json"
CYCLONEDX: Final = "application/vnd.cyclonedx+json"
SBOM_TYPES: Final = (SPDX, CYCLONEDX)
API_KEY: Final = "X-ScannerAdapter-API-Key"
UPDATED_AT: Final = "harbor.scanner-adapter/vulnerability-database-updated-at"
SCANNER_TYPE: Final = "harbor.scanner-adapter/scanner-type"

Severity = Literal["Unknown", "Negligible", "Low", "Medium", "High", "Critical"]
Capability = Literal["vulnerability", "sbom"]


class Registry(msgspec.Struct):
    """Where an artifact is pulled from, and the Authorization header to do it with."""

    url: str = ""
    authorization: str = ""


class Artifact(msgspec.Struct, omit_defaults=True):
    """What is to be scanned."""

    repository: str = ""
    digest: str = ""
    tag: str = ""
    mime_type: str = ""


class Parameters(msgspec.Struct):
    """Which forms of an SBOM are wanted."""

    sbom_media_types: Sequence[str] = ()


class Wanted(msgspec.Struct, omit_defaults=True):
    """A capability that a request makes use of; without media types each that the scanner produces."""

    type: str
    produces_mime_types: Sequence[str] | None = None
    parameters: Parameters | None = None


class ScanRequest(msgspec.Struct, omit_defaults=True):
    """What a scanner is asked to do; without capabilities, all that it can."""

    registry: Registry = msgspec.field(default_factory=Registry)
    artifact: Artifact = msgspec.field(default_factory=Artifact)
    enabled_capabilities: Sequence[Wanted] | None = None


class ScanResponse(msgspec.Struct):
    """By which id the report is asked for."""

    id: str


class Scanner(msgspec.Struct):
    """Who scans."""

    name: str = ""
    vendor: str = ""
    version: str = ""


class Cvss(msgspec.Struct, omit_defaults=True):
    """The score of a vulnerability."""

    score_v3: float | None = None
    vector_v3: str | None = ""
    score_v2: float | None = None
    vector_v2: str | None = ""


class LayerOf(msgspec.Struct, omit_defaults=True):
    """The layer that brought a package (Trivy's own; the specification has none)."""

    digest: str = ""


class Vulnerability(msgspec.Struct):
    """A vulnerability of a package. Scanners leave out what they do not know, or write null."""

    id: str
    package: str = ""
    version: str = ""
    fix_version: str | None = ""
    severity: str | None = "Unknown"
    description: str | None = ""
    links: Sequence[str] | None = ()
    preferred_cvss: Cvss | None = None
    layer: LayerOf | None = None
    status: str | None = ""
    vendor_attributes: Mapping[str, Any] | None = None


class Report(msgspec.Struct):
    """What a scanner found in an artifact."""

    generated_at: datetime
    artifact: Artifact
    scanner: Scanner
    severity: str | None = "Unknown"
    vulnerabilities: Sequence[Vulnerability] | None = ()


class SbomReport(msgspec.Struct):
    """What an artifact consists of."""

    generated_at: datetime
    artifact: Artifact
    scanner: Scanner
    media_type: str
    sbom: msgspec.Raw
    vendor_attributes: Mapping[str, Any] = {}


class Fault(msgspec.Struct):
    """What is wrong, for people."""

    message: str = ""


class ErrorResponse(msgspec.Struct):
    """The body of a refusal."""

    error: Fault = msgspec.field(default_factory=Fault)


def same_type(one: str, other: str) -> bool:
    """Whether two media types are the same: case and blanks beside semicolons do not count."""
    return _canonical(one) == _canonical(other)


def _canonical(media_type: str) -> tuple[str, ...]:
    return tuple(part.strip().lower().replace('"', "") for part in media_type.split(";"))
