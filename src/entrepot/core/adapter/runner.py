"""The job `adapter`: makes the scans that another registry asks for, a few at a time, woken by commits.

Whoever holds one may be killed at any point: it is due again then, and only the last who took it up may finish it.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from entrepot.core.adapter import desk, reporting, sbom_reports
from entrepot.core.adapter.pulling import Puller
from entrepot.core.claiming import Claiming, Pace
from entrepot.core.pulse import Watching
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
from entrepot.spec.scanner_adapter import SBOM_TYPES, ScanRequest

MOST_ATTEMPTS = 5
_KEPT = timedelta(minutes=30)  # reports
_LONGEST_ERROR = 2000
_BATCH = 100
_GIVEN_UP = (
    f"The scan was given up after {MOST_ATTEMPTS} attempts, for a reason of this server's own that its log tells."
)


class AdapterScans:
    """Several of them share the work: each scan is held by one."""

    def __init__(
        self,
        units: Units,
        seal: Seal,
        puller: Puller,
        generations: Generations,
        watch: Watching,
        clock: Callable[[], datetime],
        pace: Pace | None = None,
        kept: timedelta = _KEPT,
    ) -> None:
        """Reports are `kept` for a time."""
        self._units = units
        self._seal = seal
        self._puller = puller
        self._generations = generations
        self._clock = clock
        self._pace = pace or Pace()
        self._kept = kept
        self._claiming = Claiming(self._pace, watch, clock, rows.next_due, self._take)
        self._done = 0

    async def run(self, _: datetime) -> dict[str, object]:
        """Scan for a turn, and to the end of what was begun in it; how many scans have ended."""
        self._done = 0
        await self._expire()
        await self._claiming.turn()
        return {"scanned": self._done}

    async def _expire(self) -> None:
        while await self._units.write(rows.expire, self._clock() - self._kept, _BATCH) == _BATCH:
            pass

    async def _take(self, room: int) -> Sequence[Coroutine[Any, Any, None]]:
        now = self._clock()
        taken = [
            await self._units.write(rows.claim, scan_id, now, now + self._pace.hold)
            for scan_id in await self._units.read(rows.due, now, room)
        ]
        return [self._see_to(mine) for mine in taken if mine is not None]

    async def _see_to(self, scan: AdapterScan) -> None:
        status, error, reports = await self._claiming.held(
            self._outcome(scan), lambda until: self._units.write(rows.hold, scan, until)
        )
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
        image, artifact, now = merge(layers), request.artifact, self._clock()
        forms = desk.forms(request, SBOM_TYPES)
        found = {form: sbom_reports.report(image, form, artifact, now) for form in forms if form in SBOM_TYPES}
        if desk.OF_VULNERABILITIES in forms:
            with self._generations.reading() as file:
                if file is None:
                    raise AdapterScanFailed(reason=NO_DATABASE)
                found[desk.OF_VULNERABILITIES] = reporting.encoded(reporting.report(image, Known(file), artifact, now))
        return found
