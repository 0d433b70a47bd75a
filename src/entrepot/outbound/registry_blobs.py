"""A blob on its way from somebody's registry: hashed as it passes, gone on with where the line broke (OCI Distribution
Specification 1.1, "Pulling blobs"; RFC 9110, 14.2).

Each attempt begins at the registry again: where it redirects to may be good for a short time only.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

from entrepot.outbound.faults import AnswerUnusable, ContentWrong, DestinationUnreachable, Unavailable
from entrepot.outbound.registry_answers import begins_at
from entrepot.outbound.registry_calls import Calls
from entrepot.outbound.streams import Bounds, Download
from entrepot.spec.digest import Digest, Hash, hasher

_ATTEMPTS = 4  # one after another that bring nothing
_MOST_ATTEMPTS = 100  # of one blob
_PAUSE_SECONDS = 0.25
_PARTIAL = 206


class IncomingBlob:
    """The bytes of a blob from `offset` on; `size` is that of all of it, known once it is open."""

    def __init__(self, calls: Calls, digest: Digest, bounds: Bounds, size: int | None, *, hashed: bool = True) -> None:
        """The bounds are those of all attempts together. Not `hashed`: whoever takes the bytes checks the digest."""
        self._calls = calls
        self._digest = digest
        self._bounds = bounds
        self._ends = time.monotonic() + bounds.seconds
        self._known = size
        self._got = 0
        self._skip = 0
        self._running: Hash | None = hasher(digest.algorithm) if hashed else None
        self._attempts = self._all_attempts = 0
        self._stack = AsyncExitStack()
        self._answer: Download | None = None

    @property
    def size(self) -> int:
        """How many bytes the whole blob has."""
        return self._known or 0

    async def open(self, offset: int = 0, running: Hash | None = None) -> None:
        """Ask for it from `offset` on; `running` is the hash of what is before: OutboundFault."""
        self._got, self._running = offset, running or self._running
        if self._known is None or offset < self._known:
            await self._ask()

    async def close(self) -> None:
        """Let go of the connection."""
        self._answer = None
        await self._stack.aclose()

    async def pieces(self) -> AsyncIterator[bytes]:
        """The bytes; what is wrong with the whole of them is known, and raised, after the last: OutboundFault. Of those
        that are not hashed here, the length.
        """
        async for piece in self._all():
            self._got += len(piece)
            if self._got > self.size:
                raise self._wrong("is longer than announced")
            if self._running is not None:
                self._running.update(piece)
            yield piece
        if self._got != self.size:
            raise self._wrong("ends too early")
        if self._running is not None and self._running.hexdigest() != self._digest.hex:
            raise self._wrong("has another digest than the one asked for")

    async def _all(self) -> AsyncIterator[bytes]:
        """What arrives, over as many connections as it takes."""
        while self._answer is not None:
            try:
                async for piece in self._answer.pieces():
                    fresh = self._unskipped(piece)
                    if fresh:
                        self._attempts = 0
                        yield fresh
            except Unavailable as broken:
                await self._again(broken)
            else:
                return

    def _unskipped(self, piece: bytes) -> bytes:
        """What of a piece was not had before the line broke, of registries that always begin at the beginning."""
        if not self._skip:
            return piece
        passed = min(self._skip, len(piece))
        self._skip -= passed
        return piece[passed:]

    async def _again(self, broken: Unavailable) -> None:
        """Ask for the rest; after too many attempts that brought nothing, the fault."""
        while True:
            self._attempts += 1
            self._all_attempts += 1
            if self._attempts >= _ATTEMPTS or self._all_attempts >= _MOST_ATTEMPTS or time.monotonic() >= self._ends:
                raise broken
            await asyncio.sleep(_PAUSE_SECONDS * self._attempts)
            try:
                await self._ask()
            except Unavailable as fault:
                broken = fault
            else:
                return

    async def _ask(self) -> None:
        await self.close()
        left = self._ends - time.monotonic()
        if left <= 0:
            raise DestinationUnreachable(f"{self._calls.host} does not answer in time")
        limits = self._bounds
        bounds = Bounds(limits.most_bytes, left, limits.idle_seconds, limits.slowest)
        wanted = {"Range": f"bytes={self._got}-"} if self._got else {}
        url = f"{self._calls.root}/blobs/{self._digest}"
        answer = await self._stack.enter_async_context(self._calls.opened(url, bounds, wanted))
        size = self._announced(answer)
        if self._known not in {None, size}:
            raise self._wrong("has another length than the one asked for")
        self._known, self._answer = size, answer

    def _announced(self, answer: Download) -> int:
        """How long the whole blob is by this answer, which is checked to go on where it should."""
        part = begins_at(answer.headers) if answer.status == _PARTIAL else None
        if answer.status == _PARTIAL and (part is None or part[0] != self._got or not self._got):
            raise AnswerUnusable(f"{self._calls.host} answers with another part of a blob than the one asked for")
        self._skip = 0 if part else self._got
        if part:
            return part[1]
        announced = answer.headers.get("Content-Length", "")
        if announced.isdecimal():
            return int(announced[:18])
        if self._known is None:
            raise AnswerUnusable(f"{self._calls.host} does not say how long a blob is")
        return self._known

    def _wrong(self, how: str) -> ContentWrong:
        return ContentWrong(f"{self._calls.host} answers with a blob that {how}")
