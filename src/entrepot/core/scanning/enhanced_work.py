"""What an enhanced scan goes through, as units of work: read, compared, kept; findings that are decided on anew, and
those of images that go. Each unit locks the repository, and tells what it has changed in its own transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from entrepot.core.changes import Change, new_stamp
from entrepot.core.scanning import (
    configuration,
    coverage_statuses,
    enhanced_events,
    enhanced_shown,
    findings,
    standings,
    suppressions,
)
from entrepot.core.scanning.analysis import COMPLETE, FAILED, SUCCESS, Analysis, Content, ImageLayer
from entrepot.core.scanning.configuration import CONTINUOUS, ENHANCED
from entrepot.core.scanning.enhanced_changes import Changes, Of, closed, compared, redecided, result_of
from entrepot.core.scanning.enhanced_events import Telling, Told
from entrepot.core.scanning.enhanced_shown import ImageNow, Texts
from entrepot.core.scanning.places import registry_itself
from entrepot.core.scanning.suppressions import Source
from entrepot.db import (
    blobs,
    enhanced_scans,
    finding_texts,
    images,
    inspector_findings,
    inspector_images,
    registry_scanning,
    rematches,
    repositories,
    tags,
)
from entrepot.db.database import Transaction
from entrepot.db.finding_texts import FindingText
from entrepot.db.inspector_records import FindingRecord, ImageKey
from entrepot.db.records import Repository
from entrepot.db.scan_records import Scan
from entrepot.spec.digest import Digest
from entrepot.spec.manifest import Manifest
from entrepot.spec.moments import micros

MOST: Final = 20_000  # findings of an image
_MOST_TAGS: Final = 1000
_LONGEST: Final = 2000  # characters of a description
_TOO_MANY: Final = "The image has {} findings: more than the {} that are kept."
_TO_ECR: Final = {"UNTRIAGED": "UNDEFINED"}


@dataclass(frozen=True, slots=True)
class Task:
    """An image that is to be scanned, or matched anew, and its scan as it stands."""

    scan: Scan
    content: Content

    @property
    def image(self) -> ImageKey:
        """Which."""
        return ImageKey(self.scan.key.repository_id, self.scan.key.digest)


def read(tx: Transaction, image: ImageKey) -> Task | None:
    """An image and its scan; None where it is gone, has none, or its registry has no enhanced scanning any more."""
    repository = repositories.find_live(tx, image.repository_id)
    scan = enhanced_scans.find(tx, image)
    stored = images.find(tx, image.repository_id, image.digest)
    if repository is None or scan is None or stored is None or not _is_enhanced(tx, repository):
        return None
    manifest = Manifest.parse(stored.body, stored.media_type)
    layers = []
    for descriptor in manifest.layers:
        link = blobs.find_link(tx, repository.id, descriptor.digest)
        layers.append(ImageLayer(descriptor, link.blob if link is not None and link.blob.state == "live" else None))
    config = None if manifest.config is None else blobs.find_link(tx, repository.id, manifest.config.digest)
    content = Content(
        repository.key,
        stored.digest,
        manifest,
        tuple(layers),
        ENHANCED,
        micros(stored.pushed_at),
        config.blob if config is not None and config.blob.state == "live" else None,
    )
    return Task(scan, content)


def advisories(tx: Transaction, task: Task, analysis: Analysis) -> Sequence[str]:
    """The advisories whose texts are needed to tell of what will change."""
    if not _is_news(task.scan, analysis):
        return ()
    of = Of(task.content.repository, task.image, task.scan.queued_at)
    told = compared(tx, of, analysis.found or (), suppressions.nothing).told
    return sorted({enhanced_events.advisory(each) for each in told})


def keep(
    tx: Transaction,
    task: Task,
    analysis: Analysis,
    texts: Mapping[str, Texts],
    at: datetime,
    sources: Sequence[Source],
) -> Scan | None:
    """Keep how a scan ended, with its findings and what is told of them; the scan as it stands now, None when its image
    is gone, or somebody else has taken it up since. A result that is the same writes no finding, and tells nothing.
    """
    scan, image = task.scan, task.image
    if len(analysis.found or ()) > MOST:
        analysis = Analysis(FAILED, _TOO_MANY.format(len(analysis.found or ()), MOST))
    repository = standings.lock(tx, image.repository_id)
    if repository is None or not _is_enhanced(tx, repository):
        return None
    ended = _ended(tx, repository, scan, analysis, at)
    if not enhanced_scans.keep(tx, ended):
        return None
    if analysis.generation:
        rematches.queue_if_overtaken(tx, image.repository_id, image.digest, analysis.generation)
    if ended == replace(scan, source_updated_at=ended.source_updated_at, completed_at=at):
        return ended
    changed = Changes(())
    if ended.result != scan.result:
        decide = suppressions.of_image(tx, repository, image.digest, sources)
        changed = compared(tx, Of(repository.key, image, at), analysis.found or (), decide)
    counted = write(tx, ended, changed)
    _remember(tx, repository, changed.told, texts)
    standings.keep(tx, repository, ended, at)
    told = [*_told(tx, image, changed.told, texts), *_of_scan(tx, repository, scan, ended, counted)]
    if told:
        _tell(tx, repository, ended, told, at)
    return ended


def _ended(tx: Transaction, repository: Repository, scan: Scan, analysis: Analysis, at: datetime) -> Scan:
    """A scan as it ends; where nothing could be looked for, what was found before is so still."""
    status, description = _standing(tx, repository, analysis)
    return replace(
        scan,
        status=status,
        description=description[:_LONGEST],
        source_updated_at=analysis.source_updated_at,
        lacking=analysis.lacking,
        completed_at=at,
        result=scan.result if analysis.found is None else result_of(analysis.found),
    )


def let_go(tx: Transaction, scan: Scan) -> None:
    """Let a scan rest that is not to be done now: a sweep asks for it again where it is."""
    enhanced_scans.rest(tx, scan)


def write(tx: Transaction, scan: Scan, changed: Changes) -> Mapping[str, int]:
    """Write findings of an image, and how many of each severity are active, as Inspector names severities."""
    image = ImageKey(scan.key.repository_id, scan.key.digest)
    inspector_findings.put(tx, [*changed.told, *changed.quiet])
    counted = inspector_findings.counts(tx, image)
    enhanced_scans.count(tx, replace(scan, severities=ecr_counts(counted)))
    return counted


def ecr_counts(counted: Mapping[str, int]) -> Mapping[str, int]:
    """Counts of severities as ECR names these."""
    return findings.ordered({_TO_ECR.get(name, name): number for name, number in counted.items()})


def suppress(
    tx: Transaction, image: ImageKey, at: datetime, seed: str, texts: Mapping[str, Texts], sources: Sequence[Source]
) -> int:
    """Decide anew on the findings of an image, after who suppresses findings has changed; how many are another now.
    Call it in a unit of its own for each image; `seed` is what ids of events are made of.
    """
    repository = standings.lock(tx, image.repository_id)
    scan = enhanced_scans.find(tx, image)
    if repository is None or scan is None:
        return 0
    decide = suppressions.of_image(tx, repository, image.digest, sources)
    told = redecided(inspector_findings.of_image(tx, image), decide, at)
    if told:
        write(tx, scan, Changes(told))
        tell(tx, repository, seed, at, _told(tx, image, told, texts))
    standings.keep(tx, repository, scan, at)
    return len(told)


def tell(tx: Transaction, repository: Repository, seed: str, at: datetime, events: Sequence[Told]) -> None:
    """Tell events of a locked repository, as a change of it that no call has made."""
    Telling(repository.key.registry, repository.id, repository.revision + 1, seed, at).tell(tx, events)
    repositories.bump(tx, repository.id, repository.revision + 1, new_stamp())


def close_all(tx: Transaction, image: ImageKey, tags_of_it: Sequence[str], at: datetime) -> Sequence[Told]:
    """Close the findings of an image that goes, and had these tags; what its own change is to tell of it."""
    before = [each for each in inspector_findings.of_image(tx, image) if each.closed_at is None]
    told = [closed(each, at) for each in before]
    inspector_findings.put(tx, told)
    now = replace(image_now(tx, image), tags=tags_of_it) if told else ImageNow()
    return [enhanced_events.finding(each, now, _remembered(tx, each)) for each in told]


def close_some(tx: Transaction, repository_id: str, limit: int, at: datetime) -> int:
    """Close up to `limit` findings of a repository that is gone; how many."""
    repository = repositories.lock_by_id(tx, repository_id)
    before = inspector_findings.open_of_repository(tx, repository_id, limit)
    if repository is not None and before:
        told = [closed(each, at) for each in before]
        inspector_findings.put(tx, told)
        now = {image: image_now(tx, image) for image in {each.image for each in told}}
        events = [enhanced_events.finding(each, now[each.image], _remembered(tx, each)) for each in told]
        tell(tx, repository, f"{repository_id}/{repository.revision}", at, events)
    return len(before)


def image_now(tx: Transaction, image: ImageKey) -> ImageNow:
    """What is told of an image at this moment."""
    use = inspector_images.use(tx, image)
    return ImageNow(inspector_images.tags(tx, image), use.last_at, use.total)


def _is_news(scan: Scan, analysis: Analysis) -> bool:
    return analysis.found is not None and result_of(analysis.found) != scan.result


def _is_enhanced(tx: Transaction, repository: Repository) -> bool:
    return registry_scanning.find(tx, repository.key.registry).scan_type == ENHANCED


def _standing(tx: Transaction, repository: Repository, analysis: Analysis) -> tuple[str, str]:
    """The status and description with which a scan ends."""
    if analysis.lacking:
        return coverage_statuses.UNAVAILABLE, analysis.description
    if analysis.status != COMPLETE or analysis.found is None:
        return analysis.status, analysis.description
    applied = configuration.applied(registry_scanning.find(tx, repository.key.registry), repository)
    if applied.frequency != CONTINUOUS:
        return coverage_statuses.COMPLETE, analysis.description
    rest = analysis.description.removeprefix(SUCCESS)
    return coverage_statuses.ACTIVE, coverage_statuses.CONTINUOUSLY + rest


def _told(
    tx: Transaction,
    image: ImageKey,
    records: Sequence[FindingRecord],
    texts: Mapping[str, Texts],
) -> list[Told]:
    if not records:
        return []
    now = image_now(tx, image)
    return [enhanced_events.finding(each, now, texts.get(enhanced_events.advisory(each), Texts())) for each in records]


def _remember(
    tx: Transaction, repository: Repository, told: Sequence[FindingRecord], texts: Mapping[str, Texts]
) -> None:
    """Keep the long texts with which findings are told, for when their image goes: then nobody can look them up."""
    found = [(each.vulnerability, advisory) for each in told if (advisory := enhanced_events.advisory(each)) in texts]
    known = [(of, advisory, texts[advisory]) for of, advisory in dict.fromkeys(found)]
    made = [FindingText(of, advisory, *enhanced_shown.kept(said)) for of, advisory, said in known]
    finding_texts.put(tx, repository.key.registry, made)


def _remembered(tx: Transaction, record: FindingRecord) -> Texts:
    found = finding_texts.find(tx, record.registry, record.vulnerability, enhanced_events.advisory(record))
    return Texts() if found is None else Texts(found.description, found.links)


def _of_scan(
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


def _tell(tx: Transaction, repository: Repository, scan: Scan, events: Sequence[Told], at: datetime) -> None:
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
