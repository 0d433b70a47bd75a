"""How many bytes a second go elsewhere, of all transfers of a process together."""

import asyncio
from time import monotonic
from typing import Final

_BURST_SECONDS: Final = 0.25


class Bandwidth:
    """Lets so many bytes a second pass; 0 is no limit."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._free_at = 0.0

    @property
    def piece(self) -> int:
        """How many bytes may be asked for at once, so that others have their turn."""
        return max(int(self.rate * _BURST_SECONDS), 16 * 1024) if self.rate else 8 * 1024 * 1024

    async def pass_(self, count: int) -> None:
        """Wait until so many bytes may go; who came first goes first."""
        if not self.rate:
            return
        now = monotonic()
        begins = max(self._free_at, now)
        self._free_at = begins + count / self.rate
        if begins > now:
            await asyncio.sleep(begins - now)
