"""What exceptions say of findings of enhanced scanning, and which of an image's findings count."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

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

    @property
    def package(self) -> str:
        """The first of its packages: few are asked for it."""
        return next((each.name for each in unpacked(self.body).packages), "")


Found = Mapping[str, Stands] | None


def ruling(
    held: Rulings, record: FindingRecord, details: Details, digests: frozenset[str], at: datetime
) -> Ruling | None:
    """Why a finding need not count, where an exception says so of each of its packages."""
    if not held:
        return None
    parts = [Part(each.url, frozenset({each.name}) | names_in(each.url)) for each in details.packages]
    return held.of((record.vulnerability, details.advisory), parts, digests, at)


def counting(
    tx: Transaction, image: ImageKey, held: Rulings, digests: frozenset[str], at: datetime, found: Found = None
) -> Iterator[Counting]:
    """The open findings of an image, decided now: what its rows say of exceptions may be older; filters have none.
    `found` says how all of them stand, where that is known.
    """
    if not held:
        for vulnerability, severity, suppressed_by, body in _open(tx, image, found):
            counts = not suppressed_by.startswith(_FILTER)
            yield Counting(vulnerability, _TO_ECR.get(severity, severity), body, counts, None)
        return
    for record in inspector_findings.of_image(tx, image):
        if record.closed_at is None:
            why = ruling(held, record, unpacked(record.body), digests, at)
            filtered = record.status == SUPPRESSED and record.suppressed_by.startswith(_FILTER)
            until = None if why is None or filtered else why.expires_at
            severity = _TO_ECR.get(record.severity, record.severity)
            yield Counting(record.vulnerability, severity, record.body, why is None and not filtered, until)


def _open(tx: Transaction, image: ImageKey, found: Found) -> Iterable[tuple[str, str, str, bytes]]:
    if found is None:
        return inspector_findings.open_briefly(tx, image)
    return [(name, severity, by, body) for name, (severity, status, by, body) in found.items() if status != CLOSED]
