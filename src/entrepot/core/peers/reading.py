"""What is read at the source of an image that goes elsewhere: by rows first, then the bytes, decrypted."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from entrepot.core import lookup
from entrepot.core.blobs import is_available
from entrepot.core.peers.destinations import Cargo, Loss, Pieces
from entrepot.core.replication.arriving import Way, caller, needed
from entrepot.core.units import Units
from entrepot.db import blobs, images, repositories, tags
from entrepot.db.database import Transaction
from entrepot.db.records import Blob, StoredManifest
from entrepot.errors import BlobsNotFound, ImageNotFound
from entrepot.spec.digest import Digest
from entrepot.spec.moments import micros
from entrepot.store.blobs import BlobStore


def cargo(tx: Transaction, way: Way, digest: str, tag: str, at: datetime) -> Cargo | None:
    """An image as it is now, None where it is gone: AccessDenied without the source account's role for replication."""
    lookup.allow(tx, caller(tx, way, at), way.source, "ReplicateImage")
    order, source = needed(tx, way.source, digest), repositories.find(tx, way.source)
    if not order or source is None:
        return None
    pointed = tag if tag and tags.find(tx, source.id, tag) == digest else ""
    return Cargo(way, order, pointed, micros(at))


def loss(tx: Transaction, way: Way, digest: str, tag: str, at: datetime) -> Loss:
    """What the source is without now: AccessDenied as `cargo`. Images of a repository that is gone go one by one, with
    their tags.
    """
    lookup.allow(tx, caller(tx, way, at), way.source, "ReplicateImage")
    source = repositories.find(tx, way.source)
    is_deleted = source is None or not images.known(tx, source.id, digest)
    has_tag = source is None or (bool(tag) and tags.find(tx, source.id, tag) is not None)
    return Loss(way, Digest(digest), tag, is_deleted, has_tag, micros(at))


@dataclass(frozen=True, slots=True)
class Reading:
    """Reads a deployment's own repositories and store."""

    units: Units
    store: BlobStore

    async def manifest(self, way: Way, digest: Digest) -> StoredManifest:
        """As Source says."""
        found = await self.units.read(_manifest, way, digest)
        if found is None:
            raise ImageNotFound(digest=digest, tag="null", name=way.source.name, account=way.source.registry.account)
        return found

    async def knows(self, way: Way, digest: str) -> bool:
        """As Source says."""
        return await self.units.read(_knows, way, digest)

    async def begin(self, way: Way, digest: Digest, most: Callable[[], int]) -> tuple[int, Pieces]:
        """As Source says."""
        held = await self.units.read(_held, way, digest)
        if held is None:
            raise BlobsNotFound(digests=digest, name=way.source.name, account=way.source.registry.account)
        return held.size, partial(self._pieces, held, most)

    async def _pieces(self, held: Blob, most: Callable[[], int], offset: int) -> AsyncIterator[bytes]:
        """An empty blob is one empty piece."""
        file = await asyncio.to_thread(self.store.open_checked, held.location, held.size)
        with file:
            file.seek(offset)
            while True:
                piece = await asyncio.to_thread(file.read, most())
                if piece or not held.size:
                    yield piece
                if not piece:
                    return


def _manifest(tx: Transaction, way: Way, digest: Digest) -> StoredManifest | None:
    found = repositories.find(tx, way.source)
    return None if found is None else images.find(tx, found.id, digest)


def _knows(tx: Transaction, way: Way, digest: str) -> bool:
    found = repositories.find(tx, way.source)
    return found is not None and images.known(tx, found.id, digest)


def _held(tx: Transaction, way: Way, digest: Digest) -> Blob | None:
    found = repositories.find(tx, way.source)
    link = None if found is None else blobs.find_link(tx, found.id, digest)
    return link.blob if link is not None and is_available(link) else None
