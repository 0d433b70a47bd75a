"""What peers bring to this deployment, on the event loop of a door: bytes by way of the uploads that everybody makes,
then the images, in transactions of `receiving`.

The upload of a blob has an id that follows from peer, repository and digest: whoever goes on with it, after a restart
of either side, finds it where it stood. A small blob comes in one call, without an upload.
"""

import uuid
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

from msgspec import structs

from entrepot.core.access import Caller
from entrepot.core.peers import acting, membership, receiving
from entrepot.core.principals import root_principal
from entrepot.core.replication import outcomes
from entrepot.core.replication.arriving import Way
from entrepot.core.replication.failing import Failed
from entrepot.core.rights import Rights
from entrepot.core.scanning.places import registry_itself
from entrepot.core.transfers import Transfers
from entrepot.core.units import Units
from entrepot.db.database import Transaction
from entrepot.db.peer_records import Peer
from entrepot.db.records import Repository
from entrepot.errors import DigestMismatch, Fact, UploadNotFound, UploadOutOfOrder
from entrepot.errors.peers import PeerCallInvalid, PeerRefused
from entrepot.policy.evaluation import Policies
from entrepot.spec import peering
from entrepot.spec.digest import Digest
from entrepot.spec.manifest import Manifest
from entrepot.spec.peering import BlobNamed, Done, Greeting, Lacking, Piece, Prepare, PutImage, Remove, Taken
from entrepot.spec.repository import RepositoryKey

_STORING: Final = "replication.ecr.amazonaws.com"


