"""The reading side: records from a stored offset on, for a transaction that stores the next offset with them."""

import contextlib
import fcntl
import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from entrepot.journal.frames import unframed

_MOST_BYTES = 1024 * 1024  # a batch is one transaction, which others wait for
_JOURNAL = re.compile(r"[^/]+\.[0-9]{6,}")
_NEVER_NAMED = re.compile(r"[^/]+\.[0-9]{6,}\.new")
_DONE = ".done"
_RETIRED = re.compile(r"[^/]+\.[0-9]{6,}\.done")
_SECONDS_TO_NAME = 60.0
_SECONDS_TO_KEEP = 3600.0


@dataclass(frozen=True, slots=True)
class Batch:
    """Some records of a journal in order, from offset `start` to `offset`.

    Whoever folds it stores `offset` in the same transaction, and only where the stored one is `start` (none is 0): of
    two who read the same records, one commits.
    """

    journal: str
    records: tuple[bytes, ...]
    start: int
    offset: int


def batches(directory: Path, offsets: Mapping[str, int]) -> Iterator[Batch]:
    """Batches of every journal from its stored offset on, written or abandoned ones; stops at a torn frame."""
    for path in _journals(directory):
        offset = offsets.get(path.name, 0)
        while (batch := _read(path, offset)) is not None:
            yield batch
            offset = batch.offset


def retire(directory: Path, offsets: Mapping[str, int]) -> None:
    """Empty and rename what nobody writes any more and of which everything readable is folded; drop unnamed files."""
    for path in _journals(directory):
        if not _is_written(path) and _read(path, offsets.get(path.name, 0)) is None:
            done = path.rename(f"{path}{_DONE}")
            os.truncate(done, 0)
    for name in _unchanged(directory, _NEVER_NAMED, _SECONDS_TO_NAME):
        (directory / name).unlink(missing_ok=True)


def retired(directory: Path, seconds: float = _SECONDS_TO_KEEP) -> Iterator[str]:
    """Journals retired an hour ago or earlier: their offsets may be forgotten, and then their files be dropped.
    Those who do not drop them forget a little earlier, while the files stand.

    Not sooner: another folder that lost its lease may still hold a batch, and must find the offset. The file's age
    tells, so that a restart forgets nothing, and another machine's journals are left alone.
    """
    for name in _unchanged(directory, _RETIRED, seconds):
        yield name.removesuffix(_DONE)


def sizes(directory: Path) -> dict[str, int]:
    """How long each journal is that is there, in bytes."""
    found: dict[str, int] = {}
    for path in _journals(directory):
        with contextlib.suppress(FileNotFoundError):
            found[path.name] = path.stat().st_size
    return found


def gone(directory: Path, journals: Iterable[str]) -> list[str]:
    """Those of these journals that are neither there nor kept retired: their offsets may be forgotten."""
    there = {entry.name.removesuffix(_DONE) for entry in _entries(directory)}
    return [journal for journal in journals if journal not in there]


def drop(directory: Path, journal: str) -> None:
    """Remove a retired journal's file."""
    (directory / f"{journal}{_DONE}").unlink(missing_ok=True)


def _read(path: Path, offset: int) -> Batch | None:
    try:
        with path.open("rb", buffering=0) as file:
            file.seek(offset)
            data = file.read(_MOST_BYTES)
    except FileNotFoundError:
        return None
    records, length = unframed(data)
    return Batch(path.name, tuple(records), offset, offset + length) if records else None


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
    return sorted(directory / entry.name for entry in _entries(directory) if _JOURNAL.fullmatch(entry.name))


def _unchanged(directory: Path, names: re.Pattern[str], seconds: float) -> list[str]:
    before = time.time() - seconds
    found = (entry for entry in _entries(directory) if names.fullmatch(entry.name))
    return sorted(entry.name for entry in found if _changed_at(entry) < before)


def _entries(directory: Path) -> list["os.DirEntry[str]"]:
    try:
        with os.scandir(directory) as entries:
            return list(entries)
    except FileNotFoundError:
        return []


def _changed_at(entry: "os.DirEntry[str]") -> float:
    try:
        return entry.stat(follow_symlinks=False).st_ctime
    except FileNotFoundError:
        return time.time()
