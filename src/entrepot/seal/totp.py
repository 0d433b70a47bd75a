"""Time-based one-time passwords (RFC 6238): six digits of HMAC-SHA-1 over steps of 30 seconds."""

import hashlib
import hmac
from datetime import datetime

_STEP_SECONDS = 30
_DIGITS = 6


def step(at: datetime) -> int:
    """The time step of a moment."""
    return int(at.timestamp()) // _STEP_SECONDS


def code(seed: bytes, number: int) -> str:
    """The code of a time step (RFC 4226, "Generating an HOTP value")."""
    mac = hmac.new(seed, number.to_bytes(8, "big"), hashlib.sha1).digest()
    offset = mac[-1] & 15
    value = int.from_bytes(mac[offset : offset + 4], "big") & 0x7FFF_FFFF
    return f"{value % 10**_DIGITS:0{_DIGITS}d}"


def step_of(seed: bytes, given: str, at: datetime, drift: int) -> int | None:
    """The step whose code this is, at most `drift` steps from now; None when it is none's."""
    now, found = step(at), None
    for number in range(now - drift, now + drift + 1):
        if hmac.compare_digest(code(seed, number), given):
            found = number
    return found


def consecutive(seed: bytes, first: str, second: str, at: datetime, drift: int) -> int | None:
    """The later step of two codes that follow each other, at most `drift` steps from now; None when they do not."""
    now = step(at)
    for number in range(now - drift, now + drift + 1):
        fits = hmac.compare_digest(code(seed, number), first)
        if fits & hmac.compare_digest(code(seed, number + 1), second):
            return number + 1
    return None