class Intake:
    """What one API process does for peers."""

    def __init__(
        self, units: Units, transfers: Transfers, store: str, regions: Collection[str], clock: Callable[[], datetime]
    ) -> None:
        """`store` is the name of the store that blobs go to."""
        self._units = units
        self._transfers = transfers
        self._store = store
        self._regions = regions
        self._clock = clock

    async def greet(self, peer: Peer) -> Greeting:
        """What this deployment is to a peer."""
        found = await self._units.read(membership.get, peer.name)
        return Greeting(tuple(self._regions), found.accounts)

    async def prepare(self, peer: Peer, told: Prepare, source_ip: str) -> Lacking:
        """Make room for an image: what of it is not here. PeerNotGranted, and what `receiving.prepare` raises."""
        if len(told.blobs) > peering.MOST_BLOBS or len(told.manifests) > peering.MOST_MANIFESTS:
            raise PeerCallInvalid(reason="it names more blobs or manifests than one call may")
        for each in told.blobs:
            Digest.parse(each.digest)
        way = acting.way_of(told.way)
        async with self._telling(peer, told.way, source_ip):
            target, lacking = await self._units.write(self._prepare, peer, way, told, source_ip)
        storing = self._storing(way)
        found = [await self._stands(storing, peer, way.target, target.id, each) for each in lacking.blobs]
        return Lacking(lacking.manifests, tuple(found))

    async def take(self, peer: Peer, told: Piece, data: bytes, source_ip: str) -> Taken:
        """Add bytes of a blob where they belong; how far it has come, which may be elsewhere than they belong.
        DigestMismatch, UploadTooLarge, StorageFull, BytesTooMany.
        """
        async with self._telling(peer, told.way, source_ip):
            return await self._take(peer, told, data, source_ip)

    async def _take(self, peer: Peer, told: Piece, data: bytes, source_ip: str) -> Taken:
        digest, way = Digest.parse(told.digest), acting.way_of(told.way)
        if not 0 <= told.offset <= told.offset + len(data) <= told.size:
            raise PeerCallInvalid(reason=f"bytes {told.offset} to {told.offset + len(data)} are not of {told.size}")
        target = await self._units.read(self._require, peer, way, source_ip)
        storing, is_last = self._storing(way), told.offset + len(data) == told.size
        if is_last and not told.offset:
            await self._transfers.put_blob(storing, way.target, digest, _once(data))
        else:
            named = upload_id(peer, target.id, digest)
            try:
                offset = await self._append(storing, way.target, named, digest, told, data)
            except UploadOutOfOrder as fact:
                return Taken(int(str(fact.offset)))
            if offset < told.size:
                return Taken(offset)
        await self._units.write(receiving.brought, peer, way, digest)
        return Taken(told.size)

    async def put(self, peer: Peer, told: PutImage, source_ip: str) -> Done:
        """A manifest, once its bytes are here: what `receiving.put` raises; what is refused for good is told here."""
        way, digest = acting.way_of(told.way), Digest.parse(told.digest)
        actual = Digest.of(told.manifest, digest.algorithm)
        if actual != digest:
            raise DigestMismatch(expected=digest, actual=actual)
        manifest = await self._units.manifest(told.manifest, told.media_type)
        async with self._telling(peer, told.way, source_ip):
            return await self._units.write(self._put, peer, way, told, manifest, source_ip)

    async def remove(self, peer: Peer, told: Remove, source_ip: str) -> Done:
        """Something that the peer has not got: what `receiving.remove` raises."""
        way, _ = acting.way_of(told.way), Digest.parse(told.digest)
        async with self._telling(peer, told.way, source_ip):
            return await self._units.write(self._remove, peer, way, told, source_ip)

    @asynccontextmanager
    async def _telling(self, peer: Peer, told: peering.Way, source_ip: str) -> AsyncIterator[None]:
        """What is refused for good is told to the account here, once."""
        try:
            yield
        except PeerRefused:
            raise
        except Fact as fact:
            if outcomes.is_decided(fact):
                await self._units.write(self._tell_refused, peer, told, fact, source_ip)
            raise

    async def _append(
        self, storing: Caller, key: RepositoryKey, named: str, digest: Digest, told: Piece, data: bytes
    ) -> int:
        """Where the upload stands then; at its size it is a blob: UploadOutOfOrder."""
        try:
            upload = await self._transfers.find(storing, key, named)
        except UploadNotFound:
            upload = await self._transfers.start(storing, key, digest.algorithm, named)
        is_whole = upload.offset == told.size  # and was not completed then, for want of room
        if upload.offset != told.offset and not is_whole:
            return upload.offset
        try:
            if is_whole or told.offset + len(data) == told.size:
                await self._transfers.complete(storing, key, named, digest, None if is_whole else _once(data))
                return told.size
            return (await self._transfers.append(storing, key, named, _once(data), told.offset)).offset
        except UploadNotFound:  # its bytes were lost with the machine's power: it begins anew
            await self._forget(storing, key, named)
            return 0

    async def _forget(self, storing: Caller, key: RepositoryKey, named: str) -> None:
        try:
            await self._transfers.cancel(storing, key, named)
        except UploadNotFound:
            return

    async def _stands(
        self, storing: Caller, peer: Peer, key: RepositoryKey, repository_id: str, blob: BlobNamed
    ) -> BlobNamed:
        """How far a blob has come."""
        try:
            named = upload_id(peer, repository_id, Digest(blob.digest))
            upload = await self._transfers.find(storing, key, named)
        except UploadNotFound:
            return BlobNamed(blob.digest, 0)
        return BlobNamed(blob.digest, min(upload.offset, max(blob.size - 1, 0)))

    def _storing(self, way: Way) -> Caller:
        """The registry itself, which stores what somebody may bring; whoever that is has no upload of it."""
        itself = registry_itself(way.target.registry, str(uuid.uuid4()), self._clock())
        root = Rights(root_principal(way.target.registry.account, "", 0).subject(), Policies())
        principal = structs.replace(itself.principal, id=_STORING)
        return structs.replace(itself, principal=principal, rights=root)

    def _prepare(
        self, tx: Transaction, peer: Peer, way: Way, told: Prepare, source_ip: str
    ) -> tuple[Repository, Lacking]:
        actor = acting.require(tx, peer, way, self._regions, source_ip, self._clock(), "prepare")
        return receiving.prepare(tx, actor, peer, way, self._store, told.manifests, told.blobs)

    def _require(self, tx: Transaction, peer: Peer, way: Way, source_ip: str) -> Repository:
        actor = acting.require(tx, peer, way, self._regions, source_ip, self._clock())
        return receiving.require(tx, actor, way)

    def _put(self, tx: Transaction, peer: Peer, way: Way, told: PutImage, manifest: Manifest, source_ip: str) -> Done:
        what = "" if told.is_last else told.digest
        actor = acting.require(tx, peer, way, self._regions, source_ip, self._clock(), what)
        return receiving.put(tx, actor, peer, way, told.way.looked_at, told, manifest)

    def _remove(self, tx: Transaction, peer: Peer, way: Way, told: Remove, source_ip: str) -> Done:
        actor = acting.require(tx, peer, way, self._regions, source_ip, self._clock())
        return receiving.remove(tx, actor, peer, way, told.way.looked_at, told)

    def _tell_refused(self, tx: Transaction, peer: Peer, told: peering.Way, fact: Fact, source_ip: str) -> None:
        way = acting.way_of(told)
        actor = acting.require(tx, peer, way, self._regions, source_ip, self._clock())
        Digest.parse(told.digest)
        failed = Failed("DELETE" if told.deletes else "PUSH", told.digest, told.tag[:128], ("", 0, 0))
        receiving.tell_refused(tx, actor, peer, way, failed, fact)


def upload_id(peer: Peer, repository_id: str, digest: Digest) -> str:
    """The upload by which a peer brings a blob to a repository."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"peer:{peer.public_key}/{repository_id}/{digest}"))


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data
