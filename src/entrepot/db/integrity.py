"""The queries of fsck: every manifest, what it needs, and what of that is missing."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, exists, select

from entrepot.db import blobs, images
from entrepot.db.database import Transaction
from entrepot.db.schema import manifest, repository
from entrepot.db.template_schema import trashed_image, trashed_repository
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
        repository.c.deleted_at.is_(None) | exists().where(trashed_repository.c.repository_id == repository.c.id),
    )
    .order_by(manifest.c.repository_id, manifest.c.digest)
    .limit(bindparam("limit"))
)
_TRASHED_PAGE = (
    select(
        trashed_image.c.id,
        trashed_image.c.repository_id,
        trashed_image.c.digest,
        repository.c.account_id,
        repository.c.name,
    )
    .join(repository, repository.c.id == trashed_image.c.repository_id)
    .where(trashed_image.c.id > bindparam("after"))
    .order_by(trashed_image.c.id)
    .limit(bindparam("limit"))
)
_TRASHED = select(trashed_image.c.media_type, trashed_image.c.body).where(trashed_image.c.id == bindparam("entry"))


@dataclass(frozen=True, slots=True)
class ManifestKey:
    """Which manifest; `repository` is account/name, for people, `trashed` the id of its entry in the trash."""

    repository_id: str
    digest: str
    repository: str
    trashed: str = ""


def manifests(tx: Transaction, after: tuple[str, str], limit: int) -> Sequence[ManifestKey]:
    """Manifests of repositories that live or may be restored, above `after`."""
    rows = tx.all(_PAGE, after_repository=after[0], after_digest=after[1], limit=limit)
    return [ManifestKey(row.repository_id, row.digest, f"{row.account_id}/{row.name}") for row in rows]


def trashed(tx: Transaction, after: str, limit: int) -> Sequence[ManifestKey]:
    """Manifests in the trash with entries above `after`."""
    rows = tx.all(_TRASHED_PAGE, after=after, limit=limit)
    return [
        ManifestKey(row.repository_id, row.digest, f"the trash of {row.account_id}/{row.name}", row.id) for row in rows
    ]


def unlinked(tx: Transaction, key: ManifestKey, broken: Collection[str]) -> list[Digest]:
    """Blobs that a manifest needs, by its bytes and not its reference rows, and that its repository has not live or
    only as one of `broken` (ids of blobs).
    """
    manifest = _manifest(tx, key)
    missing = []
    for descriptor in () if manifest is None else manifest.required_blobs:
        link = blobs.find_link(tx, key.repository_id, descriptor.digest)
        if link is None or link.blob.state != "live" or link.blob.id in broken:
            missing.append(descriptor.digest)
    return missing


def _manifest(tx: Transaction, key: ManifestKey) -> Manifest | None:
    """None of one that is gone by now."""
    if key.trashed:
        row = tx.one(_TRASHED, entry=key.trashed)
        return None if row is None else Manifest.parse(bytes(row.body), row.media_type)
    stored = images.find(tx, key.repository_id, key.digest)
    return None if stored is None else Manifest.parse(stored.body, stored.media_type)
