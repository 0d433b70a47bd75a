"""The job `rematch`: images that wait to be matched anew, the newest first, a few at a time, from kept inventories.

Every worker of a deployment works at it: an image is held by one. What was found is kept in the unit that lets go of
the image, so that whoever is killed has done all of it or nothing. Matching has a thread of its own.
"""

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog

from entrepot.core.events.watching import Watch
from entrepot.core.scanning.kept_layers import KeptLayers
from entrepot.core.scanning.remembering import Memory, Remembering
from entrepot.core.units import Units
from entrepot.db import rematches
from entrepot.db.database import Transaction
from entrepot.db.rematches import Held
from entrepot.db.vulnerability_generations import Generations
from entrepot.scan.packages import Layer

_LONGEST_WAIT_SECONDS = 5.0
_LONGEST_PAUSE = timedelta(minutes=5)
_MOST_DOUBLINGS = 10
log = structlog.get_logger()


class Candidate(Protocol):
    """An image that can be matched: the blobs of its layers, and the version that their inventories must have."""

    @property
    def blobs(self) -> Sequence[str]:
        """From the lowest."""


class Matching(Protocol):
    """What is read of an image, found in it, and kept: units of work, and between them a computation without I/O but of
    what is known.
    """

    def read(self, tx: Transaction, repository_id: str, digest: str) -> Candidate | None:
        """The image; None when there is nothing to match any more."""

    def inventories(self, tx: Transaction, blobs: Sequence[str]) -> Mapping[str, bytes]:
        """The packed inventories that there are of these blobs."""

    def match(self, image: Any, layers: Mapping[str, Layer], known: Remembering) -> object:
        """What is found in it."""

    def keep(self, tx: Transaction, image: Any, found: Any, at: datetime) -> None:
        """Keep it, and tell what is new."""

    def read_again(self, tx: Transaction, image: Any, at: datetime) -> None:
        """Have the layers of an image read anew of which there is no inventory, and the image scanned."""


@dataclass(frozen=True, slots=True)
class RematchPace:
    """How many images are held together, by how many at once, for how long; how long a turn lasts."""

    together: int = 16
    at_once: int = 2
    hold: timedelta = timedelta(seconds=60)
    turn: timedelta = timedelta(seconds=50)


@dataclass(frozen=True, slots=True)
class _Matched:
    """What became of an image: gone, without inventories, or with what was found."""

    held: Held
    image: Candidate | None = None
    found: object | None = None


class Rematcher:
    """Several of them share the work."""

    def __init__(
        self,
        units: Units,
        generations: Generations,
        matching: Matching,
        watch: Callable[[], Watch],
        clock: Callable[[], datetime],
        pace: RematchPace | None = None,
    ) -> None:
        self._units = units
        self._generations = generations
        self._matching = matching
        self._watch = watch
        self._clock = clock
        self._pace = pace or RematchPace()
        self._thread = ThreadPoolExecutor(1, "rematch")
        self._memory = Memory()
        self._layers = KeptLayers()
        self._done = 0

    async def run(self, _: datetime) -> dict[str, object]:
        """Match for a turn; how many images were."""
        loop, watch = asyncio.get_running_loop(), self._watch()
        end = loop.time() + self._pace.turn.total_seconds()
        done = 0
        try:
            while loop.time() < end:
                watch.changed()  # what is committed from here on wakes
                done += await self.step(end)
                await watch.wait(min(await self._pause(), max(end - loop.time(), 0.0)))
        finally:
            watch.close()
        return {"matched": done}

    async def step(self, end: float = float("inf")) -> int:
        """Match all that waits, until `end` of the loop's time; how many images were."""
        self._done = 0
        async with asyncio.TaskGroup() as group:
            for _ in range(self._pace.at_once):
                group.create_task(self._lane(end))
        return self._done

    async def _lane(self, end: float) -> None:
        """Batch by batch: while one is matched another one is committed."""
        loop = asyncio.get_running_loop()
        while loop.time() < end and await self._units.read(rematches.are_due, self._clock()):
            now, holder = self._clock(), secrets.token_hex(8)
            held = await self._units.write(rematches.claim, holder, now, now + self._pace.hold, self._pace.together)
            if held:
                await self._see_to(held)

    async def _see_to(self, held: Sequence[Held]) -> None:
        results = await asyncio.gather(*(self._whole(each) for each in held), return_exceptions=True)
        for each, result in zip(held, results, strict=True):
            if isinstance(result, BaseException):
                await self._later(each, result)

    async def _whole(self, held: Held) -> None:
        """One image, to its end."""
        matched = await asyncio.get_running_loop().run_in_executor(self._thread, self._matched, held)
        self._done += await self._units.write(self._kept, matched, self._clock())

    async def _later(self, held: Held, fault: BaseException) -> None:
        """Each time later than the last; nothing that goes wrong with an image concerns others, and none is lost."""
        if not isinstance(fault, Exception):
            raise fault
        log.error("image not matched", exc_info=fault, digest=held.digest, tries=held.tries)
        pause = min(timedelta(seconds=2 ** min(held.tries, _MOST_DOUBLINGS)), _LONGEST_PAUSE)
        await self._units.write(rematches.put_back, held, self._clock() + pause)

    def _matched(self, held: Held) -> _Matched:
        """What is found in it, and no less than the generation that counts now knows."""
        read = self._units.database.read
        image = read(lambda tx: self._matching.read(tx, held.repository_id, held.digest))
        if image is None:
            return _Matched(held)
        lacking = self._layers.lacking(image.blobs)
        brought = read(lambda tx: self._matching.inventories(tx, lacking)) if lacking else {}
        layers = self._layers.of(image.blobs, brought)
        if any(blob not in layers for blob in image.blobs):
            return _Matched(held, image)
        with self._generations.reading() as file:
            if file is None:
                raise LookupError("nothing is known of vulnerabilities any more")
            return _Matched(held, image, self._matching.match(image, layers, Remembering(file, self._memory)))

    def _kept(self, tx: Transaction, matched: _Matched, at: datetime) -> bool:
        """All of it or nothing: False when the image was lost, or is to be matched once more."""
        if not rematches.done(tx, matched.held):
            return False
        if matched.image is not None and matched.found is not None:
            self._matching.keep(tx, matched.image, matched.found, at)
        elif matched.image is not None:
            self._matching.read_again(tx, matched.image, at)
        return True

    async def _pause(self) -> float:
        due = await self._units.read(rematches.next_due)
        if due is None:
            return _LONGEST_WAIT_SECONDS
        return min(max(due / 1_000_000 - self._clock().timestamp(), 0.0), _LONGEST_WAIT_SECONDS)
