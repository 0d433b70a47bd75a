"""How a job that waits for rows hears of commits: all jobs of a process share one look at the version of each database,
and after a commit each of them asks one small question of its own, so that what concerns others wakes none.
"""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from entrepot.db.database import Reader
from entrepot.db.snapshot import Snapshot, Watched

LOOK_EVERY_SECONDS = 0.025
_HURRIED = 3  # looks, after which a database that has moved at each of them
_LOOK_AGAIN_SECONDS = 0.05  # is looked at as seldom as this: each commit is a question to everybody who waits
Question = Callable[[Reader], object]
Watching = Callable[[Question], "Watch"]
log = structlog.get_logger()


class Pulse:
    """Looks while somebody waits; for one event loop at a time."""

    def __init__(self) -> None:
        self._eyes: dict[Watched, _Eye] = {}
        self._waiting: set[Watch] = set()
        self._beating: asyncio.Task[None] | None = None

    def watch(self, *looks: tuple[Watched, Question | None]) -> "Watch":
        """What changes with the answers to these questions; without a question, with every commit."""
        return Watch(self, [_Look(self._eye(database), question) for database, question in looks])

    def of(self, database: Watched) -> Watching:
        """What makes a watch of one question to this database."""
        return lambda question: self.watch((database, question))

    def close(self) -> None:
        """Release the connections."""
        for eye in self._eyes.values():
            eye.close()

    def add(self, watch: "Watch") -> None:
        """Look for it, until it is taken away."""
        self._waiting.add(watch)
        if self._beating is None or self._beating.done():
            self._beating = asyncio.create_task(self._beat())
            self._beating.add_done_callback(self._stopped)

    def remove(self, watch: "Watch") -> None:
        """Look for it no more."""
        self._waiting.discard(watch)

    def _eye(self, database: Watched) -> "_Eye":
        return self._eyes.setdefault(database, _Eye(database))

    async def _beat(self) -> None:
        moved = 0
        while self._waiting:
            await asyncio.sleep(LOOK_EVERY_SECONDS if moved < _HURRIED else _LOOK_AGAIN_SECONDS)
            moved += 1
            if not [eye for eye in self._eyes.values() if eye.has_moved()]:
                moved = 0
            else:
                for watch in [each for each in self._waiting if each.differs()]:
                    watch.wake()

    def _stopped(self, beating: "asyncio.Task[None]") -> None:
        """Whoever waits meets the fault that ended it, and says what it means."""
        if not beating.cancelled() and (fault := beating.exception()) is not None:
            log.error("databases not looked at", exc_info=fault)
            for watch in self._waiting:
                watch.wake()


class Watch:
    """Remembers the answers to some questions."""

    def __init__(self, pulse: Pulse, looks: Sequence["_Look"]) -> None:
        self._pulse = pulse
        self._looks = looks
        self._answers: tuple[object, ...] | None = None
        self._woken = False
        self._waiter: asyncio.Future[None] | None = None

    def changed(self) -> bool:
        """Whether an answer is another than when this was asked last; what is committed from here on wakes."""
        before, self._answers, self._woken = self._answers, self._now(), False
        return before != self._answers

    def differs(self) -> bool:
        """The same, without taking note of it."""
        return self._answers != self._now()

    @property
    def answers(self) -> Sequence[object]:
        """What was answered when it was asked last."""
        return self._answers or ()

    def wake(self) -> None:
        """End the wait, or the next one if nobody waits."""
        self._woken = True
        _end(self._waiter)

    async def wait(self, seconds: float) -> None:
        """Until an answer is another than when it was asked last, it is woken, or so many seconds have passed."""
        if self._woken or seconds <= 0 or self.differs():
            return
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        timer = loop.call_later(seconds, _end, self._waiter)
        self._pulse.add(self)
        try:
            await self._waiter
        finally:
            self._pulse.remove(self)
            timer.cancel()
            self._waiter = None

    def _now(self) -> tuple[object, ...]:
        return tuple(look.answer() for look in self._looks)


class _Eye:
    """The connection to one database."""

    def __init__(self, database: Watched) -> None:
        self._database = database
        self._opened: Snapshot | None = None
        self._seen = -1

    @property
    def snapshot(self) -> Snapshot:
        if self._opened is None:
            self._opened = self._database.snapshot()
        return self._opened

    def has_moved(self) -> bool:
        before, self._seen = self._seen, self.snapshot.version()
        return before != self._seen

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()
            self._opened = None


class _Look:
    """One question to one database, which is asked again after a commit only."""

    def __init__(self, eye: _Eye, question: Question | None) -> None:
        self._eye = eye
        self._question = question
        self._version = -1
        self._answer: object = None

    def answer(self) -> object:
        version = self._eye.snapshot.version()  # before the rows, which may be newer
        if version != self._version:
            self._answer = version if self._question is None else self._eye.snapshot.together(self._question)
            self._version = version
        return self._answer


def _end(waiter: asyncio.Future[None] | None) -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)
