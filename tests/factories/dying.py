"""A database whose process dies: after so many more units of work nothing goes through, as after kill -9."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TypeVar

from entrepot.db.database import Database, Transaction

T = TypeVar("T")


class Killed(Exception):
    """The process is gone."""


class DyingDatabase:
    """A database that does so many more writes; of the last one the answer is lost where `unheard`."""

    def __init__(self, database: Database, writes: int, *, unheard: bool) -> None:
        self._database = database
        self._left = writes
        self._unheard = unheard

    def submit(self, work: Callable[[Transaction], T], *, relaxed: bool = False) -> Future[T]:
        """Run a write, or die."""
        self._left -= 1
        if self._left >= 0:
            return self._database.submit(work, relaxed=relaxed)
        if self._left == -1 and self._unheard:
            self._database.submit(work, relaxed=relaxed).exception()
        raise Killed

    def read(self, work: Callable[[Transaction], T]) -> T:
        """Run a read, until it is dead."""
        if self._left < 0:
            raise Killed
        return self._database.read(work)

    def check(self) -> Sequence[str]:
        """What is wrong with the database itself."""
        return self._database.check()

    def close(self) -> None:
        """It is closed by whoever opened it."""
