"""The writing side: no fault of a disk reaches a reader, what is dropped is counted, a torn frame only stands last."""

import contextlib
import fcntl
import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from entrepot.journal import Journal, batches
from entrepot.journal.frames import LARGEST_RECORD, framed


@contextlib.contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Writes beyond `size` bytes of a file fail, and one that crosses it is short: a real short write and error."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def found(directory: Path) -> list[bytes]:
    return [record for batch in batches(directory, {}) for record in batch.records]


def numbered(count: int, size: int = 100) -> list[bytes]:
    return [str(number).zfill(size).encode() for number in range(count)]


def test_records_reach_the_file_with_the_flush_and_in_order(tmp_path: Path):
    journal = Journal(tmp_path, "w")
    for record in numbered(10):
        journal.append(record)
    assert list(tmp_path.iterdir()) == []
    journal.flush()
    assert found(tmp_path) == numbered(10)
    journal.flush()
    assert found(tmp_path) == numbered(10)
    journal.close()


def test_a_full_buffer_flushes_itself(tmp_path: Path):
    journal = Journal(tmp_path, "w")
    for record in numbered(30, 10_000):
        journal.append(record)
    assert len(found(tmp_path)) >= 26
    journal.close()
    assert found(tmp_path) == numbered(30, 10_000)


def test_a_file_that_is_full_is_followed_by_another(tmp_path: Path):
    journal = Journal(tmp_path, "w", rotate_at=1000)
    for record in numbered(40):
        journal.append(record)
        journal.flush()
    journal.close()
    assert len(list(tmp_path.iterdir())) == 4
    assert found(tmp_path) == numbered(40)
    assert journal.dropped == 0


def test_a_journal_is_locked_while_it_is_written_and_adoptable_afterwards(tmp_path: Path):
    journal = Journal(tmp_path, "w", rotate_at=100)
    for record in numbered(3):
        journal.append(record)
        journal.flush()
    files = sorted(tmp_path.iterdir())
    assert [free(path) for path in files] == [True, True, False]
    journal.close()
    assert [free(path) for path in files] == [True, True, True]


def free(path: Path) -> bool:
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


@pytest.mark.parametrize("room", [0, 1, 107, 108, 109, 500, 1000])
def test_a_short_write_keeps_the_rest_for_later_and_leaves_no_torn_frame(tmp_path: Path, room):
    journal = Journal(tmp_path, "w")
    records = numbered(20)
    with largest_file(room):
        for record in records[:10]:
            journal.append(record)
        journal.flush()
        assert found(tmp_path) == records[: room // len(framed(records[0]))]
        journal.flush()
    for record in records[10:]:
        journal.append(record)
    journal.close()
    assert found(tmp_path) == records
    assert journal.dropped == 0


def test_a_disk_that_stays_full_costs_records_and_a_bounded_buffer_and_never_raises(tmp_path: Path):
    journal = Journal(tmp_path, "w")
    record = b"x" * 100_000
    with largest_file(0):
        for _ in range(200):
            journal.append(record)
            assert journal._buffered <= 9 * 1024 * 1024
        assert journal.dropped > 0
        dropped = journal.dropped
    journal.close()
    assert len(found(tmp_path)) + journal.dropped == 200
    assert journal.dropped == dropped


def test_what_cannot_be_written_at_the_end_is_counted(tmp_path: Path):
    journal = Journal(tmp_path, "w")
    with largest_file(0):
        for record in numbered(5):
            journal.append(record)
        journal.close()
    assert journal.dropped == 5


def test_a_directory_that_is_gone_is_no_fault_of_the_reader(tmp_path: Path):
    journal = Journal(tmp_path / "absent", "w")
    journal.append(b"one")
    journal.flush()
    (tmp_path / "absent").mkdir()
    journal.append(b"two")
    journal.close()
    assert found(tmp_path / "absent") == [b"one", b"two"]


def test_a_torn_frame_that_cannot_be_cut_off_stands_last_in_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    journal = Journal(tmp_path, "w")
    journal.append(b"first")
    journal.flush()
    with largest_file(40):
        for record in numbered(3):
            journal.append(record)
        monkeypatch.setattr(os, "ftruncate", refuse)
        journal.flush()
    journal.close()
    assert len(list(tmp_path.iterdir())) == 2
    assert found(tmp_path) == [b"first", *numbered(3)]


def refuse(descriptor: int, length: int) -> None:
    raise OSError(f"no {length} bytes for {descriptor}")


def test_a_record_beyond_the_largest_is_dropped_and_counted(tmp_path: Path):
    journal = Journal(tmp_path, "w")
    journal.append(b"x" * (LARGEST_RECORD + 1))
    journal.append(b"x" * LARGEST_RECORD)
    journal.close()
    assert journal.dropped == 1
    assert [len(record) for record in found(tmp_path)] == [LARGEST_RECORD]
