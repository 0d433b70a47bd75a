"""What Inspector tells of images at a moment: their tags, their use, how they are scanned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import and_, bindparam, func, or_, select

from entrepot.db.database import Reader, Row
from entrepot.db.inspector_records import ImageKey
from entrepot.db.inspector_schema import image_in_use
from entrepot.db.scan_schema import image_scan
from entrepot.db.schema import manifest, repository, tag
from entrepot.spec.moments import moment_or_none
from entrepot.spec.repository import RegistryKey

_MOST_TAGS = 1000
_TAGS = (
    select(tag.c.name)
    .where(tag.c.repository_id == bindparam("of"), tag.c.digest == bindparam("image"))
    .order_by(tag.c.name)
    .limit(_MOST_TAGS)
)
_USE = select(
    func.coalesce(func.sum(image_in_use.c.count), 0).label("uses"),
    func.max(image_in_use.c.last_in_use_at).label("last"),
).where(image_in_use.c.repository_id == bindparam("of"), image_in_use.c.digest == bindparam("image"))
_COVERED = (
    select(
        image_scan.c.repository_id,
        image_scan.c.digest,
        image_scan.c.status,
        image_scan.c.description,
        image_scan.c.completed_at,
        repository.c.name,
        manifest.c.last_pulled_at,
    )
    .join(repository, repository.c.id == image_scan.c.repository_id)
    .join(
        manifest,
        and_(manifest.c.repository_id == image_scan.c.repository_id, manifest.c.digest == image_scan.c.digest),
    )
    .where(
        repository.c.kind == "private",
        repository.c.account_id == bindparam("account"),
        repository.c.region == bindparam("in_region"),
        repository.c.deleted_at.is_(None),
        image_scan.c.type == "ENHANCED",
        or_(
            repository.c.name > bindparam("after_name"),
            and_(repository.c.name == bindparam("after_name"), image_scan.c.digest > bindparam("after_digest")),
        ),
    )
    .order_by(repository.c.name, image_scan.c.digest)
    .limit(bindparam("limit"))
)


class Use(NamedTuple):
    """Where an image runs, summed up."""

    total: int = 0
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CoveredImage:
    """An image that enhanced scanning has looked at, or is to."""

    image: ImageKey
    repository_name: str
    status: str  # AWS's ScanStatus
    description: str
    completed_at: datetime | None
    pulled_at: datetime | None


def tags(tx: Reader, image: ImageKey) -> Sequence[str]:
    """Its tags, in order."""
    return [row.name for row in tx.all(_TAGS, of=image.repository_id, image=image.digest)]


def use(tx: Reader, image: ImageKey) -> Use:
    """How it is in use."""
    row = tx.one(_USE, of=image.repository_id, image=image.digest)
    return Use() if row is None else Use(int(row.uses), moment_or_none(row.last))


def covered(tx: Reader, registry: RegistryKey, after: tuple[str, str], limit: int) -> Sequence[CoveredImage]:
    """Images of a registry by the name of their repository and their digest, above `after`."""
    given: Mapping[str, object] = {"after_name": after[0], "after_digest": after[1], "limit": limit}
    rows = tx.all(_COVERED, account=registry.account, in_region=registry.region, **given)
    return [_covered(row) for row in rows]


def _covered(row: Row) -> CoveredImage:
    return CoveredImage(
        image=ImageKey(row.repository_id, row.digest),
        repository_name=row.name,
        status=row.status,
        description=row.description,
        completed_at=moment_or_none(row.completed_at),
        pulled_at=moment_or_none(row.last_pulled_at),
    )
