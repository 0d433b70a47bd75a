"""What is told when a scan ends, findings are decided on anew, or their image goes: in the unit that changes them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from entrepot.core.changes import Change, new_stamp
from entrepot.core.scanning import coverage_statuses, enhanced_events, enhanced_shown
from entrepot.core.scanning.enhanced_events import Telling, Told
from entrepot.core.scanning.enhanced_shown import ImageNow, Texts
from entrepot.core.scanning.places import registry_itself
from entrepot.db import finding_texts, inspector_images, repositories, tags
from entrepot.db.database import Transaction
from entrepot.db.finding_texts import FindingText
from entrepot.db.inspector_records import FindingRecord, ImageKey
from entrepot.db.records import Repository
from entrepot.db.scan_records import Scan
from entrepot.spec.digest import Digest

_MOST_TAGS: Final = 1000


def image_now(tx: Transaction, image: ImageKey) -> ImageNow:
    """What is told of an image at this moment."""
    use = inspector_images.use(tx, image)
    return ImageNow(inspector_images.tags(tx, image), use.last_at, use.total)


def tell(tx: Transaction, repository: Repository, seed: str, at: datetime, events: Sequence[Told]) -> None:
    """Tell events of a locked repository, as a change of it that no call has made."""
    Telling(repository.key.registry, repository.id, repository.revision + 1, seed, at).tell(tx, events)
    repositories.bump(tx, repository.id, repository.revision + 1, new_stamp())


def told(tx: Transaction, image: ImageKey, records: Sequence[FindingRecord], texts: Mapping[str, Texts]) -> list[Told]:
    """What is told of findings of an image as they are now, with these texts, or those that were told before."""
    if not records:
        return []
    now = image_now(tx, image)
    return [
        enhanced_events.finding(each, now, texts.get(enhanced_events.advisory(each)) or remembered(tx, each))
        for each in records
    ]


def to_remember(told: Sequence[FindingRecord], texts: Mapping[str, Texts]) -> Sequence[FindingText]:
    """The long texts with which findings are told, for when their image goes: then nobody can look them up."""
    found = [(each.vulnerability, advisory) for each in told if (advisory := enhanced_events.advisory(each)) in texts]
    known = [(of, advisory, texts[advisory]) for of, advisory in dict.fromkeys(found)]
    return [FindingText(of, advisory, *enhanced_shown.kept(said)) for of, advisory, said in known]


def remembered(tx: Transaction, record: FindingRecord) -> Texts:
    """The long texts with which a finding was told."""
    found = finding_texts.find(tx, record.registry, record.vulnerability, enhanced_events.advisory(record))
    return Texts() if found is None else Texts(found.description, found.links)


def of_scan(
    tx: Transaction, repository: Repository, before: Scan, ended: Scan, counted: Mapping[str, int]
) -> list[Told]:
    """What is told of the scan itself: that it was the first, and that the image is covered in another way."""
    told = []
    digest = ended.key.digest
    looked = ended.status in (coverage_statuses.ACTIVE, coverage_statuses.COMPLETE)
    if looked and before.completed_at is None:
        named = tags.of_image(tx, repository.id, Digest(digest), _MOST_TAGS)
        told.append(enhanced_events.scan(repository, digest, counted, named))
    now = coverage_statuses.coverage(ended.status, ended.description)
    if before.completed_at is None or now != coverage_statuses.coverage(before.status, before.description):
        at = ended.completed_at or ended.queued_at
        told.append(enhanced_events.covered(repository, digest, now, at))
    return told


def tell_scan(tx: Transaction, repository: Repository, scan: Scan, events: Sequence[Told], at: datetime) -> None:
    """Tell events of a scan that ended, as a change of its locked repository."""
    seed = f"{scan.id}/{scan.attempt}"
    change = Change(tx, registry_itself(repository.key.registry, scan.id, at), repository)
    Telling(repository.key.registry, repository.id, repository.revision + 1, seed, at).tell(tx, events)
    change.finish("ImageScanEvent", _parameters(repository, scan, len(events)))


def _parameters(repository: Repository, scan: Scan, events: int) -> Mapping[str, object]:
    return {
        "repositoryName": repository.key.name,
        "imageDigest": scan.key.digest,
        "scanType": scan.key.type,
        "scanStatus": scan.status,
        "events": events,
    }
