"""The job `scan`: takes up what is to be scanned, a few images at a time, and has an analyst look at each.

It runs for most of a minute at a time, woken by commits, and writes nothing when nothing is to be scanned. No
transaction is open while an image is analysed; what is held is due again when its holder falls silent.
"""

import asyncio
import contextlib
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from entrepot.core.events.measures import Meter
from entrepot.core.events.watching import Watch
from entrepot.core.scanning import indexes, measures, work
from entrepot.core.scanning.analysis import FAILED, Analyst, EnhancedAnalyst
from entrepot.core.scanning.configuration import ENHANCED
from entrepot.core.scanning.enhanced_scanner import EnhancedScans
from entrepot.core.scanning.suppressions import Source
from entrepot.core.scanning.work import ANYWHERE, Outcome, Taken
from entrepot.core.units import Units
from entrepot.db import registry_scanning
from entrepot.db import scans as rows
from entrepot.db.scan_records import ScanKey

MOST_ATTEMPTS = 5
_LONGEST_WAIT_SECONDS = 5.0
_LONGEST_PAUSE = timedelta(minutes=5)
_MOST_TURNS = 10
_AT_ONCE = 100
_GIVEN_UP = Outcome(
    FAILED,
    f"The scan was given up after {MOST_ATTEMPTS} attempts, for a reason of this server's own that its log tells. "
    "Start it again.",
    {},
    counted=False,
)
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Pace:
    """How many images are scanned at once, how long one is held between signs of life, how long a turn lasts."""

    at_once: int = 2
    hold: timedelta = timedelta(seconds=60)
    turn: timedelta = timedelta(seconds=50)


