"""A blob store whose every spool and blob is encrypted: another one, with one key for all."""

from collections.abc import Iterator
from typing import BinaryIO

from entrepot.seal.chunks import ChunkCipher
from entrepot.spec.digest import Digest, hasher
from entrepot.store import sealed as sealed_bytes
from entrepot.store.blobs import BlobStore, Spool
from entrepot.store.sealed import Cipher

KEY = bytes(range(32))


class SealedStore:
    """What the core does around a store, in one place."""

    def __init__(self, store: BlobStore, key: bytes = KEY) -> None:
        self.store = store
        self.cipher = ChunkCipher(key)

    def spool(self, upload_id: str, *, create: bool, cipher: Cipher | None = None) -> Spool:
        return self.store.spool(upload_id, create=create, cipher=cipher or self.cipher)

    def peek(self, upload_id: str) -> BinaryIO:
        return self.store.peek(upload_id)

    def adopt(self, upload_id: str, digest: Digest, generation: str, *, sealed: bool = True) -> str:
        with self.spool(upload_id, create=False) as spool:
            spool.finish(digest)
        return self.store.adopt(upload_id, digest, generation, sealed=sealed)

    def discard(self, upload_id: str) -> None:
        self.store.discard(upload_id)

    def open_checked(self, location: str, size: int) -> BinaryIO:
        stored = self.store.open_checked(location, size)
        return sealed_bytes.opened(stored, self.cipher, self.digest_of_location(location), size)

    def size(self, location: str) -> int | None:
        return self.store.size(location)

    def digest(self, location: str, algorithm: str) -> str:
        running = hasher(algorithm)
        with self.open_checked(location, self.size(location) or 0) as file:
            running.update(file.read())
        return str(running.hexdigest())

    def digest_of_location(self, location: str) -> Digest:
        return self.store.digest_of_location(location)

    def remove(self, location: str) -> None:
        self.store.remove(location)

    def locations(self) -> Iterator[tuple[str, float]]:
        return self.store.locations()

    def spools(self) -> Iterator[tuple[str, float]]:
        return self.store.spools()

    def free_bytes(self) -> int:
        return self.store.free_bytes()
