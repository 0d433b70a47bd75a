"""Bytes on their way in: streamed to a spool, hashed as they pass, adopted by the store, then held by a row.

Bytes before rows: what a row names is durable before the transaction that adds it. An upload continues on any worker:
the row keeps how far the bytes go and, when this boot wrote them all in one hash, their digest.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import BinaryIO

from entrepot.core import access, uploads
from entrepot.core.access import Caller
from entrepot.core.adopting import Adopting, Arrived
from entrepot.core.encryption.sealing import Sealing
from entrepot.core.first_pushes import FirstPushes
from entrepot.core.hot import Hot
from entrepot.core.intake import Hash, Intake, Watched
from entrepot.core.lookup import present
from entrepot.core.quotas import catalogue, limits
from entrepot.core.quotas.bytes import Reservations
from entrepot.core.recent import Recent
from entrepot.core.transfer_rules import OCI_PARTS, PartRules, TransferLimits
from entrepot.core.units import Units
from entrepot.db.records import Blob, Repository, Upload
from entrepot.errors import (
    BlobBytesMissing,
    BytesTooMany,
    DigestMismatch,
    LayerAlreadyExists,
    LayerPartTooSmall,
    StorageFull,
    UploadEmpty,
    UploadNotFound,
    UploadOutOfOrder,
)
from entrepot.spec.digest import Digest, hasher
from entrepot.spec.repository import RepositoryKey
from entrepot.store.blobs import BlobStore, Spool

__all__ = ["OCI_PARTS", "Blob", "PartRules", "TransferLimits", "Transfers", "Upload", "Watched"]

Chunks = AsyncIterator[bytes]
Room = Callable[[int], Awaitable[int]]
_MOST_HASHERS = 1024


class Transfers:
    """Uploads of one event loop into one store."""

    def __init__(
        self,
        units: Units,
        hot: Hot,
        store: BlobStore,
        *,
        store_name: str,
        syncing: Executor,
        boot_id: str,
        limits: TransferLimits,
        sealing: Sealing | None = None,
    ) -> None:
        """`sealing` encrypts what goes to repositories with keys; without it that is refused."""
        self._units = units
        self._hot = hot
        self._first_pushes = FirstPushes(units, hot)
        self._reservations = Reservations(units, hot)
        self._store = store
        self._store_name = store_name
        self._syncing = syncing
        self._boot_id = boot_id
        self._limits = limits
        self._sealing = sealing or Sealing(hot, units, None)
        self._adopting = Adopting(units, hot, store, store_name, syncing)
        self._hashers: Recent[str, tuple[Hash, int]] = Recent(_MOST_HASHERS)

    async def start(
        self, caller: Caller, key: RepositoryKey, algorithm: str = "sha256", upload_id: str | None = None
    ) -> Upload:
        """A new session, under an id of the caller's where it has chosen one: RepositoryNotFound,
        RepositoryKeyUnusable, StorageFull.
        """
        repository = await self.begin(caller, key)
        self._require_space()
        upload = await self._new(caller, repository, algorithm)
        upload = upload if upload_id is None else replace(upload, id=upload_id)
        await self._units.note(uploads.start, caller, key, upload)
        return upload

    async def begin(self, caller: Caller, key: RepositoryKey) -> Repository:
        """Whoever is to bring a blob may, to a repository that is there, or is made now: RepositoryNotFound."""
        return await self._first_pushes.require(caller, key, "InitiateLayerUpload")

    async def find(
        self, caller: Caller, key: RepositoryKey, upload_id: str, operation: str = "UploadLayerPart"
    ) -> Upload:
        """The caller's session in this repository: UploadNotFound to anyone else."""
        repository = self._require(caller, key, operation)
        upload = self._hot.upload(upload_id)
        if upload is None or not uploads.belongs(upload, repository, caller):
            raise uploads.not_found(key, upload_id)
        return upload

    def _require(self, caller: Caller, key: RepositoryKey, operation: str) -> Repository:
        repository = self._hot.repository(key)
        access.require(caller, operation, self._hot.resource(key, repository))
        return present(repository, key)

    async def require_offset(self, caller: Caller, key: RepositoryKey, upload_id: str, start: int) -> None:
        """UploadOutOfOrder unless the session stands at `start` bytes."""
        upload = await self.find(caller, key, upload_id, "CompleteLayerUpload")
        if upload.offset != start:
            raise UploadOutOfOrder(
                upload=upload_id, offset=upload.offset, start=start, name=key.name, account=key.registry.account
            )

    async def append(
        self, caller: Caller, key: RepositoryKey, upload_id: str, chunks: Chunks, start: int | None
    ) -> Upload:
        """Add bytes at the end; `start`, when given, must be where the upload stands (UploadOutOfOrder).

        When the client goes away, what has arrived counts: a GET of the upload tells how far it got.
        """
        before = await self.find(caller, key, upload_id)
        if start is not None and start != before.offset:
            raise UploadOutOfOrder(
                upload=upload_id, offset=before.offset, start=start, name=key.name, account=key.registry.account
            )
        async with self._dropped_if_refused(caller, key, upload_id):
            return await self._append(caller, key, before, chunks)

    async def _append(self, caller: Caller, key: RepositoryKey, before: Upload, chunks: Chunks) -> Upload:
        with await self._spool(caller, key, before) as spool:
            intake = self._intake(before, spool)
            try:
                await intake.take(chunks, self._largest(key), self._room(caller, key, before.id))
            finally:
                after = self._remember(intake)
                await self._units.note(uploads.advance, caller, key, after, before.offset)
        return after

    async def append_part(
        self, caller: Caller, key: RepositoryKey, upload_id: str, first: int, data: bytes, rules: PartRules
    ) -> Upload:
        """Add one part of the AWS door; a part that is too small is remembered, for it must be the last."""
        before = await self.find(caller, key, upload_id)
        if first != before.offset:
            raise UploadOutOfOrder(
                upload=upload_id, offset=before.offset, start=first, name=key.name, account=key.registry.account
            )
        rules.require_part(key, before, len(data))
        async with self._dropped_if_refused(caller, key, upload_id):
            return await self._append_part(caller, key, before, data, rules.smallest_part)

    async def _append_part(
        self, caller: Caller, key: RepositoryKey, before: Upload, data: bytes, smallest: int
    ) -> Upload:
        followed_short = before.short_part is None and before.last_part is not None and before.last_part < smallest
        with await self._spool(caller, key, before) as spool:
            intake = self._intake(before, spool)
            await intake.take(_once(data), self._largest(key), self._room(caller, key, before.id))
            after = replace(
                self._remember(intake),
                parts=before.parts + 1,
                last_part=len(data),
                short_part=before.last_part if followed_short else before.short_part,
            )
            await self._units.note(uploads.advance, caller, key, after, before.offset)
        return after

    async def complete(
        self,
        caller: Caller,
        key: RepositoryKey,
        upload_id: str,
        digest: Digest,
        chunks: Chunks | None,
        rules: PartRules = OCI_PARTS,
    ) -> Blob:
        """End a session as a blob of the repository; `chunks` are its last bytes. DigestMismatch ends it too."""
        upload = await self.find(caller, key, upload_id, "CompleteLayerUpload")
        if rules.refuse_empty and upload.offset == 0:
            raise UploadEmpty(upload=upload_id)
        if upload.short_part is not None:
            raise LayerPartTooSmall(limit=rules.smallest_part, size=upload.short_part)
        async with self._dropped_if_refused(caller, key, upload_id):
            with await self._spool(caller, key, upload) as spool:
                if chunks is not None:
                    room = self._room(caller, key, upload.id, digest)
                    upload = await self._take_last(caller, key, upload, spool, chunks, room)
                await self._verify(upload, spool, digest)
                blob = await self._adopting.keep(
                    Arrived(upload, spool, digest), caller, key, known=upload_id, rules=rules
                )
        self._forget(upload_id)
        return blob

    async def complete_any(
        self, caller: Caller, key: RepositoryKey, upload_id: str, digests: Sequence[Digest], rules: PartRules
    ) -> Blob:
        """`complete` under the one of several digests that fits; the first, for its error, when none does."""
        upload = await self.find(caller, key, upload_id, "CompleteLayerUpload")
        chosen = digests[0]
        if len(digests) > 1 and upload.offset:
            with await self._spool(caller, key, upload) as spool:
                for digest in digests:
                    if await self._digest(upload, spool, digest.algorithm) == digest.hex:
                        chosen = digest
                        break
        return await self.complete(caller, key, upload_id, chosen, None, rules)

    async def put_blob(
        self, caller: Caller, key: RepositoryKey, digest: Digest, chunks: Chunks, watched: Watched | None = None
    ) -> Blob:
        """Store a blob in one request, without a session: DigestMismatch."""
        repository = await self.begin(caller, key)
        self._require_space()
        upload = await self._new(caller, repository, digest.algorithm)
        if watched is not None and upload.sealed is None:
            upload = replace(upload, id=watched.spool)
        try:
            with await self._spool(caller, key, upload) as spool:
                intake = self._intake(upload, spool)
                await intake.take(chunks, self._largest(key), self._room(caller, key, upload.id, digest))
                upload = intake.upload
                await self._verify(upload, spool, digest)
                if watched is not None:
                    watched.verified()
                return await self._adopting.keep(
                    Arrived(upload, spool, digest), caller, key, known=None, rules=OCI_PARTS
                )
        finally:
            self._forget(upload.id)
            if self._hot.quotas(key.registry).bytes:
                await self._reservations.release(upload.id)

    def peek(self, spool: str) -> BinaryIO:
        """What there is and will be of a blob that is `Watched`: BlobBytesMissing."""
        return self._store.peek(spool)

    def part_rules(self, key: RepositoryKey) -> PartRules:
        """What the AWS door asks of uploads to a repository."""
        found = partial(limits.of_set, self._hot.quotas(key.registry), key.registry)
        return PartRules(
            refuse_empty=True,
            refuse_held=True,
            smallest_part=found(catalogue.LEAST_PART),
            largest_part=found(catalogue.LARGEST_PART),
            most_parts=found(catalogue.LAYER_PARTS),
        )

    async def cancel(self, caller: Caller, key: RepositoryKey, upload_id: str) -> None:
        """End a session without a blob."""
        await self.find(caller, key, upload_id)
        await self._units.note(uploads.cancel, caller, key, upload_id)
        self._forget(upload_id)

    async def _new(self, caller: Caller, repository: Repository, algorithm: str) -> Upload:
        sealed = await self._sealing.fresh(repository, caller.at)
        return replace(uploads.new(caller, algorithm, self._boot_id), sealed=sealed)

    async def _spool(self, caller: Caller, key: RepositoryKey, upload: Upload) -> Spool:
        """The session's bytes, alone; what an unfinished request wrote beyond the row's offset is cut off."""
        repository = present(self._hot.repository(key), key)
        cipher = await self._sealing.cipher(repository, upload.sealed, caller.at)
        spool = self._store.spool(upload.id, create=upload.offset == 0, cipher=cipher)
        try:
            held = spool.size()
            if held < upload.offset:
                raise uploads.not_found(key, upload.id)  # a power cut took bytes of an unfinished upload
            if held > upload.offset:
                spool.truncate(upload.offset)
        except BlobBytesMissing:
            spool.close()
            raise uploads.not_found(key, upload.id) from None
        except (UploadNotFound, OSError):
            spool.close()
            raise
        return spool

    async def _take_last(
        self, caller: Caller, key: RepositoryKey, upload: Upload, spool: Spool, chunks: Chunks, room: Room
    ) -> Upload:
        """The last bytes of a session; only when the client goes away are they noted before the end."""
        intake = self._intake(upload, spool)
        try:
            await intake.take(chunks, self._largest(key), room)
        except BaseException:
            await self._units.note(uploads.advance, caller, key, self._remember(intake), upload.offset)
            raise
        return self._remember(intake)

    def _intake(self, upload: Upload, spool: Spool) -> Intake:
        """Continue the running digest where this worker left it; at the start anyone may begin one."""
        running, hashed_to = self._hashers.get(upload.id) or (hasher(upload.algorithm), 0)
        continued = running if hashed_to == upload.offset else None
        return Intake(upload, spool, continued, self._boot_id, self._require_space)

    def _remember(self, intake: Intake) -> Upload:
        if intake.running is not None:
            self._hashers.put(intake.upload.id, (intake.running, intake.offset))
        return intake.upload

    async def _verify(self, upload: Upload, spool: Spool, digest: Digest) -> None:
        """DigestMismatch unless the spool's bytes are those of `digest`."""
        actual = await self._digest(upload, spool, digest.algorithm)
        if actual != digest.hex:
            raise DigestMismatch(expected=digest, actual=f"{digest.algorithm}:{actual}")

    async def _digest(self, upload: Upload, spool: Spool, algorithm: str) -> str:
        """The hex digest of the session's bytes; they are read again only when they must be."""
        trusted = upload.hashed_to == upload.offset and upload.boot_id == self._boot_id
        if trusted and upload.algorithm == algorithm:
            return upload.digest
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._syncing, spool.digest, algorithm, 0, upload.offset)

    def _forget(self, upload_id: str) -> None:
        self._hashers.drop(upload_id)
        self._store.discard(upload_id)

    def _largest(self, key: RepositoryKey) -> int:
        return self._hot.quotas(key.registry).values.get(catalogue.LAYER_SIZE, self._limits.layer(key))

    def _room(self, caller: Caller, key: RepositoryKey, upload_id: str, digest: Digest | None = None) -> Room:
        """Where an upload's room comes from; what the repository holds already, under its `digest`, needs none."""
        repository = present(self._hot.repository(key), key)
        held = None if digest is None else self._hot.link(repository, digest)
        return partial(self._reservations.admit, caller, repository, upload_id, held.blob.size if held else 0)

    @asynccontextmanager
    async def _dropped_if_refused(self, caller: Caller, key: RepositoryKey, upload_id: str) -> AsyncIterator[None]:
        """End the session, with its bytes, where what it brings is refused for good."""
        try:
            yield
        except (BytesTooMany, DigestMismatch, LayerAlreadyExists):
            await self._units.note(uploads.cancel, caller, key, upload_id)
            self._forget(upload_id)
            raise

    def _require_space(self) -> None:
        if self._store.free_bytes() < self._limits.disk_reserve:
            raise StorageFull(reserve=self._limits.disk_reserve)


async def _once(data: bytes) -> Chunks:
    yield data
