"""Rows of `image_scan` for enhanced scanning: what was found last stays while an image is scanned anew, and a sweep
over a registry says which images are to be scanned continuously still.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

import msgspec
from sqlalchemy import and_, bindparam, func, select, text, update

from entrepot.db import scans
from entrepot.db.database import Reader, Row, Transaction
from entrepot.db.inspector_records import ImageKey
from entrepot.db.inspector_schema import image_in_use, inspector_configuration
from entrepot.db.scan_records import Scan, ScanKey
from entrepot.db.scan_schema import image_scan, registry_scanning
from entrepot.db.schema import manifest, repository
from entrepot.spec.moments import micros, micros_or_none, moment, moment_or_none
from entrepot.spec.repository import RegistryKey

ENHANCED: Final = "ENHANCED"
_IS_IT = (
    (image_scan.c.repository_id == bindparam("of"))
    & (image_scan.c.digest == bindparam("image"))
    & (image_scan.c.type == ENHANCED)
)
_QUEUE = text(
    "INSERT INTO image_scan (repository_id, digest, type, id, status, description, queued_at, counted_at, severities, "
    "lacking, due_at, held, attempt, tries) "
    "VALUES (:of, :image, 'ENHANCED', :id, :status, :description, :queued_at, :pushed, '{}', 0, :due_at, 0, 0, 0) "
    "ON CONFLICT (repository_id, digest, type) DO UPDATE SET id = excluded.id, status = excluded.status, "
    "description = excluded.description, queued_at = excluded.queued_at, "
    "counted_at = CASE WHEN excluded.counted_at > 0 THEN excluded.counted_at ELSE image_scan.counted_at END, "
    "started_at = NULL, lacking = 0, "
    "due_at = excluded.due_at, held = 0, attempt = image_scan.attempt + 1, tries = 0"
)
_KEEP = (
    update(image_scan)
    .where(_IS_IT, image_scan.c.attempt == bindparam("mine"))
    .values(
        status=bindparam("new_status"),
        description=bindparam("told"),
        completed_at=bindparam("completed"),
        source_updated_at=bindparam("source"),
        severities=bindparam("counts"),
        lacking=bindparam("lacks"),
        result=bindparam("found"),
        due_at=None,
        held=0,
    )
)
_STAND = (
    update(image_scan)
    .where(_IS_IT)
    .values(status=bindparam("new_status"), description=bindparam("told"), due_at=None, held=0)
)
_REST = update(image_scan).where(_IS_IT, image_scan.c.attempt == bindparam("mine")).values(due_at=None, held=0)
_PUSHED = update(image_scan).where(_IS_IT).values(counted_at=bindparam("at"))
_COUNT = update(image_scan).where(_IS_IT).values(severities=bindparam("counts"))
_CHANGES = select(
    func.max(registry_scanning.c.changed_at).label("changed"),
    func.count(registry_scanning.c.changed_at).label("registries"),
    select(func.max(inspector_configuration.c.updated_at)).scalar_subquery().label("configured"),
).select_from(registry_scanning)
_DUE_SWEEP = (
    select(registry_scanning.c.account_id, registry_scanning.c.region)
    .join(
        inspector_configuration,
        and_(
            inspector_configuration.c.account_id == registry_scanning.c.account_id,
            inspector_configuration.c.region == registry_scanning.c.region,
        ),
        isouter=True,
    )
    .where(
        registry_scanning.c.scan_type == ENHANCED,
        registry_scanning.c.swept_at.is_(None)
        | (registry_scanning.c.swept_at < bindparam("before"))
        | (registry_scanning.c.swept_at <= registry_scanning.c.changed_at)
        | (registry_scanning.c.swept_at <= inspector_configuration.c.updated_at),
    )
    .order_by(registry_scanning.c.account_id, registry_scanning.c.region)
    .limit(bindparam("limit"))
)
_SWEPT = (
    update(registry_scanning)
    .where(registry_scanning.c.account_id == bindparam("account"), registry_scanning.c.region == bindparam("in_region"))
    .values(swept_at=bindparam("at"))
)
_used = (
    select(func.max(image_in_use.c.last_in_use_at))
    .where(image_in_use.c.repository_id == manifest.c.repository_id, image_in_use.c.digest == manifest.c.digest)
    .scalar_subquery()
)
_SWEEP = (
    select(
        manifest.c.repository_id,
        manifest.c.digest,
        manifest.c.pushed_at,
        manifest.c.last_pulled_at,
        _used.label("last_in_use_at"),
        image_scan.c.status,
        image_scan.c.description,
        image_scan.c.queued_at,
        image_scan.c.counted_at,
        image_scan.c.due_at,
    )
    .join(repository, repository.c.id == manifest.c.repository_id)
    .join(
        image_scan,
        and_(
            image_scan.c.repository_id == manifest.c.repository_id,
            image_scan.c.digest == manifest.c.digest,
            image_scan.c.type == ENHANCED,
        ),
        isouter=True,
    )
    .where(
        repository.c.kind == "private",
        repository.c.account_id == bindparam("account"),
        repository.c.region == bindparam("in_region"),
        repository.c.deleted_at.is_(None),
        manifest.c.kind == "image",
        manifest.c.status == "ACTIVE",
        (manifest.c.repository_id > bindparam("after_repository"))
        | (
            (manifest.c.repository_id == bindparam("after_repository"))
            & (manifest.c.digest > bindparam("after_digest"))
        ),
    )
    .order_by(manifest.c.repository_id, manifest.c.digest)
    .limit(bindparam("limit"))
)


class RegistryPlace(NamedTuple):
    """A private registry."""

    account: str
    region: str

    @property
    def key(self) -> RegistryKey:
        """Its key."""
        return RegistryKey("private", self.account, self.region)


@dataclass(frozen=True, slots=True)
class Swept:
    """An image of a registry: when it was pushed, last pulled, last seen to run, and how its enhanced scan stands."""

    image: ImageKey
    pushed_at: datetime
    last_pulled_at: datetime | None
    last_in_use_at: datetime | None
    status: str | None
    description: str
    queued_at: datetime | None
    waits: bool


def find(tx: Transaction, image: ImageKey) -> Scan | None:
    """The enhanced scan of an image."""
    return scans.find(tx, ScanKey(*image, ENHANCED))


def queue(
    tx: Transaction,
    image: ImageKey,
    scan_id: str,
    status: str,
    description: str,
    at: datetime,
    *,
    due: bool = True,
    pushed: bool = False,
) -> None:
    """Have an image scanned, or say why it is not (`due` False); what was found before stays, and who is at it has lost
    it. `pushed`: this is because it was.
    """
    tx.run(
        _QUEUE,
        **_named(image),
        id=scan_id,
        status=status,
        description=description,
        queued_at=micros(at),
        pushed=micros(at) if pushed else 0,
        due_at=micros(at) if due else None,
    )


def pushed(tx: Transaction, image: ImageKey, at: datetime) -> None:
    """Note that an image was pushed once more, of which a scan is there."""
    tx.run(_PUSHED, **_named(image), at=micros(at))


def keep(tx: Transaction, scan: Scan) -> bool:
    """Write how a scan ended; False when somebody else has taken it up since."""
    changed = tx.run(
        _KEEP,
        **_named(ImageKey(scan.key.repository_id, scan.key.digest)),
        mine=scan.attempt,
        new_status=scan.status,
        told=scan.description,
        completed=micros_or_none(scan.completed_at),
        source=micros_or_none(scan.source_updated_at),
        counts=_json(scan),
        lacks=int(scan.lacking),
        found=scan.result or None,
    )
    return changed == 1


def stand(tx: Transaction, image: ImageKey, status: str, description: str) -> None:
    """Change how a scan stands; one that waited waits no more."""
    tx.run(_STAND, **_named(image), new_status=status, told=description)


def rest(tx: Transaction, scan: Scan) -> None:
    """Have a scan wait no more, unless somebody else has taken it up since."""
    tx.run(_REST, **_named(ImageKey(scan.key.repository_id, scan.key.digest)), mine=scan.attempt)


def count(tx: Transaction, scan: Scan) -> None:
    """Write how many findings of each severity there are."""
    tx.run(_COUNT, **_named(ImageKey(scan.key.repository_id, scan.key.digest)), counts=_json(scan))


def changes(tx: Reader) -> object:
    """What is another after each change of what is to be scanned."""
    return tx.one(_CHANGES)


def due_sweeps(tx: Transaction, before: datetime, limit: int) -> Sequence[RegistryPlace]:
    """Registries that were swept before, or changed since."""
    return [RegistryPlace(*row) for row in tx.all(_DUE_SWEEP, before=micros(before), limit=limit)]


def swept(tx: Transaction, of: RegistryPlace, at: datetime) -> None:
    """Every image of a registry was looked at by a sweep that began at a moment."""
    tx.run(_SWEPT, account=of.account, in_region=of.region, at=micros(at))


def sweep(tx: Transaction, of: RegistryPlace, after: ImageKey, limit: int) -> Sequence[Swept]:
    """Images of a registry, above `after` in key order."""
    rows = tx.all(
        _SWEEP,
        account=of.account,
        in_region=of.region,
        after_repository=after.repository_id,
        after_digest=after.digest,
        limit=limit,
    )
    return [_swept(row) for row in rows]


def _swept(row: Row) -> Swept:
    return Swept(
        ImageKey(row.repository_id, row.digest),
        moment(max(row.pushed_at, row.counted_at or 0)),
        moment_or_none(row.last_pulled_at),
        moment_or_none(row.last_in_use_at),
        row.status,
        row.description or "",
        moment_or_none(row.queued_at),
        row.due_at is not None,
    )


def _named(image: ImageKey) -> dict[str, str]:
    return {"of": image.repository_id, "image": image.digest}


def _json(scan: Scan) -> str:
    return msgspec.json.encode(scan.severities or {}).decode()
