"""ULIDs: 26 characters, sortable by the millisecond they were made in, never reused (github.com/ulid/spec)."""

import secrets
import time

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RANDOM_BITS = 80


def new_ulid() -> str:
    """A fresh ULID."""
    value = (time.time_ns() // 1_000_000) << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
    return "".join(_ALPHABET[value >> shift & 31] for shift in range(125, -1, -5))
