"""Sums over `blob` and `repository` by what encrypts them."""

from collections import Counter
from collections.abc import Mapping

import msgspec
from sqlalchemy import func, select

from entrepot.db.database import Reader
from entrepot.db.schema import blob, repository

_BLOBS = (
    select(blob.c.sealed_by, func.count().label("blobs"), func.coalesce(func.sum(blob.c.size), 0).label("bytes"))
    .where(blob.c.state != "deleting")
    .group_by(blob.c.sealed_by)
)
_REPOSITORIES = (
    select(repository.c.encryption, func.count().label("repositories"))
    .where(repository.c.deleted_at.is_(None))
    .group_by(repository.c.encryption)
)


def blobs(tx: Reader) -> dict[str, tuple[int, int]]:
    """(blobs, bytes) by the ARN of their key, '' for plain ones."""
    return {row.sealed_by: (int(row.blobs), int(row.bytes)) for row in tx.all(_BLOBS)}


def repositories(tx: Reader) -> Mapping[str, int]:
    """How many repositories have a key, by its ARN."""
    found: Counter[str] = Counter()
    for row in tx.all(_REPOSITORIES):
        key = msgspec.json.decode(row.encryption).get("kmsKey", "")
        if key:
            found[key] += int(row.repositories)
    return found
