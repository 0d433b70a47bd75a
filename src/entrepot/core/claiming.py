"""The loop of a job that takes up rows as they become due, a few at a time, each held by one process: it runs for most
of a minute at a time, sleeps until something is due, and writes nothing when nothing is.

No transaction is open while a row is worked on; what is held is due again when its holder falls silent.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

import structlog

from entrepot.core.pulse import Question, Watching
from entrepot.db.database import Reader
from entrepot.spec.moments import micros

_LONGEST_WAIT_SECONDS = 5.0
_LEAST_WAIT_SECONDS = 0.05
_SIGNS = 3  # of life, in the time for which a row is held
_MICROSECONDS = 1_000_000
T = TypeVar("T")
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Pace:
    """How many rows are worked on at once, how long one is held between signs of life, how long a turn lasts, and after
    how many of them nothing more is taken up where what was begun still runs.
    """

    at_once: int = 2
    hold: timedelta = timedelta(seconds=60)
    turn: timedelta = timedelta(seconds=50)
    most_turns: int = 10


class Claiming:
    """What one job of this process has taken up."""

    def __init__(
        self,
        pace: Pace,
        watch: Watching,
        clock: Callable[[], datetime],
        next_due: Question,
        take: Callable[[int], Awaitable[Sequence[Coroutine[Any, Any, None]]]],
    ) -> None:
        """`next_due` asks when the next row may be taken up (a moment, or None); `take` claims no more than so many and
        gives what sees each of them to its end.
        """
        self._pace = pace
        self._clock = clock
        self._take = take
        self._watch = watch(next_due)
        self._running: set[asyncio.Task[None]] = set()

    async def turn(self, look: Callable[[], Awaitable[None]] | None = None) -> None:
        """Work for a turn, and to the end of what was begun in it; `look` is done in each round."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self._pace.turn.total_seconds()
        last = end + self._pace.most_turns * self._pace.turn.total_seconds()  # others need not wait for one row
        try:
            while loop.time() < end or self._running:
                self._watch.changed()  # what is committed from here on wakes
                if look is not None:
                    await look()
                left = (last if self._running else end) - loop.time()
                if left > 0 and self._is_due():
                    await self._begin()
                await self._watch.wait(self._pause(left))
        finally:
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)

    async def exhaust(self) -> None:
        """Work on what is due, until nothing is any more."""
        while await self._begin():
            await asyncio.gather(*self._running, return_exceptions=True)

    async def held(self, work: Awaitable[T], renew: Callable[[datetime], Awaitable[bool]]) -> T:
        """The outcome of `work`; meanwhile `renew` holds the row until the moment that it is given, for as long as it
        says that the row is still this process's.
        """
        holding = asyncio.create_task(self._hold(renew))
        try:
            return await work
        finally:
            holding.cancel()
            await asyncio.gather(holding, return_exceptions=True)

    async def _hold(self, renew: Callable[[datetime], Awaitable[bool]]) -> None:
        while True:
            await asyncio.sleep(self._pace.hold.total_seconds() / _SIGNS)
            if not await renew(self._clock() + self._pace.hold):
                return

    async def _begin(self) -> bool:
        """Begin with as many as there is room for; whether any runs."""
        room = self._pace.at_once - len(self._running)
        for work in await self._take(room) if room > 0 else ():
            task = asyncio.create_task(work)
            self._running.add(task)
            task.add_done_callback(self._ended)
        return bool(self._running)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A row that could not be put back or finished is due again by itself."""
        self._running.discard(task)
        if not task.cancelled() and (fault := task.exception()) is not None:
            log.error("let go of", exc_info=fault)
        self._watch.wake()

    def _is_due(self) -> bool:
        (due,) = self._watch.answers
        return isinstance(due, datetime) and due <= self._clock()

    def _pause(self, left: float) -> float:
        """Seconds for which nothing but a commit, or an end, can give work."""
        (due,) = self._watch.answers
        if len(self._running) >= self._pace.at_once or not isinstance(due, datetime):
            wanted = _LONGEST_WAIT_SECONDS
        else:
            wanted = min((micros(due) - micros(self._clock())) / _MICROSECONDS, _LONGEST_WAIT_SECONDS)
        return max(wanted if self._running else min(wanted, left), _LEAST_WAIT_SECONDS)


def soonest(*questions: Callable[[Reader], datetime | None]) -> Question:
    """When the first of several kinds of rows is due."""

    def asked(tx: Reader) -> datetime | None:
        return min((due for each in questions if (due := each(tx)) is not None), default=None)

    return asked
