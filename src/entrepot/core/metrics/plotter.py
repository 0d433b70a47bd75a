"""Runs the program that draws, for one picture each: few at a time, each with an end (docs/decisions)."""

import asyncio
import contextlib
import sys
from pathlib import Path
from typing import Final

import structlog

from entrepot.errors import ServerBusy

SECONDS: Final = 30.0
_AT_ONCE: Final = 2
_WAITING: Final = 16
_LARGEST: Final = 10 * 1024 * 1024
log = structlog.get_logger()


class Plotter:
    """Draws in processes of their own, bound to one event loop; `cache` is where what draws keeps its list of fonts."""

    def __init__(self, cache: Path, seconds: float = SECONDS) -> None:
        self._cache = cache
        self._seconds = seconds
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._asked = 0

    async def draw(self, description: bytes) -> bytes:
        """The PNG of a picture: ServerBusy when too many are waited for, or this one takes too long."""
        if self._asked >= _AT_ONCE + _WAITING:
            raise ServerBusy(reason="too many pictures are being drawn")
        self._asked += 1
        try:
            async with self._turns:
                return await self._drawn(description)
        finally:
            self._asked -= 1

    async def _drawn(self, description: bytes) -> bytes:
        self._cache.mkdir(mode=0o700, exist_ok=True)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-m", "entrepot.plotting"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={"MPLCONFIGDIR": str(self._cache), "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        )
        try:
            png, faults = await asyncio.wait_for(process.communicate(description), self._seconds)
        except TimeoutError:
            raise ServerBusy(reason="the picture took too long to draw") from None
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if process.returncode or len(png) > _LARGEST:
            log.warning("picture not drawn", status=process.returncode, fault=faults[-2000:].decode(errors="replace"))
            raise ServerBusy(reason="the picture could not be drawn within its limits")
        return png
