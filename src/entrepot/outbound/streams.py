"""Bodies too large for memory: taken piece by piece, with bounds on bytes, on time and on silence."""

import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import aiohttp

from entrepot.outbound.exchange import require_plain, told
from entrepot.outbound.faults import AnswerUnusable, DestinationUnreachable

_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one transfer may cost: bytes, seconds from the first to the last of them, seconds of silence."""

    most_bytes: int
    seconds: float = 3600
    idle_seconds: float = 30


class Download:
    """An answer whose body is on its way; `url` is where it comes from after redirects."""

    def __init__(self, received: aiohttp.ClientResponse, bounds: Bounds) -> None:
        self._received = received
        self._bounds = bounds
        self._ends = time.monotonic() + bounds.seconds
        self._host = received.url.host or "nobody"
        self.url = str(received.url)
        self.status = received.status
        self.headers: Mapping[str, str] = received.headers

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body, of which nothing is kept: OutboundFault as soon as it is known to be too long, too slow, or to
        need decompression, and when it ends before the length that it announced.
        """
        require_plain(self._received)
        room = self._bounds.most_bytes
        if (self._received.content_length or 0) > room:
            raise self._too_much()
        while piece := await self._next():
            room -= len(piece)
            if room < 0:
                raise self._too_much()
            yield piece

    async def whole(self) -> bytes:
        """The body at once; of answers that are small."""
        return b"".join([piece async for piece in self.pieces()])

    async def _next(self) -> bytes:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise DestinationUnreachable(f"{self._host} does not answer within {self._bounds.seconds:g} seconds")
        async with told(self._host, min(self._bounds.idle_seconds, left)):
            return await self._received.content.read(_PIECE)

    def _too_much(self) -> AnswerUnusable:
        return AnswerUnusable(f"{self._host} answers with more than {self._bounds.most_bytes} bytes")
