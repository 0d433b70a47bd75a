"""Marks of paths: numbers of 64 bits by which a layer tells which plain files it has without naming them all.

A layer that has a plain file where a lower one has a folder hides all that lies in the folder; which folders lower
layers have it cannot know, and its files may be a million.
"""

import struct
from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b

_BYTES = 8
_EMPTY = blake2b(digest_size=_BYTES)  # a copy of it costs a fifth of a new one
_REMEMBERED = 65_536


def mark(path: str) -> bytes:
    """The mark of a path, as it is packed."""
    made = _EMPTY.copy()
    made.update(path.encode(errors="surrogatepass"))
    return made.digest()


@lru_cache(maxsize=_REMEMBERED)
def number(path: str) -> int:
    """The mark of a path as `unpacked` gives it; images repeat them."""
    return int.from_bytes(mark(path), "little")


def packed(marks: Iterable[bytes]) -> bytes:
    """These marks, in an order that is always the same."""
    return b"".join(sorted(marks))


def unpacked(marks: bytes) -> tuple[int, ...]:
    """The numbers that were packed."""
    return struct.unpack(f"<{len(marks) // _BYTES}Q", marks)
