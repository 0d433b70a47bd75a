"""The queries of fsck: every manifest, what it needs, and what of that is missing."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, select

from entrepot.db import blobs, images
from entrepot.db.database import Transaction
from entrepot.db.schema import manifest, repository
from entrepot.spec.digest import Digest
from entrepot.spec.manifest import Manifest

_PAGE = (
    select(manifest.c.repository_id, manifest.c.digest, repository.c.account_id, repository.c.name)
    .join(repository, repository.c.id == manifest.c.repository_id)
    .where(
        (manifest.c.repository_id > bindparam("after_repository"))
        | (
            (manifest.c.repository_id == bindparam("after_repository"))
            & (manifest.c.digest > bindparam("after_digest"))
        ),
        repository.c.deleted_at.is_(None),
    )
    .order_by(manifest.c.repository_id, manifest.c.digest)
    .limit(bindparam("limit"))
)


@dataclass(frozen=True, slots=True)
class ManifestKey:
    """Which manifest; `repository` is account/name, for people."""

    repository_id: str
    digest: str
    repository: str


def manifests(tx: Transaction, after: tuple[str, str], limit: int) -> Sequence[ManifestKey]:
    """Manifests of live repositories above `after`."""
    rows = tx.all(_PAGE, after_repository=after[0], after_digest=after[1], limit=limit)
    return [ManifestKey(row.repository_id, row.digest, f"{row.account_id}/{row.name}") for row in rows]


def unlinked(tx: Transaction, key: ManifestKey, broken: Collection[str]) -> list[Digest]:
    """Blobs that a manifest needs, by its bytes and not its reference rows, and that its repository has not live or
    only as one of `broken` (ids of blobs).
    """
    stored = images.find(tx, key.repository_id, key.digest)
    if stored is None:
        return []
    missing = []
    for descriptor in Manifest.parse(stored.body, stored.media_type).required_blobs:
        link = blobs.find_link(tx, key.repository_id, descriptor.digest)
        if link is None or link.blob.state != "live" or link.blob.id in broken:
            missing.append(descriptor.digest)
    return missing
