"""Processes that match follow the generation that counts, and say so; who makes a new one can wait for them."""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import structlog

from entrepot.db import vulnerability_readers as rows
from entrepot.db.vulnerability_generations import Generations
from entrepot.db.vulnerability_readers import Reader
from entrepot.errors.scanning import VulnerabilityFileUnusable
from entrepot.spec.moments import micros

EVERY_SECONDS: Final = 0.5
_PAUSE_SECONDS: Final = 0.05
_log = structlog.get_logger()


class Following:
    """While it is entered, this process goes on to each new generation within half a second, and notes the oldest that
    something in it still reads.
    """

    def __init__(
        self,
        generations: Generations,
        directory: Path,
        clock: Callable[[], datetime],
        every_seconds: float = EVERY_SECONDS,
    ) -> None:
        self._generations = generations
        self._directory = directory
        self._clock = clock
        self._every = every_seconds
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="vulnerabilities", daemon=True)
        self._place: rows.Place | None = None
        self._noted: int | None = None

    def __enter__(self) -> Self:
        self._note()
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join()
        if self._place is not None:
            self._place.close()

    def _follow(self) -> None:
        while not self._ended.wait(self._every):
            self._note()

    def _note(self) -> None:
        """Go on, and say so where that is new; a full volume only keeps it from being said."""
        generation = self._oldest()
        if generation == self._noted:
            return
        with suppress(OSError):
            self._place = self._place or rows.Place(self._directory)
            self._place.note(generation, micros(self._clock()))
            self._noted = generation

    def _oldest(self) -> int:
        try:
            return self._generations.follow()
        except (VulnerabilityFileUnusable, OSError) as fault:
            if self._noted:
                _log.warning("vulnerability database not usable", fault=str(fault))
            return 0


def behind(directory: Path, generation: int) -> Sequence[Reader]:
    """The processes that still read an older generation than this, or none."""
    return [each for each in rows.readers(directory) if each.generation < generation]


def wait(directory: Path, generation: int, seconds: float) -> Sequence[Reader]:
    """Wait until every process that reads is at this generation or a later one; those that are not after so long."""
    ends = time.monotonic() + seconds
    while late := behind(directory, generation):
        if time.monotonic() >= ends:
            return late
        time.sleep(_PAUSE_SECONDS)  # other processes say it by a file: nothing wakes this one
    return ()
