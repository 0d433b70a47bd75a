"""Blobs as a repository sees them: available, mounted from another, deleted. Bytes move in core/transfers.py."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeGuard

from entrepot.core import access, lookup, protection
from entrepot.core.access import Caller
from entrepot.core.changes import Change
from entrepot.core.encryption import data_keys
from entrepot.core.quotas.bytes import require_link_room
from entrepot.db import blobs as rows
from entrepot.db import pull_through_cache, registries, repositories, trash
from entrepot.db.database import Transaction
from entrepot.db.records import Blob, Link
from entrepot.errors import (
    BlobArchived,
    BlobInUse,
    BlobNotFound,
    BlobTrashed,
    BlobUnreferenced,
    LayerKeyUnusable,
    RepositoryKeyUnusable,
)
from entrepot.spec.digest import Digest
from entrepot.spec.repository import RepositoryKey


@dataclass(frozen=True, slots=True)
class Available:
    """A layer that a client need not upload, unless `archived`; `media_type` is None until a manifest names it."""

    digest: Digest
    size: int
    media_type: str | None
    archived: bool = False


def availability(
    tx: Transaction, caller: Caller, key: RepositoryKey, digests: Sequence[Digest]
) -> dict[Digest, Available | None]:
    """Which of the digests the repository holds; condemned and damaged ones are absent, so that they are sent again.

    An archived one may be sent again too: its image is restored by the push.
    """
    repository = lookup.require(tx, caller, key, "BatchCheckLayerAvailability")
    found: dict[Digest, Available | None] = {}
    for digest in digests:
        link = rows.find_link(tx, repository.id, digest)
        if link is None or link.condemned or link.blob.state != "live":
            found[digest] = None
            continue
        reference = rows.reference_to(tx, repository.id, digest)
        media_type = reference[1] if reference else None
        found[digest] = Available(digest, link.blob.size, media_type, archived=link.archived)
    return found


def require_downloadable(tx: Transaction, caller: Caller, key: RepositoryKey, digest: Digest) -> Blob:
    """The blob, for a download URL: BlobNotFound, BlobUnreferenced until an image names it, BlobArchived,
    LayerKeyUnusable.
    """
    repository = lookup.require(tx, caller, key, "GetDownloadUrlForLayer")
    link = rows.find_link(tx, repository.id, digest)
    if link is None or link.blob.state != "live":
        raise BlobNotFound(digest=digest, name=key.name, account=key.registry.account)
    if rows.reference_to(tx, repository.id, digest) is None:
        raise BlobUnreferenced(digest=digest, name=key.name)
    if link.archived:
        raise BlobArchived(digest=digest, name=key.name)
    try:
        data_keys.require_usable(tx, repository, caller.at)
    except RepositoryKeyUnusable as fault:
        raise LayerKeyUnusable(digest=digest, name=key.name, reason=fault) from None
    return link.blob


def mount(tx: Transaction, caller: Caller, target: RepositoryKey, source: RepositoryKey, digest: Digest) -> bool:
    """Link a blob of another repository of the same registry; False, exactly as if it were absent, when it may not be.

    Needs the right to read the source, that the source holds the digest, and that the registry's account setting
    BLOB_MOUNTING does not say otherwise; what was mounted before it did is held on. Images of an upstream lend nothing.
    Both repositories must have the same encryption, and the same key of KMS: RepositoryKeyUnusable where that cannot be
    used. BytesTooMany.
    """
    repository = lookup.require_shared(tx, caller, target, "InitiateLayerUpload")
    if registries.find(tx, target.registry).blob_mounting == "DISABLED":
        return False
    held = lookup.resource(tx, source, repositories.find(tx, source))
    if source.registry != target.registry or not access.allows(caller, "GetDownloadUrlForLayer", held):
        return False
    origin = repositories.share(tx, source)
    link = None if origin is None else rows.share_link(tx, origin.id, digest)
    if origin is None or not is_available(link) or link.blob.key != repository.encryption_key:
        return False
    if pull_through_cache.is_cached(tx, origin.id):
        return False
    data_keys.require_usable(tx, repository, caller.at)
    if rows.find_link(tx, repository.id, digest) is None:
        require_link_room(tx, target, link.blob.size)
    rows.link(tx, repository.id, digest, link.blob.id, caller.at)
    Change(tx, caller, repository).finish(
        "MountLayer",
        {"repositoryName": target.name, "layerDigest": digest, "sourceRepositoryName": source.name},
        bump=False,
    )
    return True


def delete(tx: Transaction, caller: Caller, key: RepositoryKey, digest: Digest) -> None:
    """Take a blob out of a repository: BlobNotFound; BlobInUse while an image of the repository names it, BlobTrashed
    while one does that may be restored; RepositoryProtected.
    """
    repository = lookup.require_locked(tx, caller, key, "BatchDeleteImage")
    protection.require_unprotected(tx, repository)
    if rows.find_link(tx, repository.id, digest) is None:
        raise BlobNotFound(digest=digest, name=key.name, account=key.registry.account)
    if rows.reference_to(tx, repository.id, digest) is not None:
        raise BlobInUse(digest=digest, name=key.name)
    if trash.holds(tx, repository.id, digest):
        raise BlobTrashed(digest=digest, name=key.name)
    rows.unlink(tx, repository.id, digest)
    Change(tx, caller, repository).finish("DeleteLayer", {"repositoryName": key.name, "layerDigest": digest})


def is_available(link: Link | None) -> TypeGuard[Link]:
    """Whether HEAD, availability checks and mounts may say that the blob is there."""
    return link is not None and not link.condemned and not link.archived and link.blob.state == "live"
