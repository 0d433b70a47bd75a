"""Another deployment as a destination: what it lacks is asked for, and nothing else is sent; blobs of one image several
at a time, each from where it stands there, its manifests after them, itself last.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

from msgspec import structs

from entrepot.core.peers.bandwidth import Bandwidth
from entrepot.core.peers.calling import Line
from entrepot.core.peers.destinations import Cargo, Loss, Source
from entrepot.core.replication.arriving import Way
from entrepot.core.replication.outcomes import Outcome
from entrepot.errors.peers import PeerUnavailable
from entrepot.spec import peering
from entrepot.spec.digest import Digest
from entrepot.spec.manifest import Manifest
from entrepot.spec.peering import BlobNamed, Done, Lacking, Piece, Prepare, PutImage, Remove

_SMALLEST: Final = 64 * 1024  # bytes of a piece on a line that hardly bears any
_FIRST: Final = 1024 * 1024
_SHORT_SECONDS, _LONG_SECONDS = 0.5, 5.0
_MOST_STILL: Final = 5  # answers in a row after which a blob has come no further


@dataclass(slots=True)
class Pace:
    """How large pieces are: on a line that bears them larger ones, after a fault smaller ones."""

    size: int = _FIRST

    def well(self, seconds: float) -> None:
        """A piece has arrived, after so long."""
        if seconds < _SHORT_SECONDS:
            self.size = min(self.size * 2, peering.LARGEST_PIECE)
        elif seconds > _LONG_SECONDS:
            self.size = max(self.size // 2, _SMALLEST)

    def ill(self) -> None:
        """One has not."""
        self.size = max(self.size // 4, _SMALLEST)


@dataclass(frozen=True, slots=True)
class Deployment:
    """Calls of replication over one line; `slots` bounds the blobs on their way to it, `pace` is what it has borne."""

    line: Line
    bandwidth: Bandwidth
    slots: asyncio.Semaphore
    pace: Pace = field(default_factory=Pace)

    async def bring(self, cargo: Cargo, source: Source) -> Outcome:
        """As Elsewhere says."""
        way, order = _told(cargo.way, cargo.looked_at, cargo.digest, cargo.tag), cargo.order
        if len(order) > 1:
            asked = Prepare(way, tuple(order[:-1]))
            lacking = set((await self.line.call("prepare", asked, Lacking)).manifests)
            order = [*(each for each in order[:-1] if each in lacking), order[-1]]
        done = Done("COMPLETE")
        for digest in order:
            stored = await source.manifest(cargo.way, digest)
            manifest = await asyncio.to_thread(Manifest.parse, stored.body, stored.media_type)
            await self._bring_blobs(cargo.way, way, manifest, source)
            is_last = digest == cargo.digest
            tag = cargo.tag if is_last else ""
            image = PutImage(way, digest, stored.media_type, stored.body, is_last, tag)
            done = await self.line.call("image", image, Done)
        return Outcome(done.status, done.code, done.reason)

    async def take_away(self, loss: Loss, source: Source) -> Outcome:
        """As Elsewhere says: a tag that is on another image there goes where that image is the source's too."""
        way = _told(loss.way, loss.looked_at, loss.digest, loss.tag, deletes=True)
        call = Remove(way, loss.digest, loss.tag, loss.is_deleted, loss.has_tag)
        done = await self.line.call("remove", call, Done)
        if done.pointed:
            is_ours = await source.knows(loss.way, done.pointed)
            known = structs.replace(call, pointed=done.pointed) if is_ours else structs.replace(call, has_tag=True)
            done = await self.line.call("remove", known, Done)
        return Outcome(done.status, done.code, done.reason)

    async def _bring_blobs(self, way: Way, told: peering.Way, manifest: Manifest, source: Source) -> None:
        needed = {each.digest: each.size for each in manifest.required_blobs}
        named = tuple(BlobNamed(digest, size) for digest, size in sorted(needed.items()))
        lacking = await self.line.call("prepare", Prepare(told, (), named), Lacking)
        if not {each.digest for each in lacking.blobs} <= set(needed):
            raise PeerUnavailable(name=self.line.peer.name, reason="it asks for what it was not offered")
        try:
            async with asyncio.TaskGroup() as group:
                for each in lacking.blobs:
                    group.create_task(self._send(way, told, Digest(each.digest), each.size, source))
        except ExceptionGroup as faults:  # the others ended with the first
            raise faults.exceptions[0] from None

    async def _send(self, way: Way, told: peering.Way, digest: Digest, offset: int, source: Source) -> None:
        async with self.slots:
            size, begin = await source.begin(way, digest, self._most)
            still = 0
            while True:
                reached = await self._send_from(told, digest, size, offset, begin(offset))
                if reached >= size:
                    return
                still = still + 1 if reached <= offset else 0
                if still >= _MOST_STILL:
                    raise PeerUnavailable(name=self.line.peer.name, reason=f"{digest} comes no further than {reached}")
                offset = reached

    async def _send_from(
        self, told: peering.Way, digest: Digest, size: int, offset: int, pieces: AsyncIterator[bytes]
    ) -> int:
        """Send pieces until one of them belongs elsewhere; where the blob stands there."""
        try:
            async for data in pieces:
                await self.bandwidth.pass_(len(data))
                began = monotonic()
                taken = await self.line.piece(Piece(told, digest, size, offset), data)
                self.pace.well(monotonic() - began)
                offset += len(data)
                if taken.offset != offset:
                    return taken.offset
        except PeerUnavailable:
            self.pace.ill()
            raise
        return offset

    def _most(self) -> int:
        return min(self.pace.size, self.bandwidth.piece)


def _told(way: Way, looked_at: int, digest: Digest, tag: str, *, deletes: bool = False) -> peering.Way:
    source, destination = way.source, way.destination
    return peering.Way(
        source.registry.account,
        source.registry.region,
        destination.account,
        destination.region,
        source.name,
        way.request_id,
        looked_at,
        digest,
        tag,
        deletes,
    )
