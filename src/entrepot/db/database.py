"""The seam between core and SQL: a database runs units of work, each in one transaction.

Implementations: db/sqlite.py (one writer thread a process, group commit) and db/postgresql.py (a pool of sessions).
A unit of work is a plain function of a `Transaction`; it does no file or network I/O and may run again after a lost
connection, so ids are made before it.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, Protocol, TypeVar

from sqlalchemy import Executable

T = TypeVar("T")
Row = Any  # a named tuple of the selected columns


class Conflict(Exception):
    """A unique or foreign key does not hold; the unit that met it may go on only on engines that keep it alive."""


class DatabaseUnavailable(Exception):
    """The database does not answer; the message is the driver's."""


class Reader(Protocol):
    """One consistent state; statements are SQLAlchemy Core, parameters are named."""

    def one(self, statement: Executable, **parameters: object) -> Row | None:
        """The first row, or None."""

    def all(self, statement: Executable, **parameters: object) -> Sequence[Row]:
        """Every row."""


class Transaction(Reader, Protocol):
    """One open transaction."""

    def run(self, statement: Executable, **parameters: object) -> int:
        """Execute a statement that changes rows; the number of rows changed."""

    def run_many(self, statement: Executable, rows: Sequence[Mapping[str, object]]) -> None:
        """Execute a statement that changes rows for each of these parameters."""


def number_of(tx: Reader, statement: Executable, **parameters: object) -> int:
    """The one number that is asked for; 0 without a row."""
    row = tx.one(statement, **parameters)
    return 0 if row is None else int(row[0])


class Database(Protocol):
    """Where units of work run. Both methods may be called from any thread."""

    def submit(self, work: Callable[[Transaction], T], *, relaxed: bool = False) -> Future[T]:
        """Run `work` in a write transaction; the future completes after a durable commit.

        A unit that raises is undone alone, and its error is the future's. `relaxed`: the commit may be lost with the
        machine's power (upload sessions: no acknowledged image depends on them), never its order.
        """

    def read(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in one consistent read-only transaction, in the calling thread."""

    def check(self) -> Sequence[str]:
        """What is wrong with the database itself; empty when nothing is."""

    def close(self) -> None:
        """Finish the queued units, then release every connection."""
