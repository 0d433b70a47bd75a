"""The hot reads of both doors: manifests and blobs, answered on the event loop.

Each read authorises first, then looks up rows that are never stale (core/hot.py). Nothing is written: what is handed
out is journalled by the doors (core/calls.py).
"""

from typing import BinaryIO

from entrepot.core import access, admission
from entrepot.core.access import Caller
from entrepot.core.admission import Seen
from entrepot.core.blobs import is_available
from entrepot.core.calls import Telling
from entrepot.core.changes import new_stamp
from entrepot.core.encryption.sealing import Sealing
from entrepot.core.first_pushes import FirstPushes
from entrepot.core.hot import Hot
from entrepot.core.lookup import present
from entrepot.core.storage_classes import ACTIVE
from entrepot.core.units import Units
from entrepot.db import blobs as blob_rows
from entrepot.db import repositories as repository_rows
from entrepot.db.database import Transaction
from entrepot.db.records import Blob, Link, Repository, StoredManifest
from entrepot.errors import BlobArchived, BlobBytesMissing, BlobNotFound, ImageArchived, ImageNotFound
from entrepot.spec.digest import Digest
from entrepot.spec.reference import Reference, Tag
from entrepot.spec.repository import RepositoryKey
from entrepot.store.blobs import BlobStore

__all__ = ["Blob", "Reads", "StoredManifest"]


