"""Blobs on their way from upstreams: each is fetched once, whoever waits for it, and goes on when who asked goes away.

What arrives passes through core/transfers.py as what is pushed does: hashed, made durable, then held by a row. A fetch
belongs to the process; over processes and nodes core/pull_through/claims.py has one bring what others wait for.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

from entrepot.core.access import Caller
from entrepot.core.pull_through.claims import Claims
from entrepot.core.pull_through.sources import Source
from entrepot.core.pull_through.window import Window
from entrepot.core.reads import Reads
from entrepot.core.transfers import Transfers
from entrepot.errors import Fact
from entrepot.spec.digest import Digest
from entrepot.spec.repository import RepositoryKey

_AT_ONCE = 16
_PIECE = 256 * 1024
_FIRST_SECONDS = 5.0
Acting = Callable[[], Caller]


class Flight:
    """One blob on its way; `size` is what its manifest says."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.window = Window(size)
        self.task: asyncio.Task[None] | None = None

    async def landed(self) -> None:
        """Returns when the blob is stored, and raises what prevents it; others wait on when this waiter goes."""
        if self.task is not None:
            await asyncio.shield(self.task)

    @property
    def is_over(self) -> bool:
        """Whether there is nothing more to wait for."""
        return self.task is None or self.task.done()


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
        flight = self._flying[key, digest] = Flight(size)
        flight.task = asyncio.create_task(self._bring(flight, acting, key, digest, source))
        flight.task.add_done_callback(lambda task: self._over(key, digest, task))
        return flight

    async def begun(self, flight: Flight, seconds: float = _FIRST_SECONDS) -> None:
        """Returns when something has come, or takes long to come; raises what went wrong before that."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not flight.is_over and not flight.window.has_begun:
                    await self._either(flight.window.changed, flight)
        if flight.is_over:
            await flight.landed()

    async def pieces(self, flight: Flight, acting: Acting, key: RepositoryKey, digest: Digest) -> AsyncIterator[bytes]:
        """All of the blob, as it comes: what prevents it is raised before the last of it was handed out."""
        at = 0
        while not flight.is_over:
            changed = flight.window.changed
            piece = flight.window.read(at)
            if piece:
                at += len(piece)
                yield piece
            elif flight.window.is_behind(at):
                break
            else:
                await self._either(changed, flight)
        await flight.landed()
        async for piece in self._stored(acting, key, digest, at):
            yield piece

    async def close(self) -> None:
        """End every fetch; what had come of it is dropped."""
        tasks = [flight.task for flight in self._flying.values() if flight.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _stored(self, acting: Acting, key: RepositoryKey, digest: Digest, at: int) -> AsyncIterator[bytes]:
        _, file = await self._reads.open_blob(acting(), key, digest)
        with file:
            file.seek(at)
            while piece := await asyncio.to_thread(file.read, _PIECE):
                yield piece

    async def _either(self, changed: asyncio.Event, flight: Flight) -> None:
        """Until there is more to see, or nothing more to wait for."""
        if flight.task is None:
            return
        waiting = asyncio.create_task(changed.wait())
        try:
            await asyncio.wait((waiting, flight.task), return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()

    async def _bring(self, flight: Flight, acting: Acting, key: RepositoryKey, digest: Digest, source: Source) -> None:
        name = f"{key.arn} {digest}"
        async with self._turn, self._claims.held(name, lambda: self._is_here(acting, key, digest)) as alone:
            if alone:
                chunks = flight.window.passing(source.blob(digest, flight.size))
                await self._transfers.put_blob(acting(), key, digest, chunks)

    def _is_here(self, acting: Acting, key: RepositoryKey, digest: Digest) -> bool:
        return self._reads.holds(acting(), key, digest)

    def _over(self, key: RepositoryKey, digest: Digest, task: "asyncio.Task[None]") -> None:
        self._flying.pop((key, digest), None)
        with suppress(asyncio.CancelledError, Fact):
            task.result()  # whoever waits is told; of others nobody asks
