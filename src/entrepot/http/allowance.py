"""How often an address may ask without credentials: token buckets of a node, in memory that its processes share.

A bucket is one moment, when it will be full again (GCRA), so that a request reads and writes one number. The table is
of a fixed size: an address falls into a row of a few buckets, and there the one that is nearest to full makes room.
Processes take no lock: of two requests that meet in one bucket, one may go uncounted.
"""

import hashlib
import ipaddress
import math
import mmap
import secrets
import time
from collections.abc import Callable
from functools import lru_cache

from entrepot.errors import RateExceeded

_ROWS = 8192
_WIDTH = 8
_NUMBER = 8  # bytes
_ROUNDING = 1e-6  # seconds: sums of moments are not exact
_IPV6_NETWORK = 64  # bits: what one customer has


class Allowance:
    """So many requests a second for each address, after a burst; a rate of 0 allows everything.

    Made before processes are forked.
    """

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval = 1 / rate if rate else 0.0
        self._depth = burst * self._interval + _ROUNDING
        self._clock = clock
        self._owners = memoryview(mmap.mmap(-1, _ROWS * _WIDTH * _NUMBER)).cast("Q")
        self._full_at = memoryview(mmap.mmap(-1, _ROWS * _WIDTH * _NUMBER)).cast("d")
        self._number = lru_cache(maxsize=4096)(_numbering(secrets.token_bytes(16)))

    def take(self, address: str) -> float:
        """Count one request: 0 when it may be answered, else the seconds until the next one may be."""
        if not self._interval:
            return 0.0
        now = self._clock()
        owner = self._number(address)
        place = self._place(owner, now)
        full_at = self._full_at[place] if self._owners[place] == owner else now
        full_at = min(max(full_at, now), now + self._depth) + self._interval
        if full_at - now > self._depth:
            return full_at - now - self._depth
        self._owners[place] = owner
        self._full_at[place] = full_at
        return 0.0

    def require(self, address: str) -> None:
        """`take`, or RateExceeded."""
        wait = self.take(address)
        if wait:
            raise RateExceeded(seconds=math.ceil(wait))

    def _place(self, owner: int, now: float) -> int:
        """The address's bucket, else the one of its row that is full, or will be first."""
        start = owner % _ROWS * _WIDTH
        row = range(start, start + _WIDTH)
        for place in row:
            if self._owners[place] == owner:
                return place
        return min(row, key=lambda place: max(self._full_at[place], now))


def _numbering(key: bytes) -> Callable[[str], int]:
    """Numbers of addresses that nobody can guess, so that nobody can choose whose row to fill; never 0."""

    def number(address: str) -> int:
        digest = hashlib.blake2b(source(address), digest_size=_NUMBER, key=key).digest()
        return int.from_bytes(digest, "big") or 1

    return number


def source(address: str) -> bytes:
    """What is counted together: an IPv4 address, an IPv6 network of 64 bits."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address.encode()
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return parsed.ipv4_mapped.packed
        return parsed.packed[: _IPV6_NETWORK // 8]
    return parsed.packed
