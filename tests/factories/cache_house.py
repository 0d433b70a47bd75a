"""The pull-through cache over a real database, a real store and real requests, with a clock that a test moves: as many
processes over the same data as it wants, all on one event loop. Owns no assertions.
"""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from entrepot.core.access import Caller
from entrepot.core.encryption.sealing import Sealing
from entrepot.core.hot import Hot
from entrepot.core.pull_through import rules
from entrepot.core.pull_through.cache import Cache
from entrepot.core.pull_through.listing import Listing
from entrepot.core.pull_through.rules import RuleDraft, Terms
from entrepot.core.pull_through.seam import ArrivingBlob
from entrepot.core.reads import Reads
from entrepot.core.transfers import TransferLimits, Transfers
from entrepot.core.units import Units
from entrepot.outbound import Destinations, Outbound
from entrepot.spec.digest import Digest
from entrepot.spec.reference import Reference
from entrepot.spec.repository import RepositoryKey
from entrepot.store.filesystem import Filesystem
from tests.factories import pull_through_cases
from tests.factories.callers import caller, registry, repository
from tests.factories.core_database import CoreDatabase
from tests.factories.key_cases import VAULT
from tests.factories.pull_through_cases import Asking

_LARGEST = 1 << 30


class Clock:
    """Stands where it is set."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        """On, by as much as `timedelta` takes."""
        self.now += timedelta(**by)


class House:
    """Data with a rule `hub` for one upstream at `host`, which is spoken to without TLS."""

    def __init__(self, directory: Path, host: str) -> None:
        self.core = CoreDatabase(directory)
        self.store = Filesystem(directory)
        self.store.prepare()
        self.clock = Clock()
        self.directory = directory
        self._allowed = [(host, True)]
        self._pool = ThreadPoolExecutor(4)
        self.core.write(rules.create, Terms(self._allowed, VAULT), registry(), RuleDraft("hub", host))

    def process(self, total_seconds: float = 10) -> "Process":
        """One more process over this data, which waits so long for answers; close it on the event loop that uses it."""
        outbound = Outbound(Destinations(["127.0.0.1"]), total_seconds=total_seconds, most_kept=16)
        asking = Asking(outbound, self.clock, self._allowed)
        return Process(self.core, self.store, self._pool, asking)

    def ttl(self, seconds: int) -> None:
        """How long a tag is taken for what the upstream has."""
        self.core.write(rules.set_ttl, registry(), "hub", seconds)

    def close(self) -> None:
        """Close the database; processes are closed before."""
        self._pool.shutdown()
        self.core.close()


class Process:
    """What one process of the server has of the cache."""

    def __init__(
        self,
        core: CoreDatabase,
        store: Filesystem,
        pool: ThreadPoolExecutor,
        asking: Asking,
    ) -> None:
        self._clock = asking.clock
        self._opened = ExitStack()
        snapshot = core.database.snapshot()
        self._opened.callback(snapshot.close)
        units, hot = Units(core.database, pool), Hot(snapshot)
        sealing = Sealing(hot, units, VAULT)
        reads = Reads(hot, units, store, sealing)
        limits = TransferLimits(_LARGEST, 0)
        transfers = Transfers(
            units, hot, store, store_name="main", syncing=pool, boot_id="boot", limits=limits, sealing=sealing
        )
        made = pull_through_cases.parts(core.database, reads, transfers, hot, units, asking)
        self._opened.callback(made["snapshot"].close)
        self.cache: Cache = made["Cache"]
        self.listing: Listing = made["Listing"]

    def caller(self) -> Caller:
        """The root, asking now."""
        return caller(at=self._clock())

    def key(self, name: str) -> RepositoryKey:
        """A repository of the first account."""
        return repository(name)

    async def manifest(self, name: str, reference: Reference) -> Digest:
        """The digest of what a pull is answered with."""
        _, found = await self.cache.manifest(self.caller(), self.key(name), reference)
        return found.digest

    def is_here(self, name: str, digest: str) -> bool:
        """Whether it is an image of the repository."""
        return self.cache.is_here(self.key(name), Digest(digest))

    async def open(self, name: str, digest: str) -> ArrivingBlob | tuple[Any, Any]:
        """A blob, on its way or here."""
        return await self.cache.open_blob(self.caller(), self.key(name), Digest(digest))

    async def blob(self, name: str, digest: str) -> bytes:
        """All of a blob."""
        found = await self.open(name, digest)
        if isinstance(found, ArrivingBlob):
            return b"".join([piece async for piece in found.pieces])
        with found[1] as file:
            content: bytes = file.read()
            return content

    async def close(self) -> None:
        """End what is under way."""
        await self.cache.close()
        self._opened.close()
