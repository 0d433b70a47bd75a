"""What asks for enhanced scans: a push, and a sweep that finds an image which is to be scanned, or is not any more."""

from collections.abc import Sequence
from datetime import datetime

from entrepot.core.scanning import configuration, coverage_statuses, enhanced_events, enhanced_telling, quotas
from entrepot.core.scanning.coverage_statuses import ACTIVE, LIMIT, NO_IMAGE, PENDING, UNSUPPORTED, WAITS
from entrepot.core.scanning.eligibility import Step, Windows, step
from entrepot.core.scanning.quotas import MOST_SCANS
from entrepot.db import enhanced_scans, images, registry_scanning, repositories
from entrepot.db.database import Transaction
from entrepot.db.enhanced_scans import Swept
from entrepot.db.inspector_records import ImageKey
from entrepot.db.records import Repository
from entrepot.spec.event_ids import event_id
from entrepot.spec.moments import micros
from entrepot.spec.platforms import can_be_scanned

_NO_ROOM = "The scan quota of the registry has been exceeded: {} images in 24 hours. The image is scanned later."


def pushed(
    tx: Transaction,
    repository: Repository,
    digest: str,
    payload: bytes,
    at: datetime,
    request_id: str,
    most: int = MOST_SCANS,
) -> None:
    """Have an image scanned that this request pushes, in the unit that does. An index needs no scan: its images do."""
    scanning = registry_scanning.find(tx, repository.key.registry)
    selected = configuration.applied(scanning, repository).frequency != configuration.MANUAL
    if not selected or images.kind(tx, repository.id, digest) == "index":
        return
    image = ImageKey(repository.id, digest)
    scan = enhanced_scans.find(tx, image)
    if scan is not None and scan.status in (ACTIVE, PENDING):
        enhanced_scans.pushed(tx, image, at)
    elif scan is None or scan.status != UNSUPPORTED:
        status, description = _asked(tx, repository, payload, at, most)
        due = status == PENDING
        enhanced_scans.queue(tx, image, _id(at, request_id, image), status, description, at, due=due, pushed=True)


def to_step(tx: Transaction, seen: Sequence[Swept], within: Windows, at: datetime) -> Sequence[Swept]:
    """The images of a registry about which something is to be done."""
    frequencies: dict[str, str] = {}
    for each in seen:
        of = each.image.repository_id
        if of not in frequencies:
            frequencies[of] = _frequency(tx, of)
    return [each for each in seen if step(each, frequencies[each.image.repository_id], within, at) is not None]


def sweep(
    tx: Transaction, seen: Swept, windows: Windows, at: datetime, seed: str, most: int = MOST_SCANS
) -> Step | None:
    """Do what is to be done about an image that a sweep has seen; None where that is nothing, or no more so."""
    image = seen.image
    repository = repositories.lock_live(tx, image.repository_id)
    stored = None if repository is None else images.find(tx, image.repository_id, image.digest)
    if repository is None or stored is None:
        return None
    scan = enhanced_scans.find(tx, image)
    if (None if scan is None else scan.status) != seen.status:
        return None
    scanning = registry_scanning.find(tx, repository.key.registry)
    if scanning.scan_type != configuration.ENHANCED:
        return None
    next_step = step(seen, configuration.applied(scanning, repository).frequency, windows, at)
    if next_step is None:
        return None
    scan_id = _id(at, seed, image)
    if next_step.status == PENDING:
        next_step = Step(*_asked(tx, repository, stored.body, at, most))
        enhanced_scans.queue(tx, image, scan_id, *next_step, at, due=next_step.status == PENDING)
        return next_step
    if scan is None:
        enhanced_scans.queue(tx, image, scan_id, *next_step, at, due=False)
    else:
        enhanced_scans.stand(tx, image, next_step.status, next_step.description)
    covered = coverage_statuses.coverage(next_step.status, next_step.description)
    enhanced_telling.tell(tx, repository, scan_id, at, [enhanced_events.covered(repository, image.digest, covered, at)])
    return next_step


def _asked(tx: Transaction, repository: Repository, payload: bytes, at: datetime, most: int) -> tuple[str, str]:
    """The status and description with which a scan begins that is asked for."""
    if not can_be_scanned(payload):
        return UNSUPPORTED, NO_IMAGE
    if not quotas.take(tx, repository.key.registry, at, most):
        return LIMIT, _NO_ROOM.format(most)
    return PENDING, WAITS


def _frequency(tx: Transaction, repository_id: str) -> str:
    repository = repositories.find_live(tx, repository_id)
    if repository is None:
        return configuration.MANUAL
    return configuration.applied(registry_scanning.find(tx, repository.key.registry), repository).frequency


def _id(at: datetime, seed: str, image: ImageKey) -> str:
    """The same each time that the unit runs."""
    return event_id(micros(at), seed, f"scan/{image.repository_id}/{image.digest}/ENHANCED")
