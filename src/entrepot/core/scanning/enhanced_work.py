"""What an enhanced scan goes through, as units of work: read, compared, kept; findings that are decided on anew, and
those of images that go. Each unit locks the repository, and tells what it has changed in its own transaction.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, NamedTuple

from entrepot.core.scanning import (
    configuration,
    coverage_statuses,
    enhanced_events,
    enhanced_telling,
    standings,
    suppressions,
)
from entrepot.core.scanning.analysis import COMPLETE, FAILED, SUCCESS, Analysis, Content, ImageLayer
from entrepot.core.scanning.configuration import CONTINUOUS, ENHANCED
from entrepot.core.scanning.enhanced_changes import (
    ACTIVE,
    Changes,
    Of,
    Stands,
    closed,
    compared,
    redecided,
    result_of,
)
from entrepot.core.scanning.enhanced_events import Told
from entrepot.core.scanning.enhanced_rulings import ecr_counts
from entrepot.core.scanning.enhanced_shown import ImageNow, Texts
from entrepot.core.scanning.kept_images import HELD_BY
from entrepot.core.scanning.suppressions import Source
from entrepot.db import (
    blobs,
    enhanced_scans,
    finding_texts,
    image_inventories,
    images,
    inspector_findings,
    inventories,
    registry_scanning,
    rematches,
    repositories,
)
from entrepot.db.database import Transaction
from entrepot.db.finding_texts import FindingText
from entrepot.db.inspector_findings import Brief
from entrepot.db.inspector_records import ImageKey
from entrepot.db.records import Blob, Repository
from entrepot.db.scan_records import RegistryScanning, Scan
from entrepot.spec.manifest import Manifest
from entrepot.spec.moments import micros

MOST: Final = 20_000  # findings of an image
_LONGEST: Final = 2000  # characters of a description
_TOO_MANY: Final = "The image has {} findings: more than the {} that are kept."


@dataclass(frozen=True, slots=True)
class Task:
    """An image that is to be scanned, or matched anew, and its scan as it stands."""

    scan: Scan
    content: Content

    @property
    def image(self) -> ImageKey:
        """Which."""
        return ImageKey(self.scan.key.repository_id, self.scan.key.digest)


class Place(NamedTuple):
    """A locked repository, and how its registry is scanned."""

    repository: Repository
    scanning: RegistryScanning


class Settled(NamedTuple):
    """A scan as it ended, its place as that stands then, and the long texts that were told."""

    scan: Scan
    place: Place
    texts: Sequence[FindingText] = ()


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
    changed, _ = compared(tx, of, analysis.found or (), suppressions.nothing)
    return sorted({enhanced_events.advisory(each) for each in changed.told})


def keep(
    tx: Transaction,
    task: Task,
    analysis: Analysis,
    texts: Mapping[str, Texts],
    at: datetime,
    sources: Sequence[Source],
) -> Scan | None:
    """Keep how a scan ended, and what its image holds, with its findings and what is told of them; the scan as it
    stands now, None when its image is gone, or somebody else has taken it up since.
    """
    place = lock(tx, task.image.repository_id)
    kept = None if place is None else settle(tx, place, task.scan, analysis, texts, at, sources)
    if kept is None:
        return None
    _hold(tx, task, analysis.inventory)
    finding_texts.put(tx, kept.place.repository.key.registry, kept.texts)
    return kept.scan


def lock(tx: Transaction, repository_id: str) -> Place | None:
    """A repository, locked to keep what is found in its images; None where it is gone or not scanned so any more."""
    repository = standings.lock(tx, repository_id)
    scanning = None if repository is None else registry_scanning.find(tx, repository.key.registry)
    if repository is None or scanning is None or scanning.scan_type != ENHANCED:
        return None
    return Place(repository, scanning)


def settle(
    tx: Transaction,
    place: Place,
    scan: Scan,
    analysis: Analysis,
    texts: Mapping[str, Texts],
    at: datetime,
    sources: Sequence[Source],
    known: Sequence[Brief] | None = None,
) -> Settled | None:
    """The same of an image of a locked place, but for the long texts, which are the caller's to keep. A result that is
    the same writes no finding, and tells nothing. `known` are the findings, where they have been read and nobody has
    written any since.
    """
    image, repository = ImageKey(scan.key.repository_id, scan.key.digest), place.repository
    analysis = _bounded(analysis)
    ended = _ended(place, scan, analysis, at)
    changed, stands = Changes(()), None
    if ended.result != scan.result or analysis.concerned:
        decide = suppressions.of_image(tx, repository, image.digest, sources)
        of = Of(repository.key, image, at)
        changed, stands = compared(tx, of, analysis.found or (), decide, analysis.concerned, known)
    if analysis.concerned and changed.any:
        ended = replace(ended, result="")  # that of the whole is not known
    same = not changed.any and ended == replace(scan, source_updated_at=ended.source_updated_at, completed_at=at)
    counted = {} if same else _counted(tx, image, stands)
    if not enhanced_scans.keep(tx, ended if same else replace(ended, severities=ecr_counts(counted))):
        return None
    if analysis.generation:
        rematches.queue_if_overtaken(tx, image.repository_id, image.digest, analysis.generation, at)
    if same:
        return Settled(ended, place)
    inspector_findings.put(tx, [*changed.told, *changed.quiet])
    standings.keep(tx, repository, ended, at, stands)
    told = enhanced_telling.told(tx, image, changed.told, texts)
    told += enhanced_telling.of_scan(tx, repository, scan, ended, counted)
    if told:
        enhanced_telling.tell_scan(tx, repository, ended, told, at)
        place = place._replace(repository=replace(repository, revision=repository.revision + 1))
    return Settled(ended, place, enhanced_telling.to_remember(changed.told, texts))


def _counted(tx: Transaction, image: ImageKey, stands: Mapping[str, Stands] | None) -> Mapping[str, int]:
    """How many findings of each severity are active, as Inspector names severities; `stands` are all of them."""
    if stands is None:
        return inspector_findings.counts(tx, image)
    return Counter([each[0] for each in stands.values() if each[1] == ACTIVE])


def _bounded(analysis: Analysis) -> Analysis:
    found = len(analysis.found or ())
    return analysis if found <= MOST else Analysis(FAILED, _TOO_MANY.format(found, MOST))


def _ended(place: Place, scan: Scan, analysis: Analysis, at: datetime) -> Scan:
    """A scan as it ends; where nothing could be looked for, what was found before is so still."""
    status, description = _standing(place, analysis)
    return replace(
        scan,
        status=status,
        description=description[:_LONGEST],
        source_updated_at=analysis.source_updated_at,
        lacking=analysis.lacking,
        completed_at=at,
        result=scan.result if analysis.found is None or analysis.concerned is not None else result_of(analysis.found),
    )


def let_go(tx: Transaction, scan: Scan) -> None:
    """Let a scan rest that is not to be done now: a sweep asks for it again where it is."""
    enhanced_scans.rest(tx, scan)


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
        inspector_findings.put(tx, told)
        enhanced_scans.count(tx, replace(scan, severities=ecr_counts(inspector_findings.counts(tx, image))))
        enhanced_telling.tell(tx, repository, seed, at, enhanced_telling.told(tx, image, told, texts))
    standings.keep(tx, repository, scan, at)
    return len(told)


def close_all(tx: Transaction, image: ImageKey, tags_of_it: Sequence[str], at: datetime) -> Sequence[Told]:
    """Close the findings of an image that goes, and had these tags; what its own change is to tell of it."""
    before = [each for each in inspector_findings.of_image(tx, image) if each.closed_at is None]
    told = [closed(each, at) for each in before]
    inspector_findings.put(tx, told)
    now = replace(enhanced_telling.image_now(tx, image), tags=tags_of_it) if told else ImageNow()
    return [enhanced_events.finding(each, now, enhanced_telling.remembered(tx, each)) for each in told]


def close_some(tx: Transaction, repository_id: str, limit: int, at: datetime) -> int:
    """Close up to `limit` findings of a repository that is gone; how many."""
    repository = repositories.lock_by_id(tx, repository_id)
    before = inspector_findings.open_of_repository(tx, repository_id, limit)
    if repository is not None and before:
        told = [closed(each, at) for each in before]
        inspector_findings.put(tx, told)
        now = {image: enhanced_telling.image_now(tx, image) for image in {each.image for each in told}}
        texts = [enhanced_telling.remembered(tx, each) for each in told]
        events = [enhanced_events.finding(each, now[each.image], said) for each, said in zip(told, texts, strict=True)]
        enhanced_telling.tell(tx, repository, f"{repository_id}/{repository.revision}", at, events)
    return len(before)


def _is_news(scan: Scan, analysis: Analysis) -> bool:
    return analysis.found is not None and result_of(analysis.found) != scan.result


def _is_enhanced(tx: Transaction, repository: Repository) -> bool:
    return registry_scanning.find(tx, repository.key.registry).scan_type == ENHANCED


def _standing(place: Place, analysis: Analysis) -> tuple[str, str]:
    """The status and description with which a scan ends."""
    if analysis.lacking:
        return coverage_statuses.UNAVAILABLE, analysis.description
    if analysis.status != COMPLETE or analysis.found is None:
        return analysis.status, analysis.description
    applied = configuration.applied(place.scanning, place.repository)
    if applied.frequency != CONTINUOUS:
        return coverage_statuses.COMPLETE, analysis.description
    rest = analysis.description.removeprefix(SUCCESS)
    return coverage_statuses.ACTIVE, coverage_statuses.CONTINUOUSLY + rest


def _hold(tx: Transaction, task: Task, inventory: bytes) -> None:
    """Keep what an image holds, if its blobs are still those that were read."""
    if not inventory:
        return
    layers = [each.blob for each in task.content.layers]
    read = {each.id: each for each in (*layers, task.content.config) if each is not None}
    if all(inventories.is_live(tx, each.id, each.location) for each in sorted(read.values(), key=_digest)):
        image_inventories.put(tx, *task.image, HELD_BY, inventory)


def _digest(blob: Blob) -> str:
    return blob.digest
