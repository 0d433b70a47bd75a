"""What enhanced scanning has found in an image, page by page, the worst first; an index answers with the sum of its
images, which are what is scanned.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from entrepot.core.scanning import archived_scans, coverage_statuses, enhanced_events, findings
from entrepot.core.scanning.analysis import SUCCESS
from entrepot.core.scanning.enhanced_shown import Texts, shown, to_ecr
from entrepot.core.scanning.enhanced_telling import image_now
from entrepot.db import enhanced_scans, images, inspector_findings, registry_scanning
from entrepot.db.database import Row, Transaction
from entrepot.db.enhanced_scans import ENHANCED
from entrepot.db.inspector_records import FindingRecord, ImageKey
from entrepot.db.records import Repository, StoredManifest
from entrepot.db.scan_records import Scan
from entrepot.errors import PageTokenInvalid, ScanNotFound
from entrepot.spec.digest import Digest
from entrepot.spec.platforms import PlatformImage, platform_images

MOST_IMAGES: Final = 100  # of an index
_LONGEST: Final = 2000
_RANKS: Final = {"CRITICAL": 0, "HIGH": 1, "MEDIUM": 2, "LOW": 3, "INFORMATIONAL": 4, "UNTRIAGED": 5}
_ABSENT: Final = "the image is not in the repository"
_NOT_SCANNED: Final = "the image has not been scanned"
_TOO_MANY: Final = f"The index names more than {MOST_IMAGES} images: ask about each that matters."
_GOOD: Final = (coverage_statuses.ACTIVE, coverage_statuses.COMPLETE)
# of an index: that of its images which is the furthest from being known
_WORST_FIRST: Final = (
    coverage_statuses.PENDING,
    coverage_statuses.FAILED,
    coverage_statuses.UNAVAILABLE,
    coverage_statuses.LIMIT,
    coverage_statuses.TOO_LARGE,
    coverage_statuses.UNSUPPORTED,
    coverage_statuses.EXPIRED,
    coverage_statuses.ARCHIVED,
    coverage_statuses.COMPLETE,
    coverage_statuses.ACTIVE,
)


@dataclass(frozen=True, slots=True)
class Standing:
    """How the scan of an image, or of all images of an index, stands."""

    status: str
    description: str
    severities: Mapping[str, int]
    completed_at: datetime | None = None
    source_updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class EnhancedReport:
    """How the scan of an image stands, and a page of its findings, each with its image; `after` is where the next page
    begins, None at the end.
    """

    digest: Digest
    standing: Standing
    findings: Sequence[FindingRecord]
    images: Mapping[str, Any]  # what is told of each image now, by its digest
    after: tuple[str, str] | None

    @property
    def advisories(self) -> Sequence[str]:
        """Whose texts are shown with the findings."""
        return [enhanced_events.advisory(each) for each in self.findings]

    def shown(self, texts: Mapping[str, Texts]) -> Sequence[Mapping[str, Any]]:
        """The findings as ECR shows them, with texts by advisory."""
        return [
            to_ecr(shown(each, self.images[each.image.digest], texts.get(advisory, Texts())))
            for each, advisory in zip(self.findings, self.advisories, strict=True)
        ]


def describe(
    tx: Transaction,
    repository: Repository,
    image: StoredManifest,
    tag: str | None,
    limit: int,
    after: tuple[str, str],
) -> EnhancedReport:
    """A page of what was found: ScanNotFound; PageTokenInvalid for a token that is none. Findings that open or close
    between two pages are on the one where they belong.
    """
    stands = standing(tx, repository, image)
    if stands is None:
        name, account = repository.key.name, repository.key.registry.account
        raise ScanNotFound(digest=image.digest, tag=tag or "null", name=name, account=account)
    start = _start(after)
    found = sorted(
        (_RANKS.get(severity, 9), vulnerability, finding_id)
        for each in _images(repository, image)
        for finding_id, severity, vulnerability in inspector_findings.open_of_image(tx, each)
    )
    page = [each for each in found if each > start][:limit]
    more = bool(page) and page[-1] != found[-1]
    records = [inspector_findings.find(tx, repository.key.registry, each[2]) for each in page]
    kept = [each for each in records if each is not None]
    digests = {each.image.digest for each in kept}
    now = {digest: image_now(tx, ImageKey(repository.id, digest)) for digest in digests}
    return EnhancedReport(image.digest, stands, kept, now, _place(page[-1]) if more else None)


def standing(tx: Transaction, repository: Repository, image: StoredManifest) -> Standing | None:
    """How the scan of an image stands; None of one that was never asked for."""
    if image.status != "ACTIVE":
        return Standing(archived_scans.STATUS, archived_scans.DESCRIPTION, {})
    if image.kind != "index":
        scan = enhanced_scans.find(tx, ImageKey(repository.id, image.digest))
        return None if scan is None else _of_scan(scan)
    named = platform_images(image.body)
    if not named:
        return None
    if len(named) > MOST_IMAGES:
        return Standing(coverage_statuses.FAILED, _TOO_MANY, {})
    scans = [(each, enhanced_scans.find(tx, ImageKey(repository.id, each.digest))) for each in named]
    if all(scan is None for _, scan in scans):
        return None
    return _sum(tx, repository, scans)


def standings(tx: Transaction, repository: Repository, rows: Sequence[Row]) -> Mapping[str, Standing]:
    """Those of the images of a page that have one, by digest, where the registry has enhanced scanning."""
    registry = repository.key.registry
    if registry.kind != "private" or registry_scanning.find(tx, registry).scan_type != ENHANCED:
        return {}
    found: dict[str, Standing] = {}
    for each in rows:
        whole = images.find(tx, repository.id, each.digest) if each.kind == "index" else each
        stands = None if whole is None else standing(tx, repository, whole)
        if stands is not None:
            found[each.digest] = stands
    return found


def _of_scan(scan: Scan) -> Standing:
    return Standing(scan.status, scan.description, scan.severities or {}, scan.completed_at, scan.source_updated_at)


def _sum(tx: Transaction, repository: Repository, scans: Sequence[tuple[PlatformImage, Scan | None]]) -> Standing:
    """Of the worst status among the images; what is not known of the others is said."""
    known = [scan for _, scan in scans if scan is not None]
    total: Counter[str] = Counter()
    for scan in known:
        total.update(scan.severities or {})
    faults = [fault for image, scan in scans if (fault := _fault(tx, repository, image, scan))]
    status = min((scan.status for scan in known), key=_WORST_FIRST.index)
    if faults and status in _GOOD:
        status = coverage_statuses.FAILED
    sound = coverage_statuses.CONTINUOUSLY if status == coverage_statuses.ACTIVE else SUCCESS
    completed = [scan.completed_at for scan in known if scan.completed_at is not None]
    sources = [scan.source_updated_at for scan in known if scan.source_updated_at is not None]
    return Standing(
        status,
        "; ".join(faults)[:_LONGEST] or sound,
        findings.ordered(total),
        max(completed, default=None),
        min(sources, default=None),
    )


def _fault(tx: Transaction, repository: Repository, image: PlatformImage, scan: Scan | None) -> str:
    """Why an image of an index is not known to be without findings, or with no others."""
    named = f"{image.platform} ({image.digest})" if image.platform else image.digest
    if scan is None:
        return f"{named}: {_NOT_SCANNED if images.known(tx, repository.id, image.digest) else _ABSENT}"
    return "" if scan.status in _GOOD else f"{named}: {scan.description}"


def _images(repository: Repository, image: StoredManifest) -> Sequence[ImageKey]:
    if image.kind != "index":
        return [ImageKey(repository.id, image.digest)]
    return [ImageKey(repository.id, each.digest) for each in platform_images(image.body)[:MOST_IMAGES]]


def _start(after: tuple[str, str]) -> tuple[int, str, str]:
    """Where a page begins."""
    if after == ("", ""):
        return -1, "", ""
    rank, _, vulnerability = after[0].partition("/")
    if not rank.isdecimal() or not after[1]:
        raise PageTokenInvalid
    return int(rank), vulnerability, after[1]


def _place(of: tuple[int, str, str]) -> tuple[str, str]:
    return f"{of[0]}/{of[1]}", of[2]
