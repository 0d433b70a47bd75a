"""Images of this deployment: rows of its database, bytes of its store; what is kept of a layer is not read anew."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from entrepot.core import images
from entrepot.core.examining import platforms
from entrepot.core.examining.sources import LayerSource, OpenLayer, Source
from entrepot.core.scanning import inventories
from entrepot.core.scanning.layer_programs import VERSION
from entrepot.db import blobs, repositories
from entrepot.db.database import Transaction
from entrepot.db.records import Repository
from entrepot.errors import BlobBytesMissing, RepositoryKeyUnusable, RepositoryNotFound
from entrepot.errors.scanning import ImageUnusable, LayerUnreadable
from entrepot.spec import media_type as types
from entrepot.spec.digest import Digest
from entrepot.spec.manifest import Descriptor, Manifest
from entrepot.spec.reference import Reference
from entrepot.spec.repository import RepositoryKey
from entrepot.store.blobs import BlobStore


def source(tx: Transaction, store: BlobStore, key: RepositoryKey, reference: Reference, platform: str | None) -> Source:
    """The image of a tag or digest, for this platform where it is an index: RepositoryNotFound, ImageNotFound,
    ImageUnusable.
    """
    repository = repositories.find(tx, key)
    if repository is None:
        raise RepositoryNotFound(name=key.name, account=key.registry.account)
    manifest = _manifest(tx, repository, reference, platform)
    layers = [_layer(tx, store, repository, each) for each in manifest.layers if types.is_layer(each.media_type)]
    return Source(f"{key.name}{'@' if ':' in reference else ':'}{reference}", str(manifest.digest), layers)


def _manifest(tx: Transaction, repository: Repository, reference: Reference, platform: str | None) -> Manifest:
    name = f"{repository.key.name} {reference}"
    for _ in range(platforms.DEEPEST):
        stored = images.resolve(tx, repository, reference).manifest
        if stored.kind == "image":
            return Manifest.parse(stored.body, stored.media_type)
        reference = Digest(platforms.chosen(stored.body, platform, name))
    raise ImageUnusable(path=name, reason=f"its indexes are nested more than {platforms.DEEPEST} deep")


def _layer(tx: Transaction, store: BlobStore, repository: Repository, layer: Descriptor) -> LayerSource:
    link = blobs.find_link(tx, repository.id, layer.digest)
    blob = None if link is None or link.blob.state != "live" else link.blob
    kept = None if blob is None else inventories.find(tx, [blob], VERSION).get(blob.id)
    return LayerSource(
        name=str(layer.digest),
        opened=partial(_opened, store, layer.digest, "" if blob is None else blob.location, layer.size),
        kept=None if kept is None else inventories.unpacked(kept),
    )


@asynccontextmanager
async def _opened(store: BlobStore, digest: Digest, location: str, size: int) -> AsyncIterator[OpenLayer]:
    if not location:
        raise LayerUnreadable(digest=digest, reason="the registry does not hold it")
    try:
        file = await asyncio.to_thread(store.open_checked, location, size)
    except (BlobBytesMissing, RepositoryKeyUnusable) as fault:
        raise LayerUnreadable(digest=digest, reason=fault) from None
    with file:
        yield OpenLayer(file, str(digest))
