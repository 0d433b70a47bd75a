"""Transfers over a real database and a real store in a directory: as many workers and boots as a test wants."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from entrepot.core import repositories
from entrepot.core.hot import Hot
from entrepot.core.transfers import TransferLimits, Transfers
from entrepot.core.units import Units
from entrepot.spec.repository import RepositoryKey
from entrepot.store.filesystem import Filesystem
from tests.factories.callers import caller
from tests.factories.databases import sqlite_database

STORE = "local"


class Place:
    """What the workers of one machine share; a public layer may be half as large as the `largest`."""

    def __init__(self, data: Path, largest: int) -> None:
        self.data = data
        self.boot = 0
        self.store = Filesystem(data)
        self.store.prepare()
        self.database = sqlite_database(data)
        self._largest = largest
        self._runner = asyncio.Runner()
        self._pool = ThreadPoolExecutor(2)

    def worker(self) -> Transfers:
        """A worker that remembers nothing yet, of the current boot."""
        return Transfers(
            Units(self.database, self._pool),
            Hot(self.database.snapshot()),
            self.store,
            store_name=STORE,
            syncing=self._pool,
            boot_id=f"boot {self.boot}",
            limits=TransferLimits(self._largest, 0, self._largest // 2),
        )

    def create(self, key: RepositoryKey) -> None:
        """A repository, created by its account's root."""
        draft = repositories.RepositoryDraft()
        creator = caller(key.registry.account)
        self.database.submit(lambda tx: repositories.create(tx, creator, key, draft)).result()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Do one thing on the event loop of all workers."""
        return self._runner.run(work)

    def spool(self, upload: str) -> Path:
        """The file of a session's bytes."""
        return self.data / "uploads" / upload

    def stored(self) -> list[Path]:
        """The files of finished blobs."""
        return [path for path in (self.data / "blobs").rglob("*") if path.is_file()]

    def close(self) -> None:
        self._runner.close()
        self._pool.shutdown()
        self.database.close()


async def arriving(*parts: bytes, lost: bool = False) -> AsyncIterator[bytes]:
    """A body in these parts; `lost`: after which the client goes away."""
    for part in parts:
        yield part
    if lost:
        raise ConnectionResetError("the client went away")
