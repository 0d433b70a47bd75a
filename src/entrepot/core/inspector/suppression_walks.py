"""Deciding anew on the findings of a registry after its filters have changed (db/inspector_suppressing.py).

The change itself notes, in its own unit, that it is to be done. The call that made it goes over the first images before
it is answered; the worker does the rest, and whatever a killed process has left.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from entrepot.core.inspector import intelligence
from entrepot.core.scanning import enhanced_work, suppressions
from entrepot.core.scanning.enhanced_changes import redecided
from entrepot.core.scanning.enhanced_events import advisory
from entrepot.core.scanning.enhanced_shown import Texts
from entrepot.core.scanning.suppressions import Source
from entrepot.core.units import Units
from entrepot.core.vulnerabilities.questions import Questions
from entrepot.db import inspector_findings, repositories
from entrepot.db import inspector_suppressing as rows
from entrepot.db.database import Transaction
from entrepot.db.inspector_records import ImageKey
from entrepot.db.inspector_suppressing import Walk
from entrepot.spec.moments import micros
from entrepot.spec.repository import RegistryKey

_AT_ONCE: Final = 100  # images of a call
_A_TURN: Final = 1000  # images of a turn of the job
_BATCH: Final = 100
waiting: Final = rows.first


class SuppressionWalks:
    """Goes over images whose findings are to be decided on anew."""

    def __init__(self, units: Units, known: Questions, sources: Sequence[Source]) -> None:
        self._units = units
        self._known = known
        self._sources = sources

    async def settle(self, registry: RegistryKey, at: datetime, most: int = _AT_ONCE) -> None:
        """Go over the first images of a registry whose filters have changed."""
        walk = await self._units.read(rows.find, registry)
        if walk is not None:
            await self._go(walk, at, most)

    async def run(self, now: datetime) -> dict[str, object]:
        """Go on where somebody has begun; how many images were looked at."""
        walk = await self._units.read(rows.first)
        return {} if walk is None else {"images": await self._go(walk, now, _A_TURN)}

    async def _go(self, walk: Walk, at: datetime, most: int) -> int:
        done = 0
        after = ImageKey(walk.repository_id, walk.digest)
        while done < most:
            batch = await self._units.read(inspector_findings.images, walk.registry, after, min(_BATCH, most - done))
            for image in batch:
                wanted = await self._units.read(_advisories, image, at, self._sources)
                texts = await self._known.ask(intelligence.texts_of, wanted)
                if not await self._units.write(_step, walk, image, at, texts, self._sources):
                    return done
            if not batch:
                await self._units.write(rows.end, walk)
                return done
            done, after = done + len(batch), batch[-1]
        return done


def _advisories(tx: Transaction, image: ImageKey, at: datetime, sources: Sequence[Source]) -> Sequence[str]:
    """Those whose texts the events will be told with."""
    repository = repositories.find_live(tx, image.repository_id)
    if repository is None:
        return ()
    decide = suppressions.of_image(tx, repository, image.digest, sources)
    changed = redecided(inspector_findings.of_image(tx, image), decide, at)
    return sorted({advisory(each) for each in changed})


def _step(
    tx: Transaction,
    walk: Walk,
    image: ImageKey,
    at: datetime,
    texts: Mapping[str, Texts],
    sources: Sequence[Source],
) -> bool:
    """Decide on an image; False when the walk has ended, or was begun anew."""
    now = rows.find(tx, walk.registry)
    if now is None or now.turn != walk.turn:
        return False
    seed = f"{walk.registry.account}/{walk.registry.region}/{walk.turn}/{micros(walk.begun_at)}/{image.digest}"
    enhanced_work.suppress(tx, image, at, seed, texts, sources)
    rows.advance(tx, walk, image.repository_id, image.digest)
    return True
