"""How things stand in the metadata, for metrics: which repositories there are, what one of them holds."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Executable, bindparam, func, select, text

from entrepot.db.database import Row, Transaction, number_of
from entrepot.db.schema import manifest, repository, repository_blob, tag

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
_IMAGES = select(func.count().label("number")).where(manifest.c.repository_id == bindparam("of"))
_PUSHED = select(func.min(manifest.c.pushed_at), func.max(manifest.c.pushed_at)).where(
    manifest.c.repository_id == bindparam("of")
)
_TAGS = select(func.count().label("number")).where(tag.c.repository_id == bindparam("of"))
_LINKS = select(func.count().label("number")).where(repository_blob.c.repository_id == bindparam("of"))
_BYTES = text(
    "SELECT coalesce(sum(size), 0), coalesce(sum(CASE WHEN EXISTS ("
    "SELECT 1 FROM repository_blob other WHERE other.blob_id = held.blob_id"
    " AND other.repository_id <> held.repository_id) THEN size ELSE 0 END), 0)"
    " FROM repository_blob held JOIN blob ON blob.id = held.blob_id"
    " WHERE held.repository_id = :of AND held.condemned_at IS NULL"
)


@dataclass(frozen=True, slots=True)
class Holding:
    """What a repository holds. `shared` are bytes that others hold too; the moments of the first and the last push are
    in microseconds, None without images; both, and the bytes, are None where they were not asked for.
    """

    images: int
    tags: int
    size: int | None
    shared: int | None
    oldest: int | None
    newest: int | None


def page(tx: Transaction, after: str, limit: int) -> Sequence[Row]:
    """Live repositories with ids above `after`: id, account_id, region, kind, name, revision."""
    return tx.all(_PAGE, after=after, limit=limit)


def holding(tx: Transaction, repository_id: str, most: int | None = None) -> Holding:
    """What a repository holds; nothing when it is gone.

    Images, tags and links are counted in indexes. The rest reads each of them, and is left out where they are more than
    `most`.
    """
    images, tags, links = (number_of(tx, each, of=repository_id) for each in (_IMAGES, _TAGS, _LINKS))
    size, shared, oldest, newest = None, None, None, None
    if most is None or links <= most:
        size, shared = (int(each) for each in _numbers(tx, _BYTES, repository_id))
    if most is None or images <= most:
        oldest, newest = _numbers(tx, _PUSHED, repository_id)
    return Holding(images, tags, size, shared, oldest, newest)


def _numbers(tx: Transaction, statement: Executable, repository_id: str) -> Row:
    (row,) = tx.all(statement, of=repository_id)  # aggregates have one
    return row
