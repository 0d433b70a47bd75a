"""A file as a response: by the kernel's sendfile on plain connections, in chunks on TLS and where it is decrypted as it
is read; ranges and conditions.

RFC 9110, 13 and 14: one range gives 206, an unsatisfiable one 416, several give the whole. What is sent has exactly
the length that was recorded; a file that ends early ends the connection.
"""

import asyncio
import os
import re
from io import UnsupportedOperation
from typing import BinaryIO

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from entrepot.errors import BlobBytesMissing, RangeUnsatisfiable

_RANGE = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)
_CHUNK = 256 * 1024  # by sendfile: more would let a fast reader hold the loop; on TLS: what each reader holds in memory
_LONGEST_NUMBER = 19


class BlobResponse(web.StreamResponse):
    """Sends `count` bytes of an open file from `start`, then closes it."""

    def __init__(self, file: BinaryIO, start: int, count: int, *, status: int, headers: dict[str, str]) -> None:
        super().__init__(status=status, headers=headers)
        self._blob_file = file
        self._first_byte = start
        self._byte_count = count
        self._blob_sent = False
        self.size = count
        self.content_length = count

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send head and bytes, once."""
        if self._blob_sent:
            return None
        self._blob_sent = True
        try:
            writer = await super().prepare(request)
            transport = request.transport
            if writer is None or transport is None:
                raise ConnectionResetError("connection lost")
            if self._byte_count:
                await self._send_bytes(writer, transport)
            await super().write_eof()
            return writer
        finally:
            self._blob_file.close()

    async def _send_bytes(self, writer: AbstractStreamWriter, transport: asyncio.Transport) -> None:
        loop = asyncio.get_running_loop()
        if transport.get_extra_info("sslcontext") is None and _is_file(self._blob_file):
            end = self._first_byte + self._byte_count
            for start in range(self._first_byte, end, _CHUNK):
                count = min(_CHUNK, end - start)
                await loop.sendfile(transport, self._blob_file, start, count, fallback=False)
            self._require_all(os.fstat(self._blob_file.fileno()).st_size - self._first_byte, transport)
            return
        self._blob_file.seek(self._first_byte)
        left = self._byte_count
        while left:
            try:
                chunk = await loop.run_in_executor(None, self._blob_file.read, min(_CHUNK, left))
            except BlobBytesMissing:  # encrypted bytes that were changed: not one of them is sent
                chunk = b""
            if not chunk:
                self._require_all(self._byte_count - left, transport)
            left -= len(chunk)
            await writer.write(chunk)

    def _require_all(self, held: int, transport: asyncio.Transport) -> None:
        if held < self._byte_count:
            transport.abort()
            raise ConnectionResetError(f"the file ended after {held} of {self._byte_count} bytes")


def _is_file(file: BinaryIO) -> bool:
    """Whether the kernel can send it: what is decrypted as it is read is no file."""
    try:
        return file.fileno() >= 0
    except UnsupportedOperation:
        return False


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
    elif last:
        start, end = max(0, size - int(last)), size - 1
        if int(last) == 0:
            raise RangeUnsatisfiable(range=wanted, size=size)
    else:
        return 0, size, False
    if start > end:  # beyond the blob, or backwards: RFC 9110 allows both answers, clients want this one
        raise RangeUnsatisfiable(range=wanted, size=size)
    return start, end - start + 1, True


def matches(request: web.BaseRequest, etag: str) -> bool:
    """Whether If-None-Match names what the client has."""
    lines = request.headers.getall("If-None-Match", [])
    tags = {tag.strip().removeprefix("W/") for line in lines for tag in line.split(",")}
    return etag in tags or "*" in tags
