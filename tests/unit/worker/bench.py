"""Job loops over one real database, in the test's own event loop, and what can be seen and broken from outside."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from entrepot.core import leases
from entrepot.core.leases import Lease
from entrepot.core.units import Units
from entrepot.db.sqlite import SqliteDatabase, connect
from entrepot.worker.loop import Loop
from entrepot.worker.schedule import Task
from tests.factories.databases import sqlite_database
from tests.factories.threads import SECONDS

SHORT = timedelta(milliseconds=300)
ONE_RUN = timedelta(0)  # a lease for each run


def now() -> datetime:
    """The machine's time."""
    return datetime.now(UTC)


class Bench:
    """One database; `loop` runs a loop beside the test and stops it."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "entrepot.db"
        self.database: SqliteDatabase = sqlite_database(directory)
        self.readers = ThreadPoolExecutor(1, "reader")
        self.units = Units(self.database, self.readers)

    def close(self) -> None:
        """Close everything; jobs must have ended."""
        self.readers.shutdown()
        self.database.close()

    @asynccontextmanager
    async def loop(
        self, *tasks: Task, lease: timedelta = SHORT, turn: timedelta = ONE_RUN
    ) -> AsyncIterator["asyncio.Task[None]"]:
        """A loop that works these tasks until the block ends."""
        stop = asyncio.Event()
        running = asyncio.create_task(Loop(self.units, tasks, now, lease, turn=turn).run(stop))
        try:
            yield running
        finally:
            stop.set()
            await asyncio.wait_for(running, SECONDS)

    def lease(self, name: str) -> Lease:
        """A job's row."""
        return {each.name: each for each in self.database.read(leases.list_all)}[name]

    def execute(self, statement: str, *parameters: object) -> None:
        """One statement of another process."""
        connection = connect(self.path)
        connection.execute(statement, parameters)
        connection.close()

    def hide_leases(self) -> None:
        """From now on every statement about leases fails."""
        self.execute("ALTER TABLE lease RENAME TO hidden")

    def show_leases(self) -> None:
        """Leases can be read and written again."""
        self.execute("ALTER TABLE hidden RENAME TO lease")
