"""Bytes that are no file, given to a program as if they were one: a thread feeds them through a pipe. Nothing of them
is written anywhere.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from io import UnsupportedOperation
from typing import BinaryIO, Final

_PIECE: Final = 256 * 1024


def is_file(blob: BinaryIO) -> bool:
    """Whether another process can be given it."""
    try:
        return blob.fileno() >= 0
    except UnsupportedOperation:
        return False


@asynccontextmanager
async def as_file(blob: BinaryIO) -> AsyncIterator[BinaryIO]:
    """The reading end of a pipe with a blob's bytes: BlobBytesMissing at the end, where they were changed."""
    reading, writing = os.pipe()
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1, "feeding") as pool:
        feeding = loop.run_in_executor(pool, _feed, blob, writing)
        try:
            with os.fdopen(reading, "rb", buffering=0) as file:
                yield file
        finally:
            await feeding


def _feed(blob: BinaryIO, writing: int) -> None:
    """Until there is no more, or nobody reads any more."""
    with os.fdopen(writing, "wb", buffering=0) as pipe, contextlib.suppress(BrokenPipeError):
        while piece := blob.read(_PIECE):
            left = memoryview(piece)
            while left:
                left = left[pipe.write(left) :]
