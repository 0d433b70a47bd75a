"""Rows of scanning as the rest of the house sees them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple


class ScanKey(NamedTuple):
    """Which scan: the image and the kind of scanning, of which each image has one scan at most."""

    repository_id: str
    digest: str
    type: str


class ScanningRule(NamedTuple):
    """How often the repositories are scanned whose names match one of the filters."""

    frequency: str
    filters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RegistryScanning:
    """What was set for scanning in a private registry."""

    scan_type: str
    rules: Sequence[ScanningRule]


@dataclass(frozen=True, slots=True)
class Scan:
    """A scan of an image. `counted_at` is when the image's 24 hours began, None where they have not; `attempt` counts
    who took it up, `tries` those of them who did not end it.
    """

    key: ScanKey
    id: str
    status: str
    description: str
    queued_at: datetime
    counted_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    source_updated_at: datetime | None = None
    severities: Mapping[str, int] | None = None
    lacking: bool = False
    attempt: int = 0
    tries: int = 0
    result: str = ""
