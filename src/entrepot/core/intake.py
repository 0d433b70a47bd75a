"""The bytes of one request on their way into a spool: counted, bounded, hashed as they pass."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Protocol

from entrepot.db.records import Upload
from entrepot.errors import UploadTooLarge
from entrepot.store.blobs import Spool

_CHECK_SPACE_EVERY = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Watched:
    """Of a blob that others read while it comes: the name that its spool is to have, where its bytes are plain, and who
    is told that they are all there and are those of its digest.
    """

    spool: str
    verified: Callable[[], None]


class Hash(Protocol):
    """A running digest."""

    def update(self, data: bytes, /) -> None:
        """Add bytes."""

    def hexdigest(self) -> str:
        """The digest so far."""


class Intake:
    """Takes chunks for an upload; `upload` tells at any time how far they have come, also after a failure."""

    def __init__(
        self, before: Upload, spool: Spool, running: Hash | None, boot_id: str, require_space: Callable[[], None]
    ) -> None:
        self._before = before
        self._spool = spool
        self.running = running  # None: another worker has the hash state, the bytes are read again at the end
        self._boot_id = boot_id
        self._require_space = require_space
        self.offset = before.offset

    async def take(
        self, chunks: AsyncIterator[bytes], largest: int, grant: Callable[[int], Awaitable[int]] | None = None
    ) -> None:
        """Write every chunk: UploadTooLarge beyond `largest` bytes in all, StorageFull.

        `grant` tells up to how many bytes the upload may grow that needs so many, or raises.
        """
        granted = largest if grant is None else 0
        check_at = self.offset + _CHECK_SPACE_EVERY
        write, running = self._spool.write, self.running
        try:
            async for chunk in chunks:
                if self.offset + len(chunk) > largest:
                    raise UploadTooLarge(limit=largest)
                if grant is not None and self.offset + len(chunk) > granted:
                    granted = await grant(self.offset + len(chunk))
                write(chunk)
                if running is not None:
                    running.update(chunk)
                self.offset += len(chunk)
                if self.offset >= check_at:
                    self._require_space()
                    check_at = self.offset + _CHECK_SPACE_EVERY
        finally:
            self._spool.flush()

    @property
    def upload(self) -> Upload:
        """The session as these bytes leave it."""
        if self.running is None:
            return replace(self._before, offset=self.offset)
        return replace(
            self._before,
            offset=self.offset,
            hashed_to=self.offset,
            digest=self.running.hexdigest(),
            boot_id=self._boot_id,
        )
