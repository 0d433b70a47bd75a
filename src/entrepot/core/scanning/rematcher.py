"""The job `rematch`: images that wait to be matched anew, the newest first, some at a time, from what is kept of them.

Every worker of a deployment works at it: an image is held by one. What was found is kept in the unit that lets go of
the images, so that whoever is killed has done all of it or nothing. Matching has a thread of its own.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, repeat

import structlog

from entrepot.core.pulse import Watching
from entrepot.core.scanning import enhanced_analysis, kept_images, rematch_work, rematching
from entrepot.core.scanning.coverage_statuses import ACTIVE
from entrepot.core.scanning.enhanced_changes import unlike
from entrepot.core.scanning.enhanced_shown import Texts
from entrepot.core.scanning.enhanced_work import MOST
from entrepot.core.scanning.recurring import Recurring
from entrepot.core.scanning.rematch_plan import knows_since
from entrepot.core.scanning.rematch_work import Matched, Stored
from entrepot.core.scanning.remembering import Memory, Remembering
from entrepot.core.scanning.suppressions import Source
from entrepot.core.units import Units
from entrepot.db import rematches
from entrepot.db.inspector_records import ImageKey
from entrepot.db.rematches import Held
from entrepot.db.scan_records import Scan
from entrepot.db.vulnerability_generations import Generations
from entrepot.scan import name_marks

_LONGEST_WAIT_SECONDS = 5.0
_LONGEST_PAUSE = timedelta(minutes=5)
_MOST_DOUBLINGS = 10
_MOST_TEXTS = 5000
_FIRST = 4  # images of a lane's first batch
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class RematchPace:
    """How many images are held together, by how many at once, for how long; how long a turn lasts."""

    together: int = 32
    at_once: int = 2
    hold: timedelta = timedelta(seconds=60)
    turn: timedelta = timedelta(seconds=50)


class Rematcher:
    """Several of them share the work."""

    def __init__(
        self,
        units: Units,
        generations: Generations,
        scan: Callable[[ImageKey], Awaitable[bool]],
        sources: Sequence[Source],
        watch: Watching,
        clock: Callable[[], datetime],
        pace: RematchPace | None = None,
    ) -> None:
        """`scan` looks at an image of which nothing is kept; `sources` are who suppresses findings."""
        self._units = units
        self._generations = generations
        self._scan = scan
        self._sources = sources
        self._watch = watch(rematches.next_due)
        self._clock = clock
        self._pace = pace or RematchPace()
        self._thread = ThreadPoolExecutor(1, "rematch")
        self._memory = Memory()
        self._recurring = Recurring()
        self._changes: dict[tuple[int, int], Collection[int] | None] = {}  # by what is known, and since when
        self._done = 0

    async def run(self, _: datetime) -> dict[str, object]:
        """Match for a turn; how many images were."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self._pace.turn.total_seconds()
        done = 0
        while loop.time() < end:
            self._watch.changed()  # what is committed from here on wakes
            done += await self.step(end)
            await self._watch.wait(min(await self._pause(), max(end - loop.time(), 0.0)))
        return {"matched": done}

    async def step(self, end: float = float("inf")) -> int:
        """Match all that waits, until `end` of the loop's time; how many images were."""
        self._done = 0
        async with asyncio.TaskGroup() as group:
            for _ in range(self._pace.at_once):
                group.create_task(self._lane(end))
        return self._done

    async def _lane(self, end: float) -> None:
        """Batch by batch, the first ones small so that something is told soon: while one is matched another one
        is committed.
        """
        loop = asyncio.get_running_loop()
        sizes = chain((_FIRST, 2 * _FIRST, 4 * _FIRST), repeat(self._pace.together))
        while loop.time() < end and await self._units.read(rematches.are_due, self._clock()):
            now, holder = self._clock(), secrets.token_hex(8)
            size = min(next(sizes), self._pace.together)
            held = await self._units.write(rematches.claim, holder, now, now + self._pace.hold, size)
            await self._to_their_end(held)

    async def _to_their_end(self, held: Sequence[Held]) -> None:
        """Images together, and one by one where something goes wrong: what it is with one concerns no other."""
        (fault,) = await asyncio.gather(self._together(held), return_exceptions=True)
        if fault is None:
            return
        if len(held) > 1:
            for each in held:
                await self._to_their_end([each])
        else:
            await self._later(held[0], fault)

    async def _together(self, held: Sequence[Held]) -> None:
        stored = await self._units.read(rematch_work.read, held)
        known = [(each, each.scan) for each in stored if each.scan is not None and each.scan.status == ACTIVE]
        for each in stored:
            if each.scan is None or each.scan.status != ACTIVE:
                await self._units.write(rematches.done, each.held)
        if some := [(each, scan) for each, scan in known if each.inventory is not None]:
            matched = await asyncio.get_running_loop().run_in_executor(self._thread, self.match, some)
            done = await self._units.write(rematch_work.keep, matched, self._clock(), self._sources)
            self._done += done  # in one step: there are two lanes
        for each, _ in known:
            if each.inventory is None:
                await self._scan(ImageKey(each.held.repository_id, each.held.digest))
                done = await self._units.write(rematches.done, each.held)
                self._done += done

    async def _later(self, held: Held, fault: BaseException) -> None:
        """Each time later than the last; none is lost."""
        if not isinstance(fault, Exception):
            raise fault
        log.error("image not matched", exc_info=fault, digest=held.digest, tries=held.tries)
        pause = min(timedelta(seconds=2 ** min(held.tries, _MOST_DOUBLINGS)), _LONGEST_PAUSE)
        await self._units.write(rematches.put_back, held, self._clock() + pause)

    def match(self, some: Sequence[tuple[Stored, Scan]]) -> Sequence[Matched]:
        """What is found by the generation that counts now, in a thread of its own; nothing is written."""
        with self._generations.reading() as file:
            if file is None:
                raise LookupError("nothing is known of vulnerabilities any more")
            known = Remembering(file, self._memory)
            return [self._one(each, scan, known) for each, scan in some]

    def _one(self, of: Stored, scan: Scan, known: Remembering) -> Matched:
        kept, now = kept_images.unpacked(of.inventory or b""), self._clock()
        changed = self._changed(known, of.held.since)
        analysis = rematching.matched(kept, changed, of.before, known, self._recurring, now)
        if analysis.concerned is not None and len(of.before) + len(analysis.found or ()) > MOST:
            analysis = rematching.matched(kept, None, of.before, known, self._recurring, now)
        _, news = unlike(of.before, analysis.found or (), analysis.concerned)
        return Matched(of, scan, analysis, self._texts(known, {each.advisory for each in news}))

    def _changed(self, known: Remembering, since: int) -> Collection[int] | None:
        """The marks of all names of which something else is known than then; None where that may be any."""
        key = known.generation, since
        if key not in self._changes:
            if any(generation != known.generation for generation, _ in self._changes):
                self._changes.clear()
            told = name_marks.of_changed(known.changed_since(since)) if knows_since(known, since) else None
            self._changes[key] = told
        return self._changes[key]

    def _texts(self, known: Remembering, advisories: Collection[str]) -> Mapping[str, Texts]:
        """What is told at length of what is new; the same is new in many images."""
        remembered = self._memory.texts
        new = [each for each in advisories if each not in remembered]
        if len(remembered) + len(new) > _MOST_TEXTS:
            remembered.clear()
            new = list(advisories)
        remembered.update(enhanced_analysis.texts(known, new))
        return {each: remembered[each] for each in advisories if each in remembered}

    async def _pause(self) -> float:
        due = await self._units.read(rematches.next_due)
        if due is None:
            return _LONGEST_WAIT_SECONDS
        return min(max(due / 1_000_000 - self._clock().timestamp(), 0.0), _LONGEST_WAIT_SECONDS)
