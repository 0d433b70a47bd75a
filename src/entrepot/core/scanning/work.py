"""What a scan goes through, as units of work: taken up, read, held, put back, finished. Whoever holds one may be
killed at any point: it is due again then, and only the last who took it up may finish it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from entrepot.core.changes import Change
from entrepot.core.scanning import configuration, findings, standings
from entrepot.core.scanning.analysis import FAILED, Analysis, Content, ImageLayer
from entrepot.core.scanning.coverage_statuses import PENDING, WAITS
from entrepot.core.scanning.places import registry_itself
from entrepot.core.scanning.requests import IN_PROGRESS
from entrepot.db import blobs, enhanced_scans, images, rematches, repositories, tags
from entrepot.db import scans as rows
from entrepot.db.database import Transaction
from entrepot.db.exception_records import Standing
from entrepot.db.inspector_records import ImageKey
from entrepot.db.records import Repository
from entrepot.db.scan_records import Scan, ScanKey
from entrepot.spec.digest import Digest
from entrepot.spec.manifest import Manifest

_MOST_TAGS = 1000
_LONGEST = 2000  # characters of a description
_TOO_MANY = "The image has {} findings: more than the {} that are kept."
ANYWHERE = ScanKey("", "", "")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a scan ended, as it is kept. `counted` is whether it uses up the image's 24 hours: no fault of this server's
    does.
    """

    status: str
    description: str
    severities: Mapping[str, int]
    source_updated_at: datetime | None = None
    lacking: bool = False
    counted: bool = True
    parts: Sequence[bytes] = ()


@dataclass(frozen=True, slots=True)
class Taken:
    """A scan that is held, of an image or of an index."""

    scan: Scan
    repository: Repository
    kind: str


def outcome_of(analysis: Analysis) -> Outcome:
    """An analysis as it is kept."""
    found = findings.in_order(analysis.findings)
    if len(found) > findings.MOST:
        described = _TOO_MANY.format(len(found), findings.MOST)
        return Outcome(FAILED, described, findings.counts(found), analysis.source_updated_at)
    return Outcome(
        analysis.status,
        analysis.description[:_LONGEST],
        findings.counts(found),
        analysis.source_updated_at,
        analysis.lacking,
        analysis.counted,
        parts=findings.packed(found),
    )


def take(tx: Transaction, now: datetime, until: datetime, most: int) -> Sequence[Taken]:
    """Take up so many of the scans that are due; those whose image or repository is gone go as well. A power cut may
    take that back, and they are due again.
    """
    taken = [_take(tx, key, now, until) for key in sorted(rows.due(tx, now, most))]
    return [each for each in taken if each is not None]


def _take(tx: Transaction, key: ScanKey, now: datetime, until: datetime) -> Taken | None:
    scan = rows.claim(tx, key, now, until)
    if scan is None:
        return None
    repository = repositories.find_live(tx, key.repository_id)
    kind = images.kind(tx, key.repository_id, key.digest)
    if repository is None or kind is None:
        rows.remove(tx, key.repository_id, key.digest)
        return None
    rows.start(tx, scan, now)
    return Taken(replace(scan, started_at=scan.started_at or now), repository, kind)


def read(tx: Transaction, taken: Taken) -> Content | None:
    """The image of a scan; None when it is gone."""
    repository = taken.repository
    stored = images.find(tx, repository.id, taken.scan.key.digest)
    if stored is None:
        return None
    manifest = Manifest.parse(stored.body, stored.media_type)
    layers = []
    for descriptor in manifest.layers:
        link = blobs.find_link(tx, repository.id, descriptor.digest)
        layers.append(ImageLayer(descriptor, link.blob if link is not None and link.blob.state == "live" else None))
    return Content(repository.key, stored.digest, manifest, tuple(layers))


def finish(tx: Transaction, scan: Scan, outcome: Outcome, at: datetime) -> bool:
    """Keep how a scan ended, with its findings, its event and its audit record; False when it was lost, or its image is
    gone.
    """
    repository = standings.lock(tx, scan.key.repository_id)
    ended = replace(
        scan,
        status=outcome.status,
        description=outcome.description,
        severities=outcome.severities,
        source_updated_at=outcome.source_updated_at,
        lacking=outcome.lacking,
        counted_at=scan.counted_at if outcome.counted else None,
        completed_at=at,
    )
    if repository is None or not rows.finish(tx, ended):
        return False
    for part, body in enumerate(outcome.parts):
        rows.add_findings(tx, scan.key, part, body)
    rows.wake(tx, repository.id, scan.key.digest, at)
    _tell(tx, repository, ended, standings.keep(tx, repository, ended, at), at)
    return True


def again(tx: Transaction, after: ScanKey, scan_ids: Sequence[str], at: datetime) -> ScanKey | None:
    """Queue scans anew that failed while nothing was known of vulnerabilities, as many as there are ids for, above
    `after`; the last of them, None when there are no more. Their images may be scanned once more within 24 hours.
    """
    found = rows.lacking(tx, after, len(scan_ids))
    for key, scan_id in zip(found, scan_ids, strict=False):
        if key.type == configuration.ENHANCED:
            enhanced_scans.queue(tx, ImageKey(key.repository_id, key.digest), scan_id, PENDING, WAITS, at)
        else:
            rows.put(tx, Scan(key, scan_id, IN_PROGRESS, "", at), due=True)
    return found[-1] if found else None


def free(tx: Transaction) -> None:
    """Let go of every scan, when nobody is left who could hold one."""
    rows.free(tx)
    rematches.free(tx)


def is_lacking(tx: Transaction, after: ScanKey) -> bool:
    """Whether there are such scans above `after`."""
    return bool(rows.lacking(tx, after, 1))


def _tell(tx: Transaction, repository: Repository, scan: Scan, standing: Standing, at: datetime) -> None:
    """The event and the audit record of a scan that has ended."""
    counted = dict(scan.severities or {})
    change = Change(tx, registry_itself(repository.key.registry, scan.id, at), repository)
    detail = {
        "scan-status": scan.status,
        "repository-name": repository.key.name,
        "finding-severity-counts": counted,
        "image-digest": scan.key.digest,
        "image-tags": list(tags.of_image(tx, repository.id, Digest(scan.key.digest), _MOST_TAGS)),
    }
    if standing.effective != counted:  # beyond AWS, where exceptions are for some of them
        detail["effective-finding-severity-counts"] = standing.effective
    change.event("ECR Image Scan", detail, [repository.key.arn])
    told = {
        "repositoryName": repository.key.name,
        "imageDigest": scan.key.digest,
        "scanType": scan.key.type,
        "scanStatus": scan.status,
        "findingSeverityCounts": counted,
    }
    change.finish("ImageScanEvent", told)
