"""The reading side: records from a stored offset on, for a transaction that stores the next offset with them."""

import fcntl
import os
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from entrepot.journal.writing import HEADER

_MOST_BYTES = 4 * 1024 * 1024
_LARGEST_RECORD = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Batch:
    """Some records of a journal in order, and the offset after the last of them."""

    journal: str
    records: tuple[bytes, ...]
    offset: int


def batches(directory: Path, offsets: Mapping[str, int]) -> Iterator[Batch]:
    """Batches of every journal from its stored offset on, written or abandoned ones; stops at a torn frame."""
    for path in _journals(directory):
        offset = offsets.get(path.name, 0)
        while (batch := _read(path, offset)) is not None:
            yield batch
            offset = batch.offset


def forgettable(directory: Path, offsets: Mapping[str, int]) -> Iterator[str]:
    """Journals that nobody writes any more and of which everything readable has been folded."""
    for path in _journals(directory):
        if not _is_written(path) and _read(path, offsets.get(path.name, 0)) is None:
            yield path.name


def _read(path: Path, offset: int) -> Batch | None:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            data = file.read(_MOST_BYTES)
    except FileNotFoundError:
        return None
    records = []
    at = 0
    while at + HEADER.size <= len(data):
        length, checksum = HEADER.unpack_from(data, at)
        start = at + HEADER.size
        payload = data[start : start + length]
        if length > _LARGEST_RECORD or len(payload) < length or zlib.crc32(payload) != checksum:
            break
        records.append(payload)
        at = start + length
    return Batch(path.name, tuple(records), offset + at) if records else None


def _is_written(path: Path) -> bool:
    """Whether its writer still holds it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _journals(directory: Path) -> list[Path]:
    return sorted(path for path in directory.glob("*.[0-9]*") if path.is_file())
