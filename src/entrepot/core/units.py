"""How the asynchronous rim runs synchronous units of work: one hop to a thread and back."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Concatenate, ParamSpec, TypeVar

from entrepot.db.database import Database, Transaction

P = ParamSpec("P")
T = TypeVar("T")


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

    async def read(self, work: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work(tx, …)` over one consistent snapshot."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._readers, lambda: self.database.read(lambda tx: work(tx, *args, **kwargs))
        )
