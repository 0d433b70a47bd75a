"""Ids of events and audit records: UUIDs that are the same each time a request tells something, and say when it did.

RFC 9562, version 8: the first 48 bits are milliseconds since the epoch, as in version 7; the rest is a hash.
"""

import hashlib
import uuid

_VERSION = 8 << 76
_VARIANT = 2 << 62
_HASHED = ~(0xFFFF_FFFF_FFFF << 80 | 0xF << 76 | 0x3 << 62)


def event_id(at: int, request_id: str, name: str, ordinal: int = 0) -> str:
    """The id of what the request of this id, which came at so many microseconds, tells under this name."""
    hashed = hashlib.blake2b(f"{request_id}/{name}/{ordinal}".encode(), digest_size=16).hexdigest()
    bits = int(hashed, 16) & _HASHED
    digits = f"{bits | (at // 1000) << 80 | _VERSION | _VARIANT:032x}"  # a UUID of its own would cost twice as much
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def told_at(of: str) -> int | None:
    """The microsecond, to a thousand, that an id says; None for one that `event_id` did not make."""
    try:
        known = uuid.UUID(of)
    except ValueError:
        return None
    return (known.int >> 80) * 1000 if known.version == 8 else None
