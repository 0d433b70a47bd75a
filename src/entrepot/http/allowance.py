"""How often an address may ask without credentials (`buckets`): an IPv6 network of 64 bits counts as one."""

import hashlib
import ipaddress
import math
import secrets
import time
from collections.abc import Callable
from functools import lru_cache

from entrepot.errors import RateExceeded
from entrepot.http.buckets import Buckets, Rate

_NUMBER = 8  # bytes
_IPV6_NETWORK = 64  # bits: what one customer has


class Allowance:
    """So many requests a second for each address, after a burst; a rate of 0 allows everything.

    Made before processes are forked.
    """

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = Rate(rate, burst) if rate else None
        self._buckets = Buckets(clock)
        self._number = lru_cache(maxsize=4096)(_numbering(secrets.token_bytes(16)))

    def take(self, address: str) -> float:
        """Count one request: 0 when it may be answered, else the seconds until the next one may be."""
        return self._buckets.take(self._number(address), self._rate) if self._rate else 0.0

    def require(self, address: str) -> None:
        """`take`, or RateExceeded."""
        wait = self.take(address)
        if wait:
            raise RateExceeded(seconds=math.ceil(wait))


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
