"""What exceptions say of findings of enhanced scanning, and which of an image's findings count."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from entrepot.core.scanning import findings
from entrepot.core.scanning.enhanced_changes import CLOSED, SUPPRESSED, Stands
from entrepot.core.scanning.enhanced_findings import Details, unpacked
from entrepot.core.scanning.rulings import Part, Ruling, Rulings, names_in
from entrepot.db import inspector_findings
from entrepot.db.database import Transaction
from entrepot.db.inspector_records import FindingRecord, ImageKey

_FILTER = "arn:"  # what suppresses a finding is the ARN of a filter, or the id of an exception
_TO_ECR = {"UNTRIAGED": "UNDEFINED"}


class Counting(NamedTuple):
    """An open finding, whether it counts, and until when it does not."""

    name: str
    severity: str  # as ECR names it
    body: bytes
    counts: bool
    until: datetime | None


Found = Mapping[str, Stands] | None
Open = tuple[str, str, str, bytes]  # vulnerability, severity, by what it is suppressed, body


def ruling(
    held: Rulings, record: FindingRecord, details: Details, digests: frozenset[str], at: datetime
) -> Ruling | None:
    """Why a finding need not count, where an exception says so of each of its packages."""
    if not held:
        return None
    parts = [Part(each.url, frozenset({each.name}) | names_in(each.url)) for each in details.packages]
    return held.of((record.vulnerability, details.advisory), parts, digests, at)


def counting(
    tx: Transaction, image: ImageKey, held: Rulings, digests: frozenset[str], at: datetime
) -> Iterator[Counting]:
    """The open findings of an image, decided now: what its rows say of exceptions may be older; filters have none."""
    for record in inspector_findings.of_image(tx, image):
        if record.closed_at is None:
            why = ruling(held, record, unpacked(record.body), digests, at)
            filtered = record.status == SUPPRESSED and is_filter(record.suppressed_by)
            until = None if why is None or filtered else why.expires_at
            severity = to_ecr(record.severity)
            yield Counting(record.vulnerability, severity, record.body, why is None and not filtered, until)


def is_filter(suppressed_by: str) -> bool:
    """Whether what suppresses a finding is a filter."""
    return suppressed_by.startswith(_FILTER)


def to_ecr(severity: str) -> str:
    """A severity of Inspector's as ECR names it."""
    return _TO_ECR.get(severity, severity)


def ecr_counts(counted: Mapping[str, int]) -> Mapping[str, int]:
    """Counts of severities as ECR names these."""
    return findings.ordered({to_ecr(name): number for name, number in counted.items()})


def first_package(body: bytes) -> str:
    """The first of a finding's packages: few are asked for it."""
    return next((each.name for each in unpacked(body).packages), "")


def open_ones(tx: Transaction, image: ImageKey, found: Found) -> Sequence[Open]:
    """The open findings of an image; `found` says how all of them stand, where that is known."""
    if found is None:
        return inspector_findings.open_briefly(tx, image)
    return [(name, severity, by, body) for name, (severity, status, by, body) in found.items() if status != CLOSED]
