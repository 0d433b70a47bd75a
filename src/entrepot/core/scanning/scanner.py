"""The job `scan`: takes up what is to be scanned, a few images at a time, and has an analyst look at each."""

import asyncio
import uuid
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from entrepot.core.claiming import Claiming, Pace
from entrepot.core.events.measures import Meter
from entrepot.core.pulse import Watching
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
_LONGEST_PAUSE = timedelta(minutes=5)
_AT_ONCE = 100
_FEW = 500  # findings that are packed sooner than a thread is woken: a millisecond's work
_GIVEN_UP = Outcome(
    FAILED,
    f"The scan was given up after {MOST_ATTEMPTS} attempts, for a reason of this server's own that its log tells. "
    "Start it again.",
    {},
    counted=False,
)
log = structlog.get_logger()


class Scanner:
    """Several of them share the work: each scan is held by one."""

    def __init__(
        self,
        units: Units,
        analyst: Analyst,
        enhanced: EnhancedAnalyst,
        meter: Meter,
        watch: Watching,
        clock: Callable[[], datetime],
        pace: Pace | None = None,
        sources: Sequence[Source] = (),
    ) -> None:
        """`sources` are who suppresses findings."""
        self._units = units
        self._analyst = analyst
        self._meter = meter
        self._clock = clock
        self._pace = pace or Pace()
        self._claiming = Claiming(self._pace, watch, clock, rows.next_due, self._take)
        self._enhanced = EnhancedScans(units, enhanced, meter, clock, sources)
        self._done = 0
        self._hour = -1
        self._known: Callable[[], tuple[str, str]] = lambda: (analyst.generation, enhanced.generation)
        self._generation = ("", "")
        self._passes = 0

    async def run(self, _: datetime) -> dict[str, object]:
        """Scan for a turn, and to the end of what was begun in it; how many scans have ended."""
        self._done = 0
        await self._tidy()
        await self._claiming.turn(self._notice)
        return {"scanned": self._done}

    async def step(self) -> int:
        """Take up what is due and see it to its end; how many scans have ended."""
        self._done = 0
        await self._tidy()
        await self._notice()
        await self._claiming.exhaust()
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

    async def _take(self, room: int) -> Sequence[Coroutine[Any, Any, None]]:
        now = self._clock()
        taken = await self._units.note(work.take, now, now + self._pace.hold, room)
        return [self._see_to(mine) for mine in taken]

    async def _see_to(self, taken: Taken) -> None:
        """One scan, to its end or back to where it waits; nothing that goes wrong with it concerns others."""
        work = self._claiming.held(self._outcome(taken), lambda until: self._units.write(rows.renew, taken.scan, until))
        (outcome,) = await asyncio.gather(work, return_exceptions=True)
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
        if len(analysis.findings) <= _FEW:
            return work.outcome_of(analysis)
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


def _named(taken: Taken) -> dict[str, object]:
    return {
        "account": taken.repository.key.registry.account,
        "repository": taken.repository.key.name,
        "digest": taken.scan.key.digest,
        "tries": taken.scan.tries,
    }
