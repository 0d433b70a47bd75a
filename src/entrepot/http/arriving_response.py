"""A response whose bytes are still on their way here: as long as announced, or broken off."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from entrepot.errors import Fact


class ArrivingResponse(web.StreamResponse):
    """Sends `count` bytes from pieces as they come; where they end short or with a fact, so does the connection."""

    def __init__(self, pieces: AsyncGenerator[bytes, None], count: int, *, headers: dict[str, str]) -> None:
        super().__init__(status=200, headers=headers)
        self._pieces = pieces
        self._byte_count = count
        self._sent = False
        self.size = count
        self.content_length = count

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send head and bytes, once."""
        if self._sent:
            return None
        self._sent = True
        writer = await super().prepare(request)
        transport = request.transport
        if writer is None or transport is None:
            raise ConnectionResetError("connection lost")
        left = self._byte_count
        try:
            async with aclosing(self._pieces) as pieces:
                async for piece in pieces:
                    left -= len(piece)
                    if left < 0:
                        break
                    await writer.write(piece)
        except Fact as fact:
            transport.abort()
            raise ConnectionResetError(f"what was on its way does not come: {fact}") from None
        if left:
            transport.abort()
            raise ConnectionResetError(f"what was on its way is {-left} bytes too long or short")
        await super().write_eof()
        return writer
