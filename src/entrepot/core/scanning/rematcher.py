"""The job `rematch`: images that wait to be matched anew, the newest first, a few at a time, from kept inventories.

Every worker of a deployment works at it: an image is held by one. What was found is kept in the unit that lets go of
the image, so that whoever is killed has done all of it or nothing. Matching has a thread of its own.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from entrepot.core.pulse import Watching
from entrepot.core.scanning import enhanced_analysis, enhanced_work, inventories
from entrepot.core.scanning.analysis import Analysis
from entrepot.core.scanning.coverage_statuses import ACTIVE
from entrepot.core.scanning.enhanced_findings import Facts
from entrepot.core.scanning.enhanced_shown import Texts
from entrepot.core.scanning.enhanced_work import Task
from entrepot.core.scanning.image_configs import ImageConfigs
from entrepot.core.scanning.kept_layers import KeptLayers
from entrepot.core.scanning.layer_programs import VERSION
from entrepot.core.scanning.recurring import Recurring
from entrepot.core.scanning.remembering import Memory, Remembering
from entrepot.core.scanning.suppressions import Source
from entrepot.core.units import Units
from entrepot.db import rematches
from entrepot.db.database import Transaction
from entrepot.db.inspector_records import ImageKey
from entrepot.db.rematches import Held
from entrepot.db.vulnerability_generations import Generations
from entrepot.scan.merging import merge
from entrepot.scan.packages import Layer

_LONGEST_WAIT_SECONDS = 5.0
_LONGEST_PAUSE = timedelta(minutes=5)
_MOST_DOUBLINGS = 10
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class RematchPace:
    """How many images are held together, by how many at once, for how long; how long a turn lasts."""

    together: int = 16
    at_once: int = 2
    hold: timedelta = timedelta(seconds=60)
    turn: timedelta = timedelta(seconds=50)


@dataclass(frozen=True, slots=True)
class Matched:
    """What is found in an image, and the texts of what will be told of it."""

    task: Task
    analysis: Analysis
    texts: Mapping[str, Texts]


class Rematcher:
    """Several of them share the work."""

    def __init__(
        self,
        units: Units,
        generations: Generations,
        configs: ImageConfigs,
        scan: Callable[[ImageKey], Awaitable[bool]],
        sources: Sequence[Source],
        watch: Watching,
        clock: Callable[[], datetime],
        pace: RematchPace | None = None,
    ) -> None:
        """`scan` looks at an image of which a layer has to be read anew; `sources` are who suppresses findings."""
        self._units = units
        self._generations = generations
        self._configs = configs
        self._scan = scan
        self._sources = sources
        self._watch = watch(rematches.next_due)
        self._clock = clock
        self._pace = pace or RematchPace()
        self._thread = ThreadPoolExecutor(1, "rematch")
        self._memory = Memory()
        self._layers = KeptLayers()
        self._recurring = Recurring()
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
        """Batch by batch: while one is matched another one is committed."""
        loop = asyncio.get_running_loop()
        while loop.time() < end and await self._units.read(rematches.are_due, self._clock()):
            now, holder = self._clock(), secrets.token_hex(8)
            held = await self._units.write(rematches.claim, holder, now, now + self._pace.hold, self._pace.together)
            results = await asyncio.gather(*(self._whole(each) for each in held), return_exceptions=True)
            for each, result in zip(held, results, strict=True):
                if isinstance(result, BaseException):
                    await self._later(each, result)

    async def _whole(self, held: Held) -> None:
        """One image, to its end."""
        image = ImageKey(held.repository_id, held.digest)
        task = await self._units.read(enhanced_work.read, image)
        if task is None or task.scan.status != ACTIVE:
            await self._units.write(rematches.done, held)
            return
        facts = await self._configs.facts(task.content)
        matched = await asyncio.get_running_loop().run_in_executor(self._thread, self.match, task, facts)
        if matched is None:
            await self._scan(image)
            self._done += await self._units.write(rematches.done, held)
        else:
            self._done += await self._units.write(self._kept, held, matched, self._clock())

    async def _later(self, held: Held, fault: BaseException) -> None:
        """Each time later than the last; nothing that goes wrong with an image concerns others, and none is lost."""
        if not isinstance(fault, Exception):
            raise fault
        log.error("image not matched", exc_info=fault, digest=held.digest, tries=held.tries)
        pause = min(timedelta(seconds=2 ** min(held.tries, _MOST_DOUBLINGS)), _LONGEST_PAUSE)
        await self._units.write(rematches.put_back, held, self._clock() + pause)

    def match(self, task: Task, facts: Facts) -> Matched | None:
        """What is found by the generation that counts now, in a thread of its own; None where a layer's inventory is
        not kept. Nothing is written.
        """
        layers = self._inventories(task)
        if layers is None:
            return None
        image = merge(layers)
        with self._generations.reading() as file:
            if file is None:
                raise LookupError("nothing is known of vulnerabilities any more")
            known = Remembering(file, self._memory)
            analysis = enhanced_analysis.analysed(image, known, facts, self._clock(), self._recurring.found_in)
            needed = self._units.database.read(lambda tx: enhanced_work.advisories(tx, task, analysis))
            texts = enhanced_analysis.texts(known, needed)
        return Matched(task, replace(analysis, generation=file.generation), texts)

    def _inventories(self, task: Task) -> Sequence[tuple[str, Layer]] | None:
        """Those of the layers, the lowest first."""
        blobs = {each.blob.id: each.blob for each in task.content.layers if each.blob is not None}
        lacking = [blobs[each] for each in self._layers.lacking(blobs)]
        brought = self._units.database.read(lambda tx: inventories.find(tx, lacking, VERSION)) if lacking else {}
        found = self._layers.of(blobs, brought)
        named = [(each.descriptor.digest, each.blob) for each in task.content.layers]
        if any(blob is None or blob.id not in found for _, blob in named):
            return None
        return [(str(digest), found[blob.id]) for digest, blob in named if blob is not None]

    def _kept(self, tx: Transaction, held: Held, matched: Matched, at: datetime) -> bool:
        """All of it or nothing: False when the image was lost, or is to be matched once more."""
        if not rematches.done(tx, held):
            return False
        return enhanced_work.keep(tx, matched.task, matched.analysis, matched.texts, at, self._sources) is not None

    async def _pause(self) -> float:
        due = await self._units.read(rematches.next_due)
        if due is None:
            return _LONGEST_WAIT_SECONDS
        return min(max(due / 1_000_000 - self._clock().timestamp(), 0.0), _LONGEST_WAIT_SECONDS)
