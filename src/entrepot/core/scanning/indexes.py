"""The scan of an index: that of each image which it names, and their sum. ECR scans no indexes; an owner who pushes for
several platforms would have to ask about each.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from entrepot.core.scanning import findings
from entrepot.core.scanning.analysis import COMPLETE, FAILED, SUCCESS, Finding
from entrepot.core.scanning.requests import IN_PROGRESS, is_fresh, queue
from entrepot.core.scanning.work import Outcome, Taken
from entrepot.db import images, repositories
from entrepot.db import scans as rows
from entrepot.db.database import Transaction
from entrepot.db.records import Repository
from entrepot.db.scan_records import Scan, ScanKey
from entrepot.spec.event_ids import event_id
from entrepot.spec.moments import micros
from entrepot.spec.platforms import PlatformImage, can_be_scanned, platform_images

MOST_IMAGES = 100
_AGAIN = timedelta(seconds=30)  # it is woken before, when an image of it has been scanned
_ABSENT = "the image is not in the repository"
_TOO_MANY_IMAGES = f"The index names more than {MOST_IMAGES} images: start the scan of each that matters."
_NO_IMAGE = "None of what the index names is an image with layers of files."
_TOO_MANY_FINDINGS = (
    "The images have {} findings together, more than the {} that are kept for an index: see those of each."
)
_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Part:
    """An image of an index, and its scan: None while the image is not in the repository."""

    image: PlatformImage
    scan: Scan | None


def prepare(tx: Transaction, taken: Taken, now: datetime) -> Sequence[Part] | Outcome | None:
    """The images of an index, all scanned; None while some are being scanned, which this starts where it must: then the
    index waits. Or why there is nothing to sum up.
    """
    repository = repositories.lock_live(tx, taken.repository.id)
    stored = None if repository is None else images.find(tx, repository.id, taken.scan.key.digest)
    if repository is None or stored is None:
        return None
    named = platform_images(stored.body)
    if len(named) > MOST_IMAGES:
        return _failed(_TOO_MANY_IMAGES)
    parts = [part for each in named if (part := _part(tx, repository, taken.scan, each, now)) is not None]
    if not parts:
        return _failed(_NO_IMAGE)
    if any(part.scan is not None and part.scan.status == IN_PROGRESS for part in parts):
        rows.wait(tx, taken.scan, now + _AGAIN)  # in the unit that has seen it: no image's end falls between
        return None
    return parts


def summed(tx: Transaction, parts: Sequence[Part]) -> Outcome:
    """What was found in all of them. Complete when each is; else it says what is not known, and shows the rest."""
    scans = [part.scan for part in parts if part.scan is not None]
    total: Counter[str] = Counter()
    for scan in scans:
        total.update(scan.severities or {})
    faults = [fault for part in parts if (fault := _fault(part))]
    status, described = (FAILED, "; ".join(faults)[:_LONGEST]) if faults else (COMPLETE, SUCCESS)
    packed: Sequence[bytes] = ()
    if total.total() > findings.MOST:
        status, described = FAILED, _TOO_MANY_FINDINGS.format(total.total(), findings.MOST)
    else:
        packed = findings.packed(findings.merged([_of_platform(tx, part) for part in parts if part.scan is not None]))
    known = [scan.source_updated_at for scan in scans if scan.source_updated_at is not None]
    lacking = any(scan.lacking for scan in scans)
    return Outcome(status, described, findings.ordered(total), min(known, default=None), lacking, parts=packed)


def _part(tx: Transaction, repository: Repository, index: Scan, image: PlatformImage, now: datetime) -> Part | None:
    """None for what is no image. A scan of the last 24 hours is as good as a new one."""
    stored = images.find(tx, repository.id, image.digest)
    if stored is None:
        return Part(image, None)
    if not can_be_scanned(stored.body):
        return None
    of = ScanKey(repository.id, image.digest, index.key.type)
    scan = rows.find(tx, of)
    older = scan is not None and scan.queued_at < index.queued_at
    if scan is None or (older and (scan.lacking or not is_fresh(scan, now))):
        scan_id = event_id(micros(now), index.id, f"scan/{image.digest}", index.attempt)
        fresh = queue(tx, repository, of, scan_id, now)
        scan = fresh if scan is None or fresh.status == IN_PROGRESS else scan
    return Part(image, scan)


def _fault(part: Part) -> str:
    """Why an image of the index is not known to be without findings, or with no others."""
    named = f"{part.image.platform} ({part.image.digest})" if part.image.platform else part.image.digest
    if part.scan is None:
        return f"{named}: {_ABSENT}"
    return "" if part.scan.status == COMPLETE else f"{named}: {part.scan.description}"


def _of_platform(tx: Transaction, part: Part) -> Iterator[Finding]:
    """The findings of an image, each with where it is."""
    where = [("platform", part.image.platform)] if part.image.platform else []
    where.append(("image_digest", part.image.digest))
    for finding in findings.all_of(tx, part.scan.key) if part.scan is not None else ():
        yield msgspec.structs.replace(finding, attributes=(*finding.attributes[:44], *where))


def _failed(description: str) -> Outcome:
    return Outcome(FAILED, description, {})