class Scanner:
    """Several of them share the work: each scan is held by one."""

    def __init__(
        self,
        units: Units,
        analyst: Analyst,
        enhanced: EnhancedAnalyst,
        meter: Meter,
        watch: Callable[[], Watch],
        clock: Callable[[], datetime],
        pace: Pace | None = None,
        sources: Sequence[Source] = (),
    ) -> None:
        """`sources` are who suppresses findings."""
        self._units = units
        self._analyst = analyst
        self._meter = meter
        self._watch = watch
        self._clock = clock
        self._pace = pace or Pace()
        self._enhanced = EnhancedScans(units, enhanced, meter, clock, sources)
        self._done = 0
        self._hour = -1
        self._known: Callable[[], tuple[str, str]] = lambda: (analyst.generation, enhanced.generation)
        self._generation = ("", "")
        self._passes = 0
        self._running: set[asyncio.Task[None]] = set()

    async def run(self, _: datetime) -> dict[str, object]:
        """Scan for a turn, and to the end of what was begun in it; how many scans have ended."""
        loop, watch = asyncio.get_running_loop(), self._watch()
        end = loop.time() + self._pace.turn.total_seconds()
        last = end + _MOST_TURNS * self._pace.turn.total_seconds()  # others need not wait for one that takes long
        self._done = 0
        try:
            await self._tidy()
            while loop.time() < end or self._running:
                watch.changed()  # what is committed from here on wakes
                await self._notice()
                if loop.time() < last:
                    await self._take()
                await self._rest(watch, end - loop.time())
        finally:
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)
            self._running = set()
            watch.close()
        return {"scanned": self._done}

    async def step(self) -> int:
        """Take up what is due and see it to its end; how many scans have ended."""
        self._done = 0
        await self._tidy()
        await self._notice()
        while await self._take():
            await self._ended(self._running, asyncio.ALL_COMPLETED)
        return self._done

    async def _tidy(self) -> None:
        """What is done once in a turn, or more seldom."""
        hour = int(self._clock().timestamp()) // 3600
        if hour != self._hour:
            await self._units.write(registry_scanning.forget, hour)
            self._hour = hour
        if self._passes:
            self._passes -= 1
            await self._renew()

    async def _notice(self) -> None:
        """Do anew what failed for want of knowledge, when there is other knowledge; and once more in the next turn, for
        what was on its way to its end.
        """
        known = self._known()
        if any(known) and known != self._generation:
            self._generation, self._passes = known, 1
            await self._renew()

    async def _renew(self) -> None:
        after: ScanKey | None = ANYWHERE
        while after is not None and await self._units.read(work.is_lacking, after):
            ids = [str(uuid.uuid4()) for _ in range(_AT_ONCE)]
            after = await self._units.write(work.again, after, ids, self._clock())

    async def _take(self) -> bool:
        """Begin with as many scans as there is room for and are due; whether any runs."""
        room, now = self._pace.at_once - len(self._running), self._clock()
        for key in await self._units.read(rows.due, now, room) if room > 0 else ():
            mine = await self._units.write(work.take, key, now, now + self._pace.hold)
            if mine is not None:
                self._running.add(asyncio.create_task(self._see_to(mine)))
        return bool(self._running)

    async def _rest(self, watch: Watch, left: float) -> None:
        """Until a scan has ended, or there is room and something was committed or is due."""
        if len(self._running) >= self._pace.at_once:
            await self._ended(self._running)
            return
        pause = await self._pause() if self._running else min(await self._pause(), max(left, 0.0))
        waiting = asyncio.create_task(watch.wait(pause))
        try:
            await self._ended({waiting, *self._running})
        finally:
            waiting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await waiting

    async def _ended(self, tasks: set[asyncio.Task[None]], when: str = asyncio.FIRST_COMPLETED) -> None:
        """Until some of them have; a scan that could not be put back or finished is due again by itself."""
        done, _ = await asyncio.wait(tasks, return_when=when)
        self._running -= done
        for task in done:
            if not task.cancelled() and (fault := task.exception()) is not None:
                log.error("scan let go of", exc_info=fault)

    async def _pause(self) -> float:
        due = await self._units.read(rows.next_due)
        if due is None:
            return _LONGEST_WAIT_SECONDS
        return min(max((due - self._clock()).total_seconds(), 0.0), _LONGEST_WAIT_SECONDS)

    async def _see_to(self, taken: Taken) -> None:
        """One scan, to its end or back to where it waits; nothing that goes wrong with it concerns others."""
        holding = asyncio.create_task(self._hold(taken))
        try:
            (outcome,) = await asyncio.gather(self._outcome(taken), return_exceptions=True)
        finally:
            holding.cancel()
            await asyncio.gather(holding, return_exceptions=True)
        if isinstance(outcome, BaseException):
            log.error("image not scanned", exc_info=outcome, **_named(taken))
            await self._again(taken)
        elif outcome is not None:
            await self._finish(taken, outcome)

    async def _outcome(self, taken: Taken) -> Outcome | None:
        """How the scan ends; None when it waits for others, or there is nothing to scan any more."""
        if taken.scan.tries > MOST_ATTEMPTS:
            return _GIVEN_UP
        if taken.scan.key.type == ENHANCED:
            self._done += await self._enhanced.scan(taken.scan)
            return None
        if taken.kind == "index":
            return await self._sum(taken)
        content = await self._units.read(work.read, taken)
        if content is None:
            return None
        known = self._analyst.generation
        analysis = await self._analyst.analyse(content)
        if analysis.lacking and self._analyst.generation != known:
            analysis = await self._analyst.analyse(content)  # what was missing has come meanwhile
        return await asyncio.to_thread(work.outcome_of, analysis)

    async def _sum(self, taken: Taken) -> Outcome | None:
        found = await self._units.write(indexes.prepare, taken, self._clock())
        if found is None or isinstance(found, Outcome):
            return found
        return await self._units.read(indexes.summed, found)

    async def _finish(self, taken: Taken, outcome: Outcome) -> None:
        at = self._clock()
        if taken.scan.key.type == ENHANCED:
            self._done += await self._enhanced.give_up(taken.scan, outcome.description)
        elif await self._units.write(work.finish, taken.scan, outcome, at):
            self._done += 1
            ended = replace(taken.scan, status=outcome.status, completed_at=at)
            self._meter.tell(measures.of_scan(taken.repository.key.registry, ended))

    async def _again(self, taken: Taken) -> None:
        """Later, and each time later than the last, unless it was tried often enough."""
        if taken.scan.tries >= MOST_ATTEMPTS:
            await self._finish(taken, _GIVEN_UP)
            return
        pause = min(timedelta(seconds=2**taken.scan.tries), _LONGEST_PAUSE)
        await self._units.write(rows.put_back, taken.scan, self._clock() + pause)

    async def _hold(self, taken: Taken) -> None:
        while True:
            await asyncio.sleep(self._pace.hold.total_seconds() / 3)
            if not await self._units.write(rows.renew, taken.scan, self._clock() + self._pace.hold):
                return


def _named(taken: Taken) -> dict[str, object]:
    return {
        "account": taken.repository.key.registry.account,
        "repository": taken.repository.key.name,
        "digest": taken.scan.key.digest,
        "tries": taken.scan.tries,
    }
