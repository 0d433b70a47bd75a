"""What Inspector tells of images: their first scan, each finding that opens, changes or closes, and whether they are
scanned at all (ECR user guide, "EventBridge events sent for enhanced scanning"; Inspector user guide, "EventBridge").
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import msgspec

from entrepot.core.scanning.coverage_statuses import Coverage
from entrepot.core.scanning.enhanced_findings import unpacked
from entrepot.core.scanning.enhanced_shown import ImageNow, Texts, resource_id, shown
from entrepot.db import outbox
from entrepot.db.database import Transaction
from entrepot.db.inspector_records import FindingRecord
from entrepot.db.records import Repository
from entrepot.spec.event_ids import event_id
from entrepot.spec.moments import micros
from entrepot.spec.repository import RegistryKey

SOURCE: Final = "aws.inspector2"
_OF_ECR: Final = ("score", "scoreDetails")  # members that Inspector's findings do not have
_LARGEST: Final = 240_000  # bytes; an event has 256 KB at most
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MOST_DATES: Final = 4096  # that are remembered as they are written: findings of many images have the same ones
_FEW: Final = 25  # packages, where all are too many

Told = tuple[str, str, Mapping[str, object]]  # detail type, resource, detail


@dataclass(frozen=True, slots=True)
class Telling:
    """Who tells: where events stand in the order of their repository, and what their ids are made of."""

    registry: RegistryKey
    repository_id: str
    revision: int
    seed: str
    at: datetime

    def tell(self, tx: Transaction, events: Sequence[Told], first: int = 0) -> None:
        """Tell events in their order, from this ordinal on."""
        outbox.add_events(tx, [self._row(ordinal, *each) for ordinal, each in enumerate(events, first)])

    def _row(self, ordinal: int, name: str, resource: str, detail: Mapping[str, object]) -> Mapping[str, object]:
        at = micros(self.at)
        body = {"source": SOURCE, "resources": [resource], "detail": detail}
        return {
            "id": event_id(at, self.seed, f"{self.repository_id}/{name}/{resource}", ordinal),
            "account_id": self.registry.account,
            "region": self.registry.region,
            "repository_id": self.repository_id,
            "revision": self.revision,
            "ordinal": ordinal,
            "name": name,
            "body": msgspec.json.encode(body).decode(),
            "created_at": at,
        }


def finding(record: FindingRecord, image: ImageNow, texts: Texts) -> Told:
    """A finding as it is now."""
    detail = {name: value for name, value in shown(record, image, texts).items() if name not in _OF_ECR}
    detail = _written(detail)
    told = detail["packageVulnerabilityDetails"]
    many = max(len(told["vulnerablePackages"]), len(told["referenceUrls"])) > _FEW
    if many and len(msgspec.json.encode(detail)) > _LARGEST:
        told["vulnerablePackages"] = told["vulnerablePackages"][:_FEW]
        told["referenceUrls"] = told["referenceUrls"][:_FEW]
    return "Inspector2 Finding", resource_id(record), detail


def scan(repository: Repository, digest: str, counts: Mapping[str, int], tags: Sequence[str]) -> Told:
    """The first scan of an image is over."""
    detail = {
        "scan-status": "INITIAL_SCAN_COMPLETE",
        "repository-name": repository.key.arn,
        "finding-severity-counts": {**counts, "TOTAL": sum(counts.values())},
        "image-digest": digest,
        "image-tags": list(tags),
        "version": "1.0",
    }
    return "Inspector2 Scan", repository.key.arn, detail


def covered(repository: Repository, digest: str, coverage: Coverage, at: datetime) -> Told:
    """An image is scanned, or is not any more, and why."""
    detail = {
        "scanStatus": {"reason": coverage.reason, "statusCodeValue": coverage.code},
        "scanType": "PACKAGE",
        "eventTimestamp": _date(at),
        "version": "1.0",
    }
    return "Inspector2 Coverage", f"{repository.key.arn}/{digest}", detail


def advisory(record: FindingRecord) -> str:
    """The id of the advisory whose texts a finding is told with."""
    return unpacked(record.body).advisory


def _written(value: Any) -> Any:
    """Without what is not told, and with dates as Inspector's events write them. Most values are texts: these are not
    looked at one by one.
    """
    if isinstance(value, dict):
        return {
            name: each if isinstance(each, str) else _written(each) for name, each in value.items() if each is not None
        }
    if isinstance(value, list):
        return [each if isinstance(each, str) else _written(each) for each in value]
    return _date(value) if isinstance(value, datetime) else value


@lru_cache(maxsize=_MOST_DATES)
def _date(at: datetime) -> str:
    """As `Dec 3, 2021, 6:02:30 PM`."""
    day = f"{_MONTHS[at.month - 1]} {at.day}, {at.year}"
    return f"{day}, {at.hour % 12 or 12}:{at.minute:02}:{at.second:02} {'AM' if at.hour < 12 else 'PM'}"
