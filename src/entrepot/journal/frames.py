"""Frames of a journal: length (4 bytes) | checksum of the payload (4 bytes) | payload, little-endian.

The checksum is crc32 begun at a seed, so that zeros, which a power cut leaves at the end of a file, are no frame.
"""

import struct
import zlib
from collections.abc import Sequence

LARGEST_RECORD = 256 * 1024
HEADER = struct.Struct("<II")
_SEED = 0x656E7472


def framed(record: bytes) -> bytes:
    """A record as its frame; at most LARGEST_RECORD bytes."""
    return HEADER.pack(len(record), zlib.crc32(record, _SEED)) + record


def unframed(data: bytes) -> tuple[Sequence[bytes], int]:
    """The records at the start of `data` and where the first torn or missing frame begins."""
    records = []
    at = 0
    while at + HEADER.size <= len(data):
        length, checksum = HEADER.unpack_from(data, at)
        start = at + HEADER.size
        payload = data[start : start + length]
        if length > LARGEST_RECORD or len(payload) < length or zlib.crc32(payload, _SEED) != checksum:
            break
        records.append(payload)
        at = start + length
    return records, at
