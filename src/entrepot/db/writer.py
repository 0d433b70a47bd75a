"""One thread that runs units of work in order, many to a commit.

Units queue; a batch runs as savepoints of one transaction and is answered after the shared commit. A unit that fails
is undone alone. Processes take turns by flock on a file of their own, never by SQLite's busy handler, which is unfair.
"""

import contextlib
import fcntl
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, InvalidStateError
from pathlib import Path
from typing import Any, Protocol

_MOST_UNITS = 256
_LONGEST_BATCH = 0.005


class BatchUndone(Exception):
    """The engine has ended the whole transaction, not the unit that failed alone; the cause says why."""


class _SessionLost(Exception):
    """A session cannot be used any more; its batch has been told."""


@contextlib.contextmanager
def turn_of(turns: Path) -> Iterator[int]:
    """A descriptor to take turns with by flock, as each process's writer does."""
    descriptor = os.open(turns, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


class Session(Protocol):
    """What the writer needs of a database connection."""

    def begin(self, *, relaxed: bool) -> None:
        """Start a transaction; `relaxed` commits need not be synced."""

    def savepoint(self, work: Callable[[Any], Any]) -> Any:
        """Run a unit, undoing it alone when it raises: BatchUndone when it cannot be."""

    def commit(self) -> None:
        """Make the batch durable, or raise what every unit of it is told."""

    def rollback(self) -> None:
        """Undo the batch."""

    def close(self) -> None:
        """Release the connection."""


class _Unit:
    __slots__ = ("future", "relaxed", "remedied", "started", "work")

    def __init__(self, work: Callable[[Any], Any], *, relaxed: bool) -> None:
        self.work = work
        self.relaxed = relaxed
        self.started = False
        self.remedied = False
        self.future: Future[Any] = Future()


class Writer:
    """Owns the process's one writing connection; started by the first unit, so that a parent may fork before."""

    def __init__(
        self,
        connect: Callable[[], Session],
        turns: Path,
        remedy: Callable[[BaseException], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`remedy` is told why a batch failed; when it has done something, a unit runs once more, and only once."""
        self._connect = connect
        self._remedy = remedy
        self._clock = clock
        self._turns = turns
        self._queue: deque[_Unit] = deque()
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closing = False

    def submit(self, work: Callable[[Any], Any], *, relaxed: bool) -> Future[Any]:
        """Queue a unit; its future completes after the commit that it is part of."""
        unit = _Unit(work, relaxed=relaxed)
        with self._wake:
            if self._closing:
                raise RuntimeError("the database is closed")
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="sqlite-writer", daemon=True)
                self._thread.start()
            self._queue.append(unit)
            self._wake.notify()
        return unit.future

    def close(self) -> None:
        """Run what is queued, then stop."""
        with self._wake:
            self._closing = True
            self._wake.notify()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        """Batches until the end; a session that fails beyond its batch is replaced by another."""
        while self._wait():
            try:
                self._run_session()
            except _SessionLost:
                continue  # those who came meanwhile have lost nothing
            except BaseException as error:  # noqa: BLE001 - those who wait are told, and the next unit tries again
                for unit in self._take(len(self._queue)):
                    _failing(unit, error)()

    def _run_session(self) -> None:
        with contextlib.ExitStack() as held:
            turn = held.enter_context(turn_of(self._turns))
            session = self._connect()
            held.callback(session.close)
            while self._wait():
                fcntl.flock(turn, fcntl.LOCK_EX)
                try:
                    answers = self._batch(session)
                finally:
                    fcntl.flock(turn, fcntl.LOCK_UN)
                for answer in answers:
                    answer()

    def _wait(self) -> bool:
        with self._wake:
            while not self._queue and not self._closing:
                self._wake.wait()
            return bool(self._queue)

    def _batch(self, session: Session) -> list[Callable[[], None]]:
        """Run one batch; returns the answers, to be given after the turn is over."""
        units = self._take(_MOST_UNITS)
        done: list[Callable[[], None]] = []
        try:
            session.begin(relaxed=all(unit.relaxed for unit in units))
            until = self._clock() + _LONGEST_BATCH
            for unit in units:
                done.append(self._one(session, unit))
                if self._clock() > until:
                    break
            session.commit()
        except BaseException as error:  # noqa: BLE001 - every unit of the batch is told, and the next batch runs
            fault = error.__cause__ if isinstance(error, BatchUndone) and error.__cause__ else error
            try:
                session.rollback()
            except BaseException as lost:
                for unit in units:
                    _failing(unit, fault)()
                raise _SessionLost from lost
            again = self._remedied(units, fault)
            self._put_back(again)
            return [_failing(unit, fault) for unit in units if unit not in again]
        self._put_back(units[len(done) :])
        return done

    def _remedied(self, units: list[_Unit], fault: BaseException) -> list[_Unit]:
        """Those that may run once more because something was done about the fault."""
        first = [unit for unit in units if not unit.remedied]
        if not first or not self._remedy(fault):
            return []
        for unit in first:
            unit.remedied = True
        return first

    def _put_back(self, units: list[_Unit]) -> None:
        with self._wake:
            self._queue.extendleft(reversed(units))

    def _take(self, most: int) -> list[_Unit]:
        with self._wake:
            return [self._queue.popleft() for _ in range(min(len(self._queue), most))]

    def _one(self, session: Session, unit: _Unit) -> Callable[[], None]:
        if not unit.started and not unit.future.set_running_or_notify_cancel():
            return lambda: None
        unit.started = True
        try:
            result = session.savepoint(unit.work)
        except BatchUndone:
            raise
        except BaseException as error:  # noqa: BLE001 - it is the future's
            return _failing(unit, error)
        return lambda: unit.future.set_result(result)


def _failing(unit: _Unit, error: BaseException) -> Callable[[], None]:
    def tell() -> None:
        with contextlib.suppress(InvalidStateError):  # told already, or cancelled just now
            unit.future.set_exception(error)

    return tell
