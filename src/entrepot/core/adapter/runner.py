"""The job `adapter`: makes the scans that another registry asks for, a few at a time, woken by commits.

Whoever holds one may be killed at any point: it is due again then, and only the last who took it up may finish it.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from entrepot.core.adapter import desk, reporting
from entrepot.core.adapter.pulling import Puller
from entrepot.core.events.watching import Watch
from entrepot.core.scanning.analysis import NO_DATABASE
from entrepot.core.units import Units
from entrepot.core.vulnerabilities.known import Known
from entrepot.db import adapter_scans as rows
from entrepot.db.adapter_scans import DONE, FAILED, AdapterScan
from entrepot.db.vulnerability_generations import Generations
from entrepot.errors.scanning import AdapterScanFailed, ScanRefused
from entrepot.outbound import OutboundFault
from entrepot.scan.merging import merge
from entrepot.scan.packages import Layer
from entrepot.seal import Seal
from entrepot.spec.scanner_adapter import ScanRequest

MOST_ATTEMPTS = 5
_LONGEST_WAIT_SECONDS = 5.0
_LONGEST_ERROR = 2000
_BATCH = 100
_GIVEN_UP = (
    f"The scan was given up after {MOST_ATTEMPTS} attempts, for a reason of this server's own that its log tells."
)
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Pace:
    """How many images are scanned at once, how long one is held between signs of life, how long a turn lasts, how long
    reports are kept.
    """

    at_once: int = 2
    hold: timedelta = timedelta(seconds=60)
    turn: timedelta = timedelta(seconds=50)
    kept: timedelta = timedelta(minutes=30)


class AdapterScans:
    """Several of them share the work: each scan is held by one."""

    def __init__(
        self,
        units: Units,
        seal: Seal,
        puller: Puller,
        generations: Generations,
        watch: Callable[[], Watch],
        clock: Callable[[], datetime],
        pace: Pace | None = None,
    ) -> None:
        self._units = units
        self._seal = seal
        self._puller = puller
        self._generations = generations
        self._watch = watch
        self._clock = clock
        self._pace = pace or Pace()
        self._running: set[asyncio.Task[None]] = set()
        self._done = 0

    async def run(self, _: datetime) -> dict[str, object]:
        """Scan for a turn, and to the end of what was begun in it; how many scans have ended."""
        loop, watch = asyncio.get_running_loop(), self._watch()
        end = loop.time() + self._pace.turn.total_seconds()
        self._done = 0
        try:
            await self._expire()
            while loop.time() < end or self._running:
                watch.changed()  # what is committed from here on wakes
                if loop.time() < end:
                    await self._take()
                await self._rest(watch, max(end - loop.time(), 0.0))
        finally:
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)
            self._running = set()
            watch.close()
        return {"scanned": self._done}

    async def _expire(self) -> None:
        while await self._units.write(rows.expire, self._clock() - self._pace.kept, _BATCH) == _BATCH:
            pass

    async def _take(self) -> None:
        room, now = self._pace.at_once - len(self._running), self._clock()
        for scan_id in await self._units.read(rows.due, now, room) if room > 0 else ():
            mine = await self._units.write(rows.claim, scan_id, now, now + self._pace.hold)
            if mine is not None:
                task = asyncio.create_task(self._see_to(mine))
                self._running.add(task)

    async def _rest(self, watch: Watch, left: float) -> None:
        """Until a scan has ended, or there is room and something was committed."""
        waiting: set[asyncio.Task[None]] = set()
        if len(self._running) < self._pace.at_once:
            waiting.add(asyncio.create_task(watch.wait(min(left or _LONGEST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS))))
        try:
            done, _ = await asyncio.wait({*waiting, *self._running}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
        for task in done - waiting:
            self._running.discard(task)
            if (fault := task.exception()) is not None:  # the scan is due again when nobody holds it any more
                log.error("scan for another registry failed", exc_info=fault)

    async def _see_to(self, scan: AdapterScan) -> None:
        holding = asyncio.create_task(self._hold(scan))
        try:
            status, error, reports = await self._outcome(scan)
        finally:
            holding.cancel()
            await asyncio.gather(holding, return_exceptions=True)
        kept = {form: await asyncio.to_thread(desk.packed, body) for form, body in reports.items()}
        if await self._units.write(rows.finish, scan, status, error[:_LONGEST_ERROR], kept, self._clock()):
            self._done += 1

    async def _outcome(self, scan: AdapterScan) -> tuple[str, str, Mapping[str, bytes]]:
        """Status, error, and reports by form."""
        if scan.attempt > MOST_ATTEMPTS:
            return FAILED, _GIVEN_UP, {}
        try:
            request = desk.opened(self._seal, scan)
            layers = await self._puller.layers(request)
            return DONE, "", await asyncio.to_thread(self._reports, request, layers)
        except (ScanRefused, OutboundFault) as fault:
            return FAILED, str(fault), {}

    def _reports(self, request: ScanRequest, layers: Sequence[tuple[str, Layer]]) -> Mapping[str, bytes]:
        image = merge(layers)
        found: dict[str, bytes] = {}
        with self._generations.reading() as file:
            if file is None:
                raise AdapterScanFailed(reason=NO_DATABASE)
            told = reporting.report(image, Known(file), request.artifact, self._clock())
            found[desk.OF_VULNERABILITIES] = reporting.encoded(told)
        return found

    async def _hold(self, scan: AdapterScan) -> None:
        while True:
            await asyncio.sleep(self._pace.hold.total_seconds() / 3)
            if not await self._units.write(rows.hold, scan, self._clock() + self._pace.hold):
                return
