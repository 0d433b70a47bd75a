"""The seam of blob stores: spools of unfinished uploads, and blobs that are durable before anyone names them."""

from collections.abc import Iterator
from typing import BinaryIO, Protocol, Self

from entrepot.spec.digest import Digest
from entrepot.store.sealed import Cipher


class Spool(Protocol):
    """The bytes of one unfinished upload, held by one request at a time."""

    def __enter__(self) -> Self:
        """The spool."""

    def __exit__(self, *_: object) -> None:
        """Close it."""

    def size(self) -> int:
        """Bytes held."""

    def write(self, data: bytes) -> None:
        """Add at the end: StorageFull."""

    def truncate(self, size: int) -> None:
        """Cut off what lies beyond `size`."""

    def digest(self, algorithm: str, start: int, end: int) -> str:
        """Hex digest of the bytes from `start` to `end`; blocking, call it in a thread."""

    def flush(self) -> None:
        """Have all that was written in the store, if not on its disk: StorageFull."""

    def finish(self, digest: Digest) -> None:
        """Say that these are all the bytes of a digest, before they are adopted: StorageFull."""

    def close(self) -> None:
        """Let others have it."""


class BlobStore(Protocol):
    """Where bytes live. Locations are opaque to everyone else and never used twice."""

    def spool(self, upload_id: str, *, create: bool, cipher: Cipher | None = None) -> Spool:
        """The spool of an upload: UploadBusy while another request has it; BlobBytesMissing when it is gone.

        With a cipher no byte of it is stored that is not encrypted; it is given each time the spool is opened.
        """

    def peek(self, upload_id: str) -> BinaryIO:
        """What a spool holds, and what it will hold, to be read beside whoever writes it: BlobBytesMissing. It stays
        readable when the spool is adopted or dropped. Of one with a cipher that is ciphertext.
        """

    def adopt(self, upload_id: str, digest: Digest, generation: str, *, sealed: bool = False) -> str:
        """Make a spool's bytes a blob; durable, with its directory entry, when this returns its location. Blocking.

        `sealed`: the spool had a cipher, and was finished.
        """

    def discard(self, upload_id: str) -> None:
        """Drop a spool; absent is fine."""

    def open_checked(self, location: str, size: int) -> BinaryIO:
        """What is stored, open at the start: BlobBytesMissing unless it is what a blob of `size` bytes takes.

        Of a sealed blob (`sealed.is_sealed`) that is ciphertext: `sealed.opened` reads it.
        """

    def size(self, location: str) -> int | None:
        """How many bytes the blob has; None when there is none by this name."""

    def digest(self, location: str, algorithm: str) -> str:
        """Hex digest of what is stored: BlobBytesMissing. Blocking."""

    def digest_of_location(self, location: str) -> Digest:
        """The digest that a location's bytes were adopted under."""

    def remove(self, location: str) -> None:
        """Remove the bytes; absent is fine. Whoever has them open keeps them."""

    def locations(self) -> Iterator[tuple[str, float]]:
        """(location, modification time in seconds) of everything held."""

    def spools(self) -> Iterator[tuple[str, float]]:
        """(upload id, modification time in seconds) of every spool."""

    def free_bytes(self) -> int:
        """Bytes that can still be stored."""
