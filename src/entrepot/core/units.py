"""How the asynchronous rim runs synchronous units of work: one hop to a thread and back."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Concatenate, ParamSpec, TypeVar

from entrepot.db.database import Database, Transaction
from entrepot.spec.manifest import Manifest

P = ParamSpec("P")
T = TypeVar("T")
_SMALL = 16 * 1024  # bytes of a manifest that are parsed faster than a thread is woken, or nearly so


class Units:
    """Runs core's use cases against the database, off the event loop."""

    def __init__(self, database: Database, readers: Executor) -> None:
        self.database = database
        self._readers = readers

    async def write(self, work: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work(tx, …)`; returns after a durable commit, raises what it raises with nothing changed."""
        return await asyncio.wrap_future(self.database.submit(lambda tx: work(tx, *args, **kwargs)))

    async def note(self, work: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Like `write`, for rows that a power cut may take back (upload sessions: no image depends on them)."""
        return await asyncio.wrap_future(self.database.submit(lambda tx: work(tx, *args, **kwargs), relaxed=True))

    def later(self, work: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> None:
        """Like `note`, for what nobody waits for, and may fail with nobody the wiser (a full disk)."""
        self.database.submit(lambda tx: work(tx, *args, **kwargs), relaxed=True)

    async def read(self, work: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work(tx, …)` over one consistent snapshot."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._readers, lambda: self.database.read(lambda tx: work(tx, *args, **kwargs))
        )

    async def manifest(self, payload: bytes, media_type: str | None) -> Manifest:
        """`Manifest.parse`; a large one off the event loop, which 4 MiB would hold for most of a second."""
        if len(payload) <= _SMALL:
            return Manifest.parse(payload, media_type)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, Manifest.parse, payload, media_type)


class BlockingUnits:
    """The same for code that may block: jobs and commands."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def write(self, work: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work(tx, …)`; returns after a durable commit."""
        return self.queue(work, *args, **kwargs).result()

    def queue(self, work: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """`write` without waiting: units that are queued together share commits."""
        return self.database.submit(lambda tx: work(tx, *args, **kwargs))

    def read(self, work: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work(tx, …)` over one consistent snapshot."""
        return self.database.read(lambda tx: work(tx, *args, **kwargs))
