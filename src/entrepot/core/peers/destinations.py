"""The seam of destinations that are elsewhere: what is brought there, and who brings it.

A destination of this deployment is none of these: rows are enough for it (core/replication/arriving.py).
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from entrepot.core.replication.arriving import Way
from entrepot.core.replication.outcomes import Outcome
from entrepot.db.records import StoredManifest
from entrepot.spec.digest import Digest

Pieces = Callable[[int], AsyncIterator[bytes]]


class Source(Protocol):
    """Reads what the source has."""

    async def manifest(self, way: Way, digest: Digest) -> StoredManifest:
        """A manifest: ImageNotFound where it is gone meanwhile."""

    async def knows(self, way: Way, digest: str) -> bool:
        """Whether the source has an image."""

    async def begin(self, way: Way, digest: Digest, most: Callable[[], int]) -> tuple[int, Pieces]:
        """A blob's size, and what gives its bytes from an offset on, in pieces of at most so many bytes as
        `most` says each time: BlobsNotFound,
        BlobBytesMissing.
        """


@dataclass(frozen=True, slots=True)
class Cargo:
    """An image that is to be at a destination: the manifests that it needs, itself last; its tag, '' where the source
    has it under none; when the source was looked at (microseconds).
    """

    way: Way
    order: Sequence[Digest]
    tag: str
    looked_at: int

    @property
    def digest(self) -> Digest:
        """The image."""
        return self.order[-1]


@dataclass(frozen=True, slots=True)
class Loss:
    """What a destination is to be without: an image that the source has not got, a tag that it has not got."""

    way: Way
    digest: Digest
    tag: str
    is_deleted: bool
    has_tag: bool
    looked_at: int


class Elsewhere(Protocol):
    """One peer. What it raises: PeerUnavailable for what may pass by itself, PeerRefuses for what it says no to, and
    facts of the source.
    """

    async def bring(self, cargo: Cargo, source: Source) -> Outcome:
        """Have the image be there, with its tag."""

    async def take_away(self, loss: Loss, source: Source) -> Outcome:
        """Have it be gone, or without the tag."""
