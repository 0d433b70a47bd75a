"""Blobs on their way from upstreams: each is fetched once, whoever waits for it, and goes on when who asked goes away.

What arrives passes through core/transfers.py as what is pushed does: hashed, made durable, then held by a row. A fetch
belongs to the process; over processes and nodes core/pull_through/claims.py has one bring what others wait for, who
read its spool meanwhile.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress

from entrepot.core.access import Caller
from entrepot.core.pull_through.claims import Claims
from entrepot.core.pull_through.flight import Flight
from entrepot.core.pull_through.readers import Reader
from entrepot.core.pull_through.sources import Source
from entrepot.core.reads import Reads
from entrepot.core.transfers import Transfers, Watched
from entrepot.errors import BlobBytesMissing, DigestMismatch, Fact, UpstreamImageUnusable
from entrepot.spec.digest import Digest
from entrepot.spec.repository import RepositoryKey

_AT_ONCE = 16
_FIRST_SECONDS = 5.0
Acting = Callable[[], Caller]


class Flights:
    """The fetches of one event loop."""

    def __init__(self, claims: Claims, transfers: Transfers, reads: Reads, at_once: int = _AT_ONCE) -> None:
        self._claims = claims
        self._transfers = transfers
        self._reads = reads
        self._turn = asyncio.Semaphore(at_once)
        self._flying: dict[tuple[RepositoryKey, Digest], Flight] = {}

    def fetch(self, acting: Acting, key: RepositoryKey, digest: Digest, size: int, source: Source) -> Flight:
        """The fetch of a blob into a repository, begun now unless it is under way."""
        known = self._flying.get((key, digest))
        if known is not None:
            return known
        flight = self._flying[key, digest] = Flight(size, source.host)
        bringing = flight.start(self._bring(flight, acting, key, digest, source))
        bringing.add_done_callback(lambda task: self._over(key, digest, task))
        return flight

    async def begun(self, flight: Flight, seconds: float = _FIRST_SECONDS) -> None:
        """Returns when something has come, or takes long to come; raises what went wrong before that."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not flight.is_over and not flight.window.has_begun and not self._has_begun_elsewhere(flight):
                    await flight.moved(flight.window.changed)
        if flight.is_over:
            await flight.landed()

    async def pieces(
        self, flight: Flight, acting: Acting, key: RepositoryKey, digest: Digest
    ) -> AsyncGenerator[bytes, None]:
        """All of the blob, as it comes: what prevents it is raised before the last of it was handed out."""
        with Reader(flight, self._transfers.peek) as reader:
            while not flight.is_over and not reader.has_all:
                changed = flight.window.changed
                if piece := await reader.more():
                    yield piece
                elif not reader.has_all:
                    await flight.moved(changed)
            if reader.has_all:
                return
            await flight.landed()
            _, stored = await self._reads.open_blob(acting(), key, digest)
            async for piece in reader.rest(stored):
                yield piece

    async def close(self) -> None:
        """End every fetch; what had come of it is dropped."""
        tasks = [flight.task for flight in self._flying.values() if flight.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _has_begun_elsewhere(self, flight: Flight) -> bool:
        """Whether another process has anything of it."""
        if flight.own or not flight.elsewhere:
            return False
        try:
            with self._transfers.peek(flight.elsewhere) as spool:
                return spool.read(1) != b""
        except BlobBytesMissing:
            return False

    async def _bring(self, flight: Flight, acting: Acting, key: RepositoryKey, digest: Digest, source: Source) -> None:
        name = f"{key.arn} {digest}"
        held = self._claims.held(name, lambda: self._is_here(acting, key, digest), flight.follow)
        async with self._turn, held as spool:
            if spool:
                flight.begin(spool)
                chunks = flight.window.passing(source.blob(digest, flight.size))
                watched = Watched(spool, flight.window.verified)
                try:
                    await self._transfers.put_blob(acting(), key, digest, chunks, watched)
                except DigestMismatch as wrong:
                    raise UpstreamImageUnusable(url=source.host, reason=wrong) from None

    def _is_here(self, acting: Acting, key: RepositoryKey, digest: Digest) -> bool:
        return self._reads.holds(acting(), key, digest)

    def _over(self, key: RepositoryKey, digest: Digest, task: "asyncio.Task[None]") -> None:
        self._flying.pop((key, digest), None)
        with suppress(asyncio.CancelledError, Fact):
            task.result()  # whoever waits is told; of others nobody asks
