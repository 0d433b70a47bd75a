"""Rows of enhanced scanning as the rest of the house sees them: immutable, typed, moments as aware datetimes."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from entrepot.spec.repository import RegistryKey


class ImageKey(NamedTuple):
    """An image, whether it is there still or not."""

    repository_id: str
    digest: str


@dataclass(frozen=True, slots=True)
class FindingRecord:
    """A vulnerability of an image. `body` is what core/scanning/enhanced_findings.py packs; `suppressed_by` is the ARN
    of a filter or the id of an exception, empty where nothing suppresses it.

    `observed_at`, when the image was last scanned, is read with the row and never written: None of an image that is
    gone, or that was not scanned to an end.
    """

    id: str
    registry: RegistryKey
    image: ImageKey
    repository_name: str
    vulnerability: str
    status: str  # ACTIVE | SUPPRESSED | CLOSED
    severity: str  # CRITICAL | HIGH | MEDIUM | LOW | INFORMATIONAL | UNTRIAGED
    score: float  # of CVSS, 0.0 to 10.0 in tenths
    epss: float  # 0 to 1 in millionths
    fix_available: str  # YES | NO | PARTIAL
    exploit_available: str  # YES | NO
    first_observed_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    suppressed_by: str
    justification: str
    body: bytes
    title: str = ""
    vendor_severity: str = ""
    source: str = ""  # who tells of the vulnerability
    pushed_at: int = 0  # when the image was, in microseconds
    observed_at: datetime | None = None

    @property
    def arn(self) -> str:
        """The Amazon Resource Name."""
        return f"arn:aws:inspector2:{self.registry.region}:{self.registry.account}:finding/{self.id}"

    @property
    def last_observed_at(self) -> datetime:
        """When a scan last saw it; of one that is closed, when it was gone."""
        return self.closed_at or max(self.observed_at or self.updated_at, self.updated_at)
