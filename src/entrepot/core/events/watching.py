"""How a job that waits for changes sees them: by the version of each database that it reads, without reading it."""

import asyncio
from collections.abc import Sequence

from entrepot.db.snapshot import Snapshot

LOOK_EVERY_SECONDS = 0.05


class Watch:
    """Remembers the versions of some databases; on one event loop."""

    def __init__(self, snapshots: Sequence[Snapshot]) -> None:
        self._snapshots = snapshots
        self._seen: tuple[int, ...] = ()

    def changed(self) -> bool:
        """Whether anybody has committed anything since it was asked last (3 us a database)."""
        now = tuple(snapshot.version() for snapshot in self._snapshots)
        before, self._seen = self._seen, now
        return now != before

    async def wait(self, seconds: float, also: asyncio.Event | None = None) -> None:
        """Until something has changed, `also` is set, or so many seconds have passed."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while not self.changed() and (left := end - loop.time()) > 0:
            if also is None:
                await asyncio.sleep(min(left, LOOK_EVERY_SECONDS))
            elif await _set_within(also, min(left, LOOK_EVERY_SECONDS)):
                return

    def close(self) -> None:
        """Release the connections."""
        for snapshot in self._snapshots:
            snapshot.close()


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
