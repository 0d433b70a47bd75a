"""The program whose system calls are recorded: pushes, deletes, checkpoints and collections over a data directory.

It says on standard output what it begins and what is acknowledged, a line each, and ends without closing anything.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

from entrepot.core import deletion, images
from entrepot.core.collection import Collector, Periods
from entrepot.core.hot import Hot
from entrepot.core.images import OCI_RULES
from entrepot.core.transfers import TransferLimits, Transfers
from entrepot.core.units import Units
from entrepot.db.sqlite import SqliteDatabase
from entrepot.spec.digest import Digest
from entrepot.spec.reference import Tag
from entrepot.store.filesystem import Filesystem
from tests.factories.callers import EPOCH, caller, image_manifest, repository

REPOSITORY = "crashed/one"
DATABASE = "entrepot.db"
STORE = "main"
IMAGES = 4
GRACE = timedelta(seconds=10)
_SHARED = b"a layer of every image"


class Program:
    """One worker's core and one collector over `root`."""

    def __init__(self, root: Path) -> None:
        self._database = SqliteDatabase(root / DATABASE)
        store = Filesystem(root)
        threads = ThreadPoolExecutor(2)
        self._units = Units(self._database, threads)
        self._transfers = Transfers(
            self._units,
            Hot(self._database.snapshot(), asyncio.get_running_loop().call_soon),
            store,
            store_name=STORE,
            syncing=threads,
            boot_id="boot",
            limits=TransferLimits(1 << 30, 0),
        )
        self._collector = Collector(self._database, store, STORE, Periods(GRACE, GRACE))
        self._key = repository(REPOSITORY)

    async def run(self) -> None:
        """Everything, in an order that puts checkpoints and collections between pushes."""
        for number in range(IMAGES):
            await self._push(number)
            if number % 2:
                await self._delete(number - 1)
            if number in (0, 2):
                await asyncio.to_thread(self._database.checkpoint)
            if number == 2:
                await self._collect()

    async def _push(self, number: int) -> None:
        """Config by a session, layers in one request each, then the manifest."""
        config, layer = b'{"number":%d}' % number, b"layer %d " % number * 900
        manifest = image_manifest([layer, _SHARED], config)
        tell("pushing", f"t{number}", manifest.digest)
        upload = await self._transfers.start(caller(), self._key)
        await self._transfers.append(caller(), self._key, upload.id, chunks(config[:4]), 0)
        await self._transfers.complete(caller(), self._key, upload.id, Digest.of(config), chunks(config[4:]))
        for data in (layer, _SHARED):
            await self._transfers.put_blob(caller(), self._key, Digest.of(data), chunks(data))
        await self._units.write(images.put, caller(), self._key, Tag(f"t{number}"), manifest, OCI_RULES)
        tell("pushed", f"t{number}", manifest.digest)

    async def _delete(self, number: int) -> None:
        tell("deleting", f"t{number}")
        await self._units.write(deletion.delete, caller(), self._key, Tag(f"t{number}"))
        tell("deleted", f"t{number}")

    async def _collect(self) -> None:
        """Until what was deleted is gone: condemned, unlinked and released, its bytes removed."""
        freed = 0
        for hours in range(1, 5):
            freed += (await asyncio.to_thread(self._collector.run, EPOCH + timedelta(hours=hours))).removed_blobs
        assert freed, "nothing was collected"


async def chunks(data: bytes) -> AsyncIterator[bytes]:
    yield data


def tell(*words: str) -> None:
    """One line, in one system call."""
    os.write(1, " ".join(words).encode() + b"\n")


async def main() -> None:
    """Run the program over the directory that is its argument."""
    await Program(Path(sys.argv[1])).run()
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main())
