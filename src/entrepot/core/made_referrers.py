"""Referrers that the registry makes itself: pushed as anybody's would be, by the same use cases, with the same events
and audit records.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from entrepot.core import images, uploads
from entrepot.core.access import Caller
from entrepot.core.encryption import remote_data_keys
from entrepot.core.encryption.data_keys import DataKey
from entrepot.core.images import OCI_RULES
from entrepot.core.keys.vault import Vault
from entrepot.core.principals import root_principal
from entrepot.core.rights import Rights
from entrepot.core.scanning.places import registry_itself
from entrepot.core.units import Units
from entrepot.core.uploads import Bytes
from entrepot.db import images as rows
from entrepot.db import repositories
from entrepot.db.database import Transaction
from entrepot.db.records import Blob, Repository
from entrepot.errors import StorageFull
from entrepot.policy.evaluation import Policies
from entrepot.seal.chunks import ChunkCipher
from entrepot.spec.digest import Digest
from entrepot.spec.manifest import Manifest
from entrepot.spec.repository import RegistryKey, RepositoryKey
from entrepot.spec.ulid import new_ulid
from entrepot.store.blobs import BlobStore


@dataclass(frozen=True, slots=True)
class Keeping:
    """Where bytes go: a store by its name, and what must stay free there; `vault` makes keys for what goes to
    repositories with keys.
    """

    store: BlobStore
    name: str
    reserve: int
    vault: Vault | None = None

    def keep(self, data: bytes, key: DataKey | None = None) -> Blob:
        """The bytes as a blob that is durable and that nobody holds yet, encrypted where there is a key: StorageFull.
        Blocking.
        """
        if self.store.free_bytes() < self.reserve:
            raise StorageFull(reserve=self.reserve)
        upload, digest, generation = str(uuid.uuid4()), Digest.of(data), new_ulid()
        cipher = None if key is None else ChunkCipher(key.text)
        try:
            with self.store.spool(upload, create=True, cipher=cipher) as spool:
                spool.write(data)
                spool.finish(digest)
            location = self.store.adopt(upload, digest, generation, sealed=key is not None)
        finally:
            self.store.discard(upload)
        return Blob(generation, self.name, digest, location, len(data), "live", None if key is None else key.sealed)

    async def fresh_key(self, units: Units, key: RepositoryKey, at: datetime) -> DataKey | None:
        """A key for a blob of a repository, None where it has none: RepositoryKeyUnusable."""
        repository = await units.read(repositories.find, key)
        if repository is None or not repository.encryption_key or self.vault is None:
            return None
        return await remote_data_keys.fresh(units, self.vault, repository, at)

    def drop(self, made: Sequence[Blob], held: Sequence[str]) -> None:
        """Remove the bytes of blobs that nobody has come to hold. Blocking."""
        for each in made:
            if each.location not in held:
                self.store.remove(each.location)


@dataclass(frozen=True, slots=True)
class Put:
    """Where a referrer was put; the locations of its blobs that are held now; whether its manifest was there before."""

    repository: Repository
    held: Sequence[str]
    known: bool


def put(
    tx: Transaction,
    callers: Sequence[Caller],
    key: RepositoryKey,
    subject: Digest,
    manifest: Manifest,
    made: Sequence[Blob],
) -> Put | None:
    """Push a referrer: its blobs, then its manifest, each as a request of its own; None when its subject is gone."""
    repository = repositories.lock(tx, key)
    if repository is None or rows.share(tx, repository.id, subject) is None:
        return None
    held = []
    for caller, blob in zip(callers, made, strict=False):
        found = Bytes(blob.digest, blob.store, blob, None, None, blob.key)
        taken = uploads.finish(tx, caller, key, None, found, refuse_held=False)
        held.append("" if taken is None else taken.location)
    known = rows.known(tx, repository.id, manifest.digest)
    images.put(tx, callers[-1], key, manifest.digest, manifest, OCI_RULES)
    return Put(repository, held, known)


def itself(key: RegistryKey, at: datetime) -> Caller:
    """The registry itself, which may do in it what its account's root may."""
    caller = registry_itself(key, str(uuid.uuid4()), at)
    return msgspec.structs.replace(caller, rights=Rights(root_principal(key.account, "", 0).subject(), Policies()))


def descriptor(media_type: str, data: bytes) -> dict[str, object]:
    """How a manifest names bytes."""
    return {"mediaType": media_type, "digest": str(Digest.of(data)), "size": len(data)}
