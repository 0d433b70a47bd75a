"""The blob store as jobs and commands read it: what is encrypted is decrypted as it is read, for whoever asks by its
location. Blocking.

A blob is opened on behalf of a repository that holds it and may open it; where none may, nobody reads it.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from functools import cache
from typing import BinaryIO, Final

from entrepot.core.encryption import data_keys, faults, remote_data_keys
from entrepot.core.keys import remote
from entrepot.core.keys.vault import Vault
from entrepot.core.units import BlockingUnits
from entrepot.db import blobs, repositories
from entrepot.db.database import Database, Transaction
from entrepot.db.key_records import RemoteKey
from entrepot.db.records import Repository, SealedKey
from entrepot.errors import BlobBytesMissing, KeyRefused, RepositoryKeyUnusable
from entrepot.seal.chunks import ChunkCipher
from entrepot.spec.digest import Digest, hasher
from entrepot.spec.repository import RepositoryKey
from entrepot.store import sealed
from entrepot.store.blobs import BlobStore, Spool
from entrepot.store.sealed import Cipher

_HOLDERS: Final = 20  # that are asked for one blob
_PIECE: Final = 1024 * 1024


class Opening:
    """A BlobStore over another one."""

    def __init__(
        self,
        store: BlobStore,
        database: Database,
        vault: Callable[[], Vault],
        store_name: str,
        clock: Callable[[], datetime],
    ) -> None:
        """`vault` is asked for when something encrypted is: who reads none needs no master key."""
        self._store = store
        self._units = BlockingUnits(database)
        self._vault = cache(vault)
        self._store_name = store_name
        self._clock = clock

    def open_checked(self, location: str, size: int) -> BinaryIO:
        """The bytes of the blob, decrypted: BlobBytesMissing, RepositoryKeyUnusable."""
        stored = self._store.open_checked(location, size)
        if not sealed.is_sealed(location):
            return stored
        with ExitStack() as unless_opened:
            unless_opened.callback(stored.close)
            cipher = self._cipher(location)
            unless_opened.pop_all()
        return sealed.opened(stored, cipher, self._store.digest_of_location(location), size)

    def digest(self, location: str, algorithm: str) -> str:
        """Hex digest of the blob's bytes: BlobBytesMissing, RepositoryKeyUnusable."""
        if not sealed.is_sealed(location):
            return self._store.digest(location, algorithm)
        running = hasher(algorithm)
        with self.open_checked(location, self._store.size(location) or 0) as file:
            while piece := file.read(_PIECE):
                running.update(piece)
        return running.hexdigest()

    def spool(self, upload_id: str, *, create: bool, cipher: Cipher | None = None) -> Spool:
        """As the store does."""
        return self._store.spool(upload_id, create=create, cipher=cipher)

    def peek(self, upload_id: str) -> BinaryIO:
        """As the store does."""
        return self._store.peek(upload_id)

    def adopt(self, upload_id: str, digest: Digest, generation: str, *, sealed: bool = False) -> str:
        """As the store does."""
        return self._store.adopt(upload_id, digest, generation, sealed=sealed)

    def discard(self, upload_id: str) -> None:
        """As the store does."""
        self._store.discard(upload_id)

    def size(self, location: str) -> int | None:
        """As the store does."""
        return self._store.size(location)

    def digest_of_location(self, location: str) -> Digest:
        """As the store does."""
        return self._store.digest_of_location(location)

    def remove(self, location: str) -> None:
        """As the store does."""
        self._store.remove(location)

    def locations(self) -> Iterator[tuple[str, float]]:
        """As the store does."""
        return self._store.locations()

    def spools(self) -> Iterator[tuple[str, float]]:
        """As the store does."""
        return self._store.spools()

    def free_bytes(self) -> int:
        """As the store does."""
        return self._store.free_bytes()

    def _cipher(self, location: str) -> ChunkCipher:
        at = self._clock()
        vault = self._vault()
        found, key, sealed_key = self._units.read(self._key, vault, location, at)
        text = self._far(vault, key, sealed_key, found) if isinstance(found, RemoteKey) else found
        self._units.queue(data_keys.tell_opened, key, sealed_key.key, at)
        return ChunkCipher(text)

    def _far(self, vault: Vault, key: RepositoryKey, sealed_key: SealedKey, known: RemoteKey) -> bytes:
        """The key that another service opens: RepositoryKeyUnusable."""
        try:
            return remote.blocking(remote_data_keys.text(vault.remotes, key, sealed_key))
        except KeyRefused as fault:
            self._units.queue(remote_data_keys.learn, remote.blocking(vault.remotes.ask_again(known)))
            raise faults.unusable(key, sealed_key.key, fault) from None

    def _key(
        self, tx: Transaction, vault: Vault, location: str, at: datetime
    ) -> tuple[bytes | RemoteKey, RepositoryKey, SealedKey]:
        """The key of a blob, or which one elsewhere opens it; for a repository that may."""
        blob = blobs.at(tx, self._store_name, location)
        if blob is None or blob.sealed is None:
            raise BlobBytesMissing(digest=location)
        refused: RepositoryKeyUnusable | None = None
        for repository_id in blobs.holders(tx, blob.id)[:_HOLDERS]:
            holder = repositories.find_by_id(tx, repository_id)
            if holder is None:
                continue
            try:
                return _opener(tx, vault, holder, blob.sealed, at), holder.key, blob.sealed
            except RepositoryKeyUnusable as fault:
                refused = fault
        raise refused or faults.unheld(blob.digest, blob.key)


def _opener(
    tx: Transaction, vault: Vault, holder: Repository, sealed_key: SealedKey, at: datetime
) -> bytes | RemoteKey:
    """The key of a blob, or the one at another service that opens it, on behalf of one who holds it:
    RepositoryKeyUnusable.
    """
    if vault.remotes.covers(sealed_key.key):
        known = remote_data_keys.openable(tx, holder, sealed_key, at)
        if known is not None:
            return known
    return data_keys.opened(tx, vault, holder.key, sealed_key, at)