class Reads:
    """Answers reads for one event loop."""

    def __init__(self, hot: Hot, units: Units, store: BlobStore, sealing: Sealing | None = None) -> None:
        """`sealing` opens what is encrypted; without it that is refused."""
        self._hot = hot
        self._units = units
        self._store = store
        self._sealing = sealing or Sealing(hot, units, None)
        self._first_pushes = FirstPushes(units, hot)

    async def manifest(
        self,
        caller: Caller,
        key: RepositoryKey,
        reference: Reference,
        telling: Telling | None = None,
        *,
        head: bool = False,
    ) -> tuple[Repository, StoredManifest]:
        """The repository and the manifest that a tag or digest names: ImageNotFound, ImageArchived, ImageNotAdmitted.
        `telling` is told what is refused, or would be; `head`: only whether it is there.
        """
        row = self._hot.repository(key)
        access.require_images(
            caller, "BatchGetImage", self._hot.resource(key, row), lambda: self._hot.images(row, reference)
        )
        repository = present(row, key)
        found = self._hot.manifest(repository, reference)
        if found is None:
            tag, digest = (reference, "null") if isinstance(reference, Tag) else ("null", reference)
            raise ImageNotFound(digest=digest, tag=tag, name=key.name, account=key.registry.account)
        if found.status != ACTIVE:
            raise ImageArchived(digest=found.digest, name=key.name, status=found.status)
        self._sealing.require_usable(repository, caller.at)
        if self._hot.admission(repository) is not None:
            await self.admit(caller, repository, reference, found, telling, head=head)
        return repository, found

    async def blob(self, caller: Caller, key: RepositoryKey, digest: Digest) -> Blob:
        """A blob that the repository holds and a client need not send: BlobNotFound, RepositoryKeyUnusable. Writes
        nothing.
        """
        repository = self._require(caller, key, "BatchCheckLayerAvailability")
        link = self._hot.link(repository, digest)
        if not is_available(link):
            raise _blob_not_found(key, digest)
        self._sealing.require_usable(repository, caller.at)
        return link.blob

    async def open_blob(self, caller: Caller, key: RepositoryKey, digest: Digest) -> tuple[Blob, BinaryIO]:
        """A blob and its bytes, open at the start and of the recorded length: BlobNotFound, BlobArchived,
        RepositoryKeyUnusable.

        Bytes that are missing or of another length make the blob damaged: absent until it is pushed again.
        """
        repository = self._require(caller, key, "GetDownloadUrlForLayer")
        link = self._hot.link(repository, digest)
        if link is None or link.blob.state != "live":
            raise _blob_not_found(key, digest)
        if link.archived:
            raise BlobArchived(digest=digest, name=key.name)
        try:
            file = await self._open(repository, link.blob, caller)
        except BlobBytesMissing:
            link, file = await self._reopen(caller, repository, link, digest)
        return link.blob, file

    def holds(self, caller: Caller, key: RepositoryKey, digest: Digest) -> bool:
        """Whether the repository holds the bytes of a blob, as it is known at this moment."""
        repository = self._hot.repository(key)
        access.require(caller, "BatchCheckLayerAvailability", self._hot.resource(key, repository))
        link = None if repository is None else self._hot.link_now(repository, digest)
        return link is not None and link.blob.state == "live"

    async def admit(
        self,
        caller: Caller,
        repository: Repository,
        reference: Reference,
        found: StoredManifest,
        telling: Telling | None,
        *,
        head: bool,
    ) -> None:
        """Whether the repository hands out an image, also one that it does not hold yet: ImageNotAdmitted."""
        setting = self._hot.admission(repository)
        if setting is None:
            return
        by_tag = setting.digest_only and isinstance(reference, Tag)
        if by_tag and head and access.allows(caller, "PutImage", self._hot.resource(repository.key, repository)):
            by_tag = False  # who pushes looks first what the tag names
        standing = self._hot.standing(repository, found.digest)
        if standing is not None and standing.due_at is not None and standing.due_at <= caller.at:
            refused = await self._units.read(admission.look, repository, found, caller.at, by_tag=by_tag)
        else:
            signed = self._hot.signed(repository, found.digest) if setting.keys else ""
            vouched = self._hot.vouched(repository, found.digest) if setting.profiles else ()
            seen = Seen(standing, is_signed=admission.is_signed(setting, signed, vouched, caller.at))
            refused = admission.decide(setting, repository.key, found, seen, caller.at, by_tag=by_tag)
        if refused is None:
            return
        if telling is not None:
            telling.response = admission.told([refused])
            telling.repository_id = repository.id
        if refused.enforced:
            raise refused.fact(repository.key)

    def repository_id(self, key: RepositoryKey) -> str:
        """The id of the repository that has this name now, '' when none has."""
        repository = self._hot.repository(key)
        return "" if repository is None else repository.id

    async def require(self, caller: Caller, key: RepositoryKey, operation: str) -> None:
        """Whether the caller may do this to a repository that is there; before a body is asked for."""
        self._require(caller, key, operation)

    async def require_put(self, caller: Caller, key: RepositoryKey, tag: str, digest: str) -> None:
        """Whether the caller may put an image under this name ('' where it has none), before its bytes are read, to a
        repository that is there, or is made now: RepositoryNotFound.
        """
        await self._first_pushes.require_put(caller, key, tag, digest)

    def _require(self, caller: Caller, key: RepositoryKey, operation: str) -> Repository:
        repository = self._hot.repository(key)
        access.require(caller, operation, self._hot.resource(key, repository))
        return present(repository, key)

    async def _open(self, repository: Repository, blob: Blob, caller: Caller) -> BinaryIO:
        stored = self._store.open_checked(blob.location, blob.size)
        return await self._sealing.opened(repository, blob, stored, caller.at)

    async def _reopen(
        self, caller: Caller, repository: Repository, stale: Link, digest: Digest
    ) -> tuple[Link, BinaryIO]:
        """Look again: the blob may have been healed elsewhere; else it is damaged from now on."""
        key = repository.key
        link = self._hot.link_now(repository, digest)
        if link is None or link.blob.state != "live":
            raise _blob_not_found(key, digest)
        try:
            return link, await self._open(repository, link.blob, caller)
        except BlobBytesMissing:
            await self._units.write(mark_damaged, stale.blob if stale.blob == link.blob else link.blob)
            raise _blob_not_found(key, digest) from None


def mark_damaged(tx: Transaction, blob: Blob) -> bool:
    """Make a blob absent wherever it is held, unless it has been healed; a push of its bytes heals it."""
    locked = {each: repository_rows.lock_by_id(tx, each) for each in blob_rows.holders(tx, blob.id)}
    if not blob_rows.damage(tx, blob.id, blob.location):
        return False
    for repository_id in blob_rows.holders(tx, blob.id):  # again: one may have linked it before it was damaged
        repository = locked.get(repository_id) or repository_rows.lock_by_id(tx, repository_id)
        if repository is not None:
            repository_rows.bump(tx, repository_id, repository.revision + 1, new_stamp())
    return True


def _blob_not_found(key: RepositoryKey, digest: Digest) -> BlobNotFound:
    return BlobNotFound(digest=digest, name=key.name, account=key.registry.account)
