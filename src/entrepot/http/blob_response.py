"""A file as a response: by the kernel's sendfile on plain connections, in chunks on TLS; ranges and conditions.

RFC 9110, 13 and 14: one range gives 206, an unsatisfiable one 416, several give the whole. What is sent has exactly
the length that was recorded; a file that ends early ends the connection.
"""

import asyncio
import re
from typing import BinaryIO

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from entrepot.errors import RangeUnsatisfiable

_RANGE = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)
_TLS_CHUNK = 512 * 1024
_LONGEST_NUMBER = 19


class BlobResponse(web.StreamResponse):
    """Sends `count` bytes of an open file from `start`, then closes it."""

    def __init__(self, file: BinaryIO, start: int, count: int, *, status: int, headers: dict[str, str]) -> None:
        super().__init__(status=status, headers=headers)
        self._file = file
        self._start = start
        self._count = count
        self._sent = False
        self.content_length = count

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send head and bytes, once."""
        if self._sent:
            return None
        self._sent = True
        try:
            writer = await super().prepare(request)
            transport = request.transport
            if writer is None or transport is None:
                raise ConnectionResetError("connection lost")
            if self._count:
                await self._send(writer, transport)
            await super().write_eof()
            return writer
        finally:
            self._file.close()

    async def _send(self, writer: AbstractStreamWriter, transport: asyncio.Transport) -> None:
        loop = asyncio.get_running_loop()
        if transport.get_extra_info("sslcontext") is None:
            sent = await loop.sendfile(transport, self._file, self._start, self._count, fallback=False)
            self._require(sent, transport)
            return
        self._file.seek(self._start)
        left = self._count
        while left:
            chunk = await loop.run_in_executor(None, self._file.read, min(_TLS_CHUNK, left))
            if not chunk:
                self._require(self._count - left, transport)
            left -= len(chunk)
            await writer.write(chunk)

    def _require(self, sent: int, transport: asyncio.Transport) -> None:
        if sent != self._count:
            transport.abort()
            raise ConnectionResetError(f"the file ended after {sent} of {self._count} bytes")


def select(request: web.BaseRequest, size: int, etag: str) -> tuple[int, int, bool]:
    """(start, count, whether it is a part) of what a request asks of `size` bytes: RangeUnsatisfiable."""
    wanted = request.headers.get("Range", "").strip()
    match = _RANGE.fullmatch(wanted)
    if (
        match is None
        or request.headers.get("If-Range", etag) != etag
        or max(map(len, match.groups())) > _LONGEST_NUMBER
    ):
        return 0, size, False
    first, last = match.groups()
    if first:
        start, end = int(first), min(int(last), size - 1) if last else size - 1
        if last and int(last) < int(first):
            return 0, size, False
    elif last:
        start, end = max(0, size - int(last)), size - 1
        if int(last) == 0:
            raise RangeUnsatisfiable(range=wanted, size=size)
    else:
        return 0, size, False
    if start >= size:
        raise RangeUnsatisfiable(range=wanted, size=size)
    return start, end - start + 1, True


def matches(request: web.BaseRequest, etag: str) -> bool:
    """Whether If-None-Match names what the client has."""
    lines = request.headers.getall("If-None-Match", [])
    tags = {tag.strip().removeprefix("W/") for line in lines for tag in line.split(",")}
    return etag in tags or "*" in tags
