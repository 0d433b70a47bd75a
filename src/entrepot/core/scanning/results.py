"""What a scan has found, page by page, and how far it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from entrepot.core import lookup
from entrepot.core.access import Caller
from entrepot.core.scanning import archived_scans, configuration, enhanced_results, findings, places, standings
from entrepot.core.scanning.analysis import Finding
from entrepot.core.scanning.enhanced_results import EnhancedReport
from entrepot.core.scanning.requests import IN_PROGRESS
from entrepot.core.scanning.rulings import shown
from entrepot.db import image_standings, registry_scanning
from entrepot.db import scans as rows
from entrepot.db.database import Transaction
from entrepot.db.records import Repository
from entrepot.db.scan_records import Scan, ScanKey
from entrepot.errors import PageTokenInvalid, ScanNotFound
from entrepot.spec.digest import Digest
from entrepot.spec.repository import RepositoryKey

Place = tuple[str, str]  # of a page: the scan's id, and how many findings stand before it
START: Place = ("", "")


@dataclass(frozen=True, slots=True)
class Report:
    """A scan and a page of its findings; `after` is where the next one begins, None at the end."""

    digest: Digest
    scan: Scan
    findings: Sequence[Finding]
    after: Place | None

    @property
    def has_ended(self) -> bool:
        """Whether there is anything to say but that it is in progress."""
        return self.scan.status != IN_PROGRESS


def describe(
    tx: Transaction,
    caller: Caller,
    key: RepositoryKey,
    digest: Digest | None,
    tag: str | None,
    limit: int,
    after: Place = START,
) -> Report | EnhancedReport:
    """The image's last scan, of the type that its registry has now: ImageNotFound, ScanNotFound; PageTokenInvalid when
    another has taken its place since the page before: findings of two basic scans are never shown as those of one.
    """
    places.require_named(digest, tag)
    repository = lookup.require_images(tx, caller, key, "DescribeImageScanFindings", [(tag or "", digest or "")])
    image = places.image(tx, repository, digest, tag)
    if registry_scanning.find(tx, key.registry).scan_type == configuration.ENHANCED:
        return enhanced_results.describe(tx, repository, image, tag, limit, after)
    of = ScanKey(repository.id, image.digest, configuration.BASIC)
    scan = rows.find(tx, of)
    if image.status != "ACTIVE":
        return Report(image.digest, archived_scans.shown(of, image, scan), (), None)
    if scan is None:
        raise ScanNotFound(digest=image.digest, tag=tag or "null", name=key.name, account=key.registry.account)
    start = _position(scan, after)
    found = findings.page(tx, scan.key, start, limit + 1)
    more = (scan.id, str(start + limit)) if len(found) > limit else None
    return _report(tx, caller, repository, scan, found[:limit], more)


def _report(
    tx: Transaction,
    caller: Caller,
    repository: Repository,
    scan: Scan,
    found: Sequence[Finding],
    after: Place | None,
) -> Report:
    """What exceptions are for is shown with why it need not count, and how much is left is said."""
    excepted = standings.rulings(tx, repository, scan.key.digest, caller.at)
    standing = image_standings.find(tx, scan.key) if excepted else None
    if standing is None:
        return Report(Digest(scan.key.digest), scan, found, after)
    digests = standings.digests_of(tx, repository, scan.key.digest)
    marked = [shown(each, excepted.of_finding(each, digests, caller.at)) for each in found]
    left = standings.present(tx, repository, standing, caller.at).effective
    if left != dict(scan.severities or {}):
        scan = replace(scan, description=f"{scan.description} {_left(left)}".strip())
    return Report(Digest(scan.key.digest), scan, marked, after)


def _left(effective: Mapping[str, int]) -> str:
    counts = ", ".join(f"{severity} {number}" for severity, number in effective.items()) or "none"
    return f"Without those that are suppressed: {counts}."


def _position(scan: Scan, after: Place) -> int:
    of, position = after
    if after == START:
        return 0
    if of != scan.id or not position.isdecimal():
        raise PageTokenInvalid
    return int(position)
