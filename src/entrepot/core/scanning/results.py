"""What a scan has found, page by page, and how far it is."""

from collections.abc import Sequence
from dataclasses import dataclass

from entrepot.core import lookup
from entrepot.core.access import Caller
from entrepot.core.scanning import configuration, enhanced_results, findings, places
from entrepot.core.scanning.analysis import Finding
from entrepot.core.scanning.enhanced_results import EnhancedReport
from entrepot.core.scanning.requests import IN_PROGRESS
from entrepot.db import registry_scanning
from entrepot.db import scans as rows
from entrepot.db.database import Transaction
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
    scan = rows.find(tx, ScanKey(repository.id, image.digest, configuration.BASIC))
    if scan is None:
        raise ScanNotFound(digest=image.digest, tag=tag or "null", name=key.name, account=key.registry.account)
    start = _position(scan, after)
    found = findings.page(tx, scan.key, start, limit + 1)
    more = (scan.id, str(start + limit)) if len(found) > limit else None
    return Report(image.digest, scan, found[:limit], more)


def _position(scan: Scan, after: Place) -> int:
    of, position = after
    if after == START:
        return 0
    if of != scan.id or not position.isdecimal():
        raise PageTokenInvalid
    return int(position)
