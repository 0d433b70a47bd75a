"""Runs the program that draws, for one picture each: few at a time, each with an end."""

import asyncio
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import structlog

from entrepot.errors import ServerBusy

SECONDS: Final = 30.0
_AT_ONCE: Final = 2
_WAITING: Final = 16
_LARGEST: Final = 10 * 1024 * 1024
_COMMAND: Final = (sys.executable, "-I", "-m", "entrepot.plotting")
log = structlog.get_logger()


class Plotter:
    """Draws in processes of their own, which threads of its own wait for; `cache` is where what draws keeps its list of
    fonts.
    """

    def __init__(self, cache: Path, seconds: float = SECONDS) -> None:
        self._cache = cache
        self._seconds = seconds
        self._threads = ThreadPoolExecutor(_AT_ONCE, "plot")
        self._asked = 0

    async def draw(self, description: bytes) -> bytes:
        """The PNG of a picture: ServerBusy when too many are waited for, or this one takes too long."""
        if self._asked >= _AT_ONCE + _WAITING:
            raise ServerBusy(reason="too many pictures are being drawn")
        self._asked += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._drawn, description)
        finally:
            self._asked -= 1

    def _drawn(self, description: bytes) -> bytes:
        self._cache.mkdir(mode=0o700, exist_ok=True)
        environment = {"MPLCONFIGDIR": str(self._cache), "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        try:
            done = subprocess.run(  # noqa: S603 - nothing of a request is in the command
                _COMMAND, input=description, capture_output=True, check=False, env=environment, timeout=self._seconds
            )
        except subprocess.TimeoutExpired:
            raise ServerBusy(reason="the picture took too long to draw") from None
        if done.returncode or len(done.stdout) > _LARGEST:
            told = done.stderr[-2000:].decode(errors="replace")
            log.warning("picture not drawn", status=done.returncode, fault=told)
            raise ServerBusy(reason="the picture could not be drawn within its limits")
        return done.stdout
