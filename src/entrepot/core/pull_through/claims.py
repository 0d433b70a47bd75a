"""Who brings what from an upstream: one over all processes and nodes, the next one when it falls silent."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta

from entrepot.core.pull_through.known import Known
from entrepot.core.units import Units
from entrepot.db import upstream_fetches as rows
from entrepot.db.database import Transaction
from entrepot.spec.moments import micros

_LASTS = timedelta(seconds=15)
_RENEW_SECONDS = 4.0
LOOK_SECONDS = 0.05  # what is waited for is in another process


class Claims:
    """The claims of one event loop."""

    def __init__(self, units: Units, known: Known, clock: Callable[[], datetime]) -> None:
        self._units = units
        self._known = known
        self._clock = clock

    @asynccontextmanager
    async def held(
        self, name: str, is_done: Callable[[], bool], told: Callable[[str], None] = lambda _: None
    ) -> AsyncIterator[str]:
        """Bring this, alone, under a name that nobody else has; '' where somebody else has done so meanwhile, which
        `is_done` tells. While somebody else is at it, `told` is told of whom.
        """
        holder = str(uuid.uuid4())
        while not await self._units.note(self._claim, name, holder):
            await self._waited(name, told)
            if is_done():
                yield ""
                return
        renewing = asyncio.create_task(self._renew(name, holder))
        try:
            yield "" if is_done() else holder
        finally:
            renewing.cancel()
            with suppress(asyncio.CancelledError):
                await renewing
            self._units.later(rows.release, name, holder)

    def _claim(self, tx: Transaction, name: str, holder: str) -> bool:
        now = self._clock()
        return rows.claim(tx, name, holder, micros(now), micros(now + _LASTS))

    async def _waited(self, name: str, told: Callable[[str], None]) -> None:
        while holder := self._known.fetcher(name, self._clock()):
            told(holder)
            await asyncio.sleep(LOOK_SECONDS)

    async def _renew(self, name: str, holder: str) -> None:
        while True:
            await asyncio.sleep(_RENEW_SECONDS)
            await self._units.note(rows.renew, name, holder, micros(self._clock() + _LASTS))
