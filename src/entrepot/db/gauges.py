"""How things stand in the metadata, for metrics: which repositories there are, what one of them holds."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, func, select, text

from entrepot.db.database import Row, Transaction
from entrepot.db.schema import manifest, repository, tag

_PAGE = (
    select(
        repository.c.id,
        repository.c.account_id,
        repository.c.region,
        repository.c.kind,
        repository.c.name,
        repository.c.revision,
    )
    .where(repository.c.deleted_at.is_(None), repository.c.id > bindparam("after"))
    .order_by(repository.c.id)
    .limit(bindparam("limit"))
)
_IMAGES = select(func.count().label("images"), func.min(manifest.c.pushed_at), func.max(manifest.c.pushed_at)).where(
    manifest.c.repository_id == bindparam("of")
)
_TAGS = select(func.count().label("tags")).where(tag.c.repository_id == bindparam("of"))
_BYTES = text(
    "SELECT coalesce(sum(size), 0), coalesce(sum(CASE WHEN EXISTS ("
    "SELECT 1 FROM repository_blob other WHERE other.blob_id = held.blob_id"
    " AND other.repository_id <> held.repository_id) THEN size ELSE 0 END), 0)"
    " FROM repository_blob held JOIN blob ON blob.id = held.blob_id"
    " WHERE held.repository_id = :of AND held.condemned_at IS NULL"
)


@dataclass(frozen=True, slots=True)
class Holding:
    """What a repository holds; moments in microseconds, None without images. `shared` bytes others hold too."""

    images: int
    tags: int
    size: int
    shared: int
    oldest: int | None
    newest: int | None


def page(tx: Transaction, after: str, limit: int) -> Sequence[Row]:
    """Live repositories with ids above `after`: id, account_id, region, kind, name, revision."""
    return tx.all(_PAGE, after=after, limit=limit)


def holding(tx: Transaction, repository_id: str) -> Holding:
    """What a repository holds; nothing when it is gone."""
    images, tags = tx.one(_IMAGES, of=repository_id), tx.one(_TAGS, of=repository_id)
    held = tx.one(_BYTES, of=repository_id)
    if images is None or tags is None or held is None:  # aggregates have a row
        return Holding(0, 0, 0, 0, None, None)
    return Holding(images[0], tags[0], int(held[0]), int(held[1]), images[1], images[2])
