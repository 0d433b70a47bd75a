"""Bytes that a destination cannot hold as the source does: its repository has a key of KMS that the other has not. They
are decrypted, encrypted for the destination and stored there once; its quotas hold. Blocking.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from msgspec import structs

from entrepot.core import image_copies, uploads
from entrepot.core.encryption import remote_data_keys
from entrepot.core.encryption.data_keys import DataKey
from entrepot.core.keys.vault import Vault
from entrepot.core.principals import root_principal
from entrepot.core.quotas.bytes import require_room
from entrepot.core.replication.arriving import Way
from entrepot.core.rights import Rights
from entrepot.core.scanning.places import registry_itself
from entrepot.core.units import BlockingUnits
from entrepot.core.uploads import Bytes
from entrepot.db import blobs, repositories
from entrepot.db.database import Transaction
from entrepot.db.records import Blob, Repository
from entrepot.errors import DigestMismatch, StorageFull
from entrepot.policy.evaluation import Policies
from entrepot.seal.chunks import ChunkCipher
from entrepot.spec.digest import Digest, hasher
from entrepot.spec.manifest import Manifest
from entrepot.spec.repository import RepositoryKey
from entrepot.spec.ulid import new_ulid
from entrepot.store.blobs import BlobStore

_PIECE: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Bearer:
    """Reads and writes the deployment's store, in which so many bytes must stay free."""

    store: BlobStore
    name: str
    reserve: int
    vault: Vault

    def bear(self, units: BlockingUnits, way: Way, manifest: Manifest, now: datetime) -> None:
        """Have the destination, which allows it, hold what a manifest needs and it cannot be lent: StorageFull,
        BytesTooMany, RepositoryKeyUnusable, BlobBytesMissing.
        """
        lacking: Sequence[Digest] = units.read(image_copies.to_carry, way.source, way.target, manifest)
        for digest in lacking:
            held = units.read(_held, way.source, digest)
            if held is not None:
                keyed = units.read(_keyed, way.target, held.size)
                key = None if keyed is None else remote_data_keys.fresh_blocking(units, self.vault, keyed, now)
                made = self._stored(held, key)
                if units.write(_take, way.target, made, now) != made.location:
                    self.store.remove(made.location)

    def _stored(self, held: Blob, key: DataKey | None) -> Blob:
        if self.store.free_bytes() < self.reserve + held.size:
            raise StorageFull(reserve=self.reserve)
        upload, generation, running = str(uuid.uuid4()), new_ulid(), hasher(held.digest.algorithm)
        cipher = None if key is None else ChunkCipher(key.text)
        try:
            with (
                self.store.open_checked(held.location, held.size) as file,
                self.store.spool(upload, create=True, cipher=cipher) as spool,
            ):
                while piece := file.read(_PIECE):
                    running.update(piece)
                    spool.write(piece)
                if running.hexdigest() != held.digest.hex:
                    raise DigestMismatch(expected=held.digest, actual=running.hexdigest())
                spool.finish(held.digest)
            location = self.store.adopt(upload, held.digest, generation, sealed=key is not None)
        finally:
            self.store.discard(upload)
        sealed = None if key is None else key.sealed
        return Blob(generation, self.name, held.digest, location, held.size, "live", sealed)


def _held(tx: Transaction, source: RepositoryKey, digest: Digest) -> Blob | None:
    found = repositories.find(tx, source)
    link = None if found is None else blobs.find_link(tx, found.id, digest)
    return link.blob if link is not None and link.blob.state == "live" else None


def _keyed(tx: Transaction, target: RepositoryKey, size: int) -> Repository | None:
    """The destination, which has room for a blob, where it has a key: BytesTooMany."""
    require_room(tx, target, size)
    found = repositories.find(tx, target)
    return found if found is not None and found.encryption_key else None


def _take(tx: Transaction, target: RepositoryKey, made: Blob, now: datetime) -> str:
    """Have the destination hold a blob; the location of the one that it holds now, another's where that was first."""
    itself = registry_itself(target.registry, str(uuid.uuid4()), now)
    root = Rights(root_principal(target.registry.account, "", 0).subject(), Policies())
    found = Bytes(made.digest, made.store, made, None, None, made.key)
    taken = uploads.finish(tx, structs.replace(itself, rights=root), target, None, found, refuse_held=False)
    return "" if taken is None else taken.location
