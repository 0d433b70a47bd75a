"""Who brings what from an upstream: one over all processes and nodes, the next one when it falls silent."""

import asyncio
import secrets
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
_LOOK_SECONDS = 0.05


class Claims:
    """The claims of one event loop."""

    def __init__(self, units: Units, known: Known, clock: Callable[[], datetime]) -> None:
        self._units = units
        self._known = known
        self._clock = clock

    @asynccontextmanager
    async def held(self, name: str, is_done: Callable[[], bool]) -> AsyncIterator[bool]:
        """Bring this, alone; False where somebody else has done so meanwhile, which `is_done` tells."""
        holder = secrets.token_hex(16)
        while not await self._units.note(self._claim, name, holder):
            await self._waited(name)
            if is_done():
                yield False
                return
        renewing = asyncio.create_task(self._renew(name, holder))
        try:
            yield not is_done()
        finally:
            renewing.cancel()
            with suppress(asyncio.CancelledError):
                await renewing
            self._units.later(rows.release, name, holder)

    def _claim(self, tx: Transaction, name: str, holder: str) -> bool:
        now = self._clock()
        return rows.claim(tx, name, holder, micros(now), micros(now + _LASTS))

    async def _waited(self, name: str) -> None:
        while self._known.is_fetched(name, self._clock()):  # noqa: ASYNC110  what is waited for is in another process
            await asyncio.sleep(_LOOK_SECONDS)

    async def _renew(self, name: str, holder: str) -> None:
        while True:
            await asyncio.sleep(_RENEW_SECONDS)
            await self._units.note(rows.renew, name, holder, micros(self._clock() + _LASTS))
