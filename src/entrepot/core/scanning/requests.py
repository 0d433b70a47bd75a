"""What asks for scans: a push, and who starts one. An image is scanned once in 24 hours, a registry scans so many."""

from datetime import datetime, timedelta

from entrepot.core import lookup
from entrepot.core.access import Caller
from entrepot.core.changes import Change
from entrepot.core.quotas import catalogue, limits
from entrepot.core.scanning import analysis, configuration, enhanced_requests, places, quotas
from entrepot.db import registry_scanning
from entrepot.db import scans as rows
from entrepot.db.database import Transaction
from entrepot.db.records import Repository
from entrepot.db.scan_records import Scan, ScanKey
from entrepot.errors import ImageArchived, ImageNotScannable, ImageScanned, ManualScanUnavailable, ScansTooMany
from entrepot.spec.digest import Digest
from entrepot.spec.event_ids import event_id
from entrepot.spec.moments import micros
from entrepot.spec.platforms import can_be_scanned
from entrepot.spec.repository import RepositoryKey

ONCE_IN = timedelta(hours=24)
IN_PROGRESS, LIMIT_EXCEEDED = analysis.IN_PROGRESS, "LIMIT_EXCEEDED"
_NO_ROOM = (
    "The scan quota of the registry has been exceeded: {} images in 24 hours. Start the scan of this image later."
)


def start(
    tx: Transaction,
    caller: Caller,
    key: RepositoryKey,
    digest: Digest | None,
    tag: str | None,
    most: int | None = None,
) -> Scan:
    """Have an image scanned: ManualScanUnavailable, ImageNotFound, ImageArchived, ImageNotScannable,
    ImageScanned, ScansTooMany.
    """
    places.require_named(digest, tag)
    named = [(tag or "", digest or "")]
    repository = lookup.require_images_locked(tx, caller, key, "StartImageScan", named)
    if registry_scanning.find(tx, key.registry).scan_type == configuration.ENHANCED:
        raise ManualScanUnavailable
    image = places.image(tx, repository, digest, tag)
    if image.status != "ACTIVE":
        raise ImageArchived(digest=image.digest, name=key.name, status=image.status)
    if not can_be_scanned(image.body):
        raise ImageNotScannable(digest=image.digest)
    of = ScanKey(repository.id, image.digest, configuration.BASIC)
    if is_fresh(rows.find(tx, of), caller.at):
        raise ImageScanned
    scan = queue(tx, repository, of, _id(caller.at, caller.request_id, of), caller.at, most)
    if scan.status == LIMIT_EXCEEDED:
        raise ScansTooMany(limit=_most(tx, repository, most))
    image_id = {"imageDigest": image.digest} | ({"imageTag": tag} if tag else {})
    told = {"repositoryName": key.name, "imageId": image_id}
    Change(tx, caller, repository).finish("StartImageScan", told, bump=False)
    return scan


def pushed(
    tx: Transaction,
    repository: Repository,
    digest: Digest,
    payload: bytes,
    at: datetime,
    request_id: str,
    most: int | None = None,
) -> None:
    """Have an image scanned that this request pushes, in the unit that does, where its repository is scanned on push.

    A registry that has scanned as much as it may takes the push all the same; the image's scan says what was not done.
    """
    if repository.key.registry.kind != "private":
        return
    scanning = registry_scanning.find(tx, repository.key.registry)
    if scanning.scan_type == configuration.ENHANCED:
        enhanced_requests.pushed(tx, repository, digest, payload, at, request_id)
        return
    if configuration.applied(scanning, repository).frequency != configuration.ON_PUSH or not can_be_scanned(payload):
        return
    of = ScanKey(repository.id, digest, configuration.BASIC)
    if not is_fresh(rows.find(tx, of), at):
        queue(tx, repository, of, _id(at, request_id, of), at, most)


def queue(
    tx: Transaction, repository: Repository, of: ScanKey, scan_id: str, at: datetime, most: int | None = None
) -> Scan:
    """Put a scan in the place of the image's last one, whatever that is; LIMIT_EXCEEDED where there is no room, and of
    an image that has no scan yet this is its scan.
    """
    registry = repository.key.registry
    limit = _most(tx, repository, most)
    if not quotas.take(tx, registry, at, limit):
        full = Scan(of, scan_id, LIMIT_EXCEEDED, _NO_ROOM.format(limit), at, completed_at=at)
        if rows.find(tx, of) is None:
            rows.put(tx, full, due=False)
        return full
    scan = Scan(of, scan_id, IN_PROGRESS, "", at, counted_at=at)
    rows.put(tx, scan, due=True)
    return scan


def is_fresh(scan: Scan | None, at: datetime) -> bool:
    """Whether the image's 24 hours last still."""
    return scan is not None and (
        scan.status == IN_PROGRESS or (scan.counted_at is not None and scan.counted_at > at - ONCE_IN)
    )


def _most(tx: Transaction, repository: Repository, most: int | None) -> int:
    """How many scans the registry may begin in 24 hours, where nobody says."""
    return limits.limit(tx, repository.key.registry, catalogue.SCANS) if most is None else most


def _id(at: datetime, request_id: str, of: ScanKey) -> str:
    """The same each time that the unit runs."""
    return event_id(micros(at), request_id, f"scan/{of.repository_id}/{of.digest}")
