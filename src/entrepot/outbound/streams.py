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
    """What one transfer may cost: bytes, seconds from the first to the last of them, seconds of waiting.

    Each `slowest` bytes that arrive buy back a second of waiting, so that a trickle ends as silence does.
    """

    most_bytes: int
    seconds: float = 3600
    idle_seconds: float = 30
    slowest: int = 1024


class Download:
    """An answer whose body is on its way; `url` is where it comes from after redirects."""

    def __init__(self, received: aiohttp.ClientResponse, bounds: Bounds) -> None:
        self._received = received
        self._bounds = bounds
        self._ends = time.monotonic() + bounds.seconds
        self._patience = bounds.idle_seconds
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
        begun, bounds = time.monotonic(), self._bounds
        if begun >= self._ends:
            raise DestinationUnreachable(f"{self._host} does not answer within {bounds.seconds:g} seconds")
        async with told(self._host, max(0.0, min(self._patience, self._ends - begun))):
            piece = await self._received.content.read(_PIECE)
        waited = time.monotonic() - begun
        self._patience = min(bounds.idle_seconds, self._patience - waited + len(piece) / bounds.slowest)
        return piece

    def _too_much(self) -> AnswerUnusable:
        return AnswerUnusable(f"{self._host} answers with more than {self._bounds.most_bytes} bytes")
