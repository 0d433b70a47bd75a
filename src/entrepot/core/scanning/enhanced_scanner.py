"""One enhanced scan from its image to its findings: of an image that waits, or of one of which something else is known.

No transaction is open while an image is looked at; long texts are read only for what will be told.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from entrepot.core.events.measures import Meter
from entrepot.core.scanning import enhanced_work, measures
from entrepot.core.scanning.analysis import FAILED, Analysis, EnhancedAnalyst
from entrepot.core.scanning.enhanced_work import Task
from entrepot.core.scanning.suppressions import Source
from entrepot.core.units import Units
from entrepot.db.inspector_records import ImageKey
from entrepot.db.scan_records import Scan


class EnhancedScans:
    """Scans images, and keeps what is found."""

    def __init__(
        self,
        units: Units,
        analyst: EnhancedAnalyst,
        meter: Meter,
        clock: Callable[[], datetime],
        sources: Sequence[Source],
    ) -> None:
        """`sources` are who suppresses findings."""
        self._units = units
        self._analyst = analyst
        self._meter = meter
        self._clock = clock
        self._sources = sources

    async def scan(self, scan: Scan) -> bool:
        """See a scan that is held to its end; False when it was lost, or is not to be done any more."""
        task = await self._units.read(enhanced_work.read, _image(scan))
        if task is None or task.scan.attempt != scan.attempt:
            await self._units.write(enhanced_work.let_go, scan)
            return False
        known = self._analyst.generation
        analysis = await self._analyst.analyse(task.content)
        if analysis.lacking and self._analyst.generation != known:
            analysis = await self._analyst.analyse(task.content)  # what was missing has come meanwhile
        return await self._keep(task, analysis)

    async def match_anew(self, image: ImageKey) -> bool:
        """Look at an image again of which something else is known, with the inventories that are kept of its layers; no
        blob is read while there are some. False when it is gone, waits for a scan, or its registry is scanned in
        another way.
        """
        task = await self._units.read(enhanced_work.read, image)
        if task is None or task.scan.completed_at is None:
            return False
        return await self._keep(task, await self._analyst.analyse(task.content))

    async def give_up(self, scan: Scan, description: str) -> bool:
        """End a scan that cannot be done, for no fault of its image."""
        task = await self._units.read(enhanced_work.read, _image(scan))
        return task is not None and await self._keep(task, Analysis(FAILED, description))

    async def _keep(self, task: Task, analysis: Analysis) -> bool:
        needed = await self._units.read(enhanced_work.advisories, task, analysis)
        texts = await self._analyst.texts(needed) if needed else {}
        at = self._clock()
        ended = await self._units.write(enhanced_work.keep, task, analysis, texts, at, self._sources)
        if ended is not None and ended.started_at is not None:
            self._meter.tell(measures.of_scan(task.content.repository.registry, ended))
        return ended is not None


def _image(scan: Scan) -> ImageKey:
    return ImageKey(scan.key.repository_id, scan.key.digest)
