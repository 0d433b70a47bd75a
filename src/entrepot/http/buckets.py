"""Token buckets of a node, in memory that its processes share.

A bucket is one moment, when it will be full again (GCRA), so that a request reads and writes one number. The table is
of a fixed size: an owner falls into a row of a few buckets, and there the one that is nearest to full makes room.
Processes take no lock: of two requests that meet in one bucket, one may go uncounted.
"""

import mmap
import time
from collections.abc import Callable

_ROWS = 8192
_WIDTH = 8
_NUMBER = 8  # bytes
_ROUNDING = 1e-6  # seconds: sums of moments are not exact


class Rate:
    """So many requests a second, after a burst."""

    __slots__ = ("burst", "depth", "interval", "per_second")

    def __init__(self, per_second: float, burst: float) -> None:
        self.per_second = per_second
        self.burst = burst
        self.interval = 1 / per_second
        self.depth = burst * self.interval + _ROUNDING


class Buckets:
    """One bucket for each owner, a number that is not 0. Made before processes are forked."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._owners = memoryview(mmap.mmap(-1, _ROWS * _WIDTH * _NUMBER)).cast("Q")
        self._full_at = memoryview(mmap.mmap(-1, _ROWS * _WIDTH * _NUMBER)).cast("d")

    def take(self, owner: int, rate: Rate, patience: float = 0.0) -> float:
        """Seconds until a request's turn, 0 where it may be answered now; it is counted unless that is more than
        `patience`, and who is counted has that turn.
        """
        now, owners = self._clock(), self._owners
        place = owner % _ROWS * _WIDTH
        if owners[place] != owner:
            place = self._place(owner, now)
        full_at = self._full_at[place]
        if full_at < now:  # noqa: PLR1730  max() takes four times as long, and every request passes here
            full_at = now
        full_at += rate.interval
        wait = full_at - now - rate.depth
        if wait > patience:
            return min(wait, patience + rate.interval)  # more only where the bucket was filled at another rate
        self._full_at[place] = full_at
        return max(wait, 0.0)

    def _place(self, owner: int, now: float) -> int:
        """The owner's bucket, else the one of its row that is full, or will be first, which is its own from now on."""
        start = owner % _ROWS * _WIDTH
        row = range(start, start + _WIDTH)
        for place in row:
            if self._owners[place] == owner:
                return place
        place = min(row, key=lambda each: max(self._full_at[each], now))
        self._full_at[place] = 0.0
        self._owners[place] = owner
        return place
