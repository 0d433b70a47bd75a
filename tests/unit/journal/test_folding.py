"""The reading side: from a stored offset on, abandoned files too; a file goes when nothing of it is left to read."""

import os
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from entrepot.core.access import Caller
from entrepot.core.calls import Call
from entrepot.core.upkeep import JournalFold, fold
from entrepot.db import journals
from entrepot.db.database import Transaction
from entrepot.db.schema import manifest
from entrepot.journal import Batch, Journal, batches, drop, retire, retired
from entrepot.journal.frames import framed
from entrepot.spec.moments import micros
from entrepot.spec.repository import RepositoryKey
from tests.factories.callers import EPOCH, caller
from tests.factories.calls import call, told
from tests.factories.core_database import CoreDatabase


def pull(who: Caller, key: RepositoryKey, repository_id: str, digest: str) -> Call:
    """A pull of one manifest."""
    return call(at=micros(who.at), repository_id=repository_id, repository=key.name, pulled=(str(digest),))


def test_reading_goes_on_where_it_stopped(tmp_path: Path):
    journal = Journal(tmp_path, "w")
    journal.append(b"one")
    journal.flush()
    (first,) = batches(tmp_path, {})
    journal.append(b"two")
    journal.flush()
    (second,) = batches(tmp_path, {first.journal: first.offset})
    assert (first.records, second.records) == ((b"one",), (b"two",))
    assert (first.start, first.offset, second.start) == (0, len(framed(b"one")), first.offset)
    assert list(batches(tmp_path, {first.journal: second.offset})) == []
    journal.close()


def test_a_long_journal_comes_in_batches_without_a_gap(tmp_path: Path):
    journal = Journal(tmp_path, "w")
    records = [str(number).encode() * 20_000 for number in range(100)]
    for record in records:
        journal.append(record)
    journal.close()
    found = list(batches(tmp_path, {}))
    assert len(found) > 1
    assert [record for batch in found for record in batch.records] == records
    assert [batch.start for batch in found[1:]] == [batch.offset for batch in found[:-1]]


def test_other_files_are_no_journals(tmp_path: Path):
    for name in ("notes.txt", "w.12", "w.000000.new", "w.000000x"):
        (tmp_path / name).write_bytes(framed(b"x"))
    assert list(batches(tmp_path, {})) == []
    assert list(batches(tmp_path / "absent", {})) == []
    retire(tmp_path, {})
    retire(tmp_path / "absent", {})
    assert {path.name for path in tmp_path.iterdir()} == {"notes.txt", "w.12", "w.000000.new", "w.000000x"}


def test_a_file_is_retired_when_it_is_folded_and_nobody_writes_it(tmp_path: Path):
    journal = Journal(tmp_path, "w")
    journal.append(b"one")
    journal.flush()
    (batch,) = batches(tmp_path, {})
    folded = {batch.journal: batch.offset}
    retire(tmp_path, folded)
    assert names(tmp_path) == ["w.000000"], "its writer holds it"
    journal.close()
    retire(tmp_path, {})
    assert names(tmp_path) == ["w.000000"], "it is not folded"
    retire(tmp_path, folded)
    assert names(tmp_path) == ["w.000000.done"]
    assert (tmp_path / "w.000000.done").stat().st_size == 0


def test_a_torn_end_does_not_keep_an_abandoned_file(tmp_path: Path):
    (tmp_path / "w.000000").write_bytes(framed(b"one") + framed(b"two")[:-1])
    (batch,) = batches(tmp_path, {})
    assert batch.records == (b"one",)
    retire(tmp_path, {batch.journal: batch.offset})
    assert names(tmp_path) == ["w.000000.done"]


def test_a_file_that_never_got_its_name_goes_after_a_minute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "w.000000.new").touch()
    retire(tmp_path, {})
    assert names(tmp_path) == ["w.000000.new"]
    later = time.time() + 61
    monkeypatch.setattr(time, "time", lambda: later)
    retire(tmp_path, {})
    assert names(tmp_path) == []


def test_a_retired_journal_stays_for_an_hour_whoever_restarts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    Journal(tmp_path, "empty").close()
    (tmp_path / "w.000000").touch()
    retire(tmp_path, {})
    later = time.time() + 3590
    monkeypatch.setattr(time, "time", lambda: later)
    retire(tmp_path, {})
    assert list(retired(tmp_path)) == []
    later += 11
    assert list(retired(tmp_path)) == ["w.000000"]
    drop(tmp_path, "w.000000")
    drop(tmp_path, "w.000000")
    assert names(tmp_path) == list(retired(tmp_path)) == []


def test_the_offset_of_a_retired_journal_is_forgotten_an_hour_later_and_not_another_machine_s(
    core: CoreDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    directory = tmp_path / "journal"
    directory.mkdir()
    journal = Journal(directory, "w")
    journal.append(told(call()))
    journal.close()
    core.database.submit(lambda tx: journals.advance(tx, "elsewhere.000000", 0, 7)).result()
    assert JournalFold(core.database, directory).run() == 1
    assert set(core.row(journals.offsets)) == {"w.000000", "elsewhere.000000"}
    later = time.time() + 3601
    monkeypatch.setattr(time, "time", lambda: later)
    assert JournalFold(core.database, directory).run() == 0, "another process, after a restart"
    assert core.row(journals.offsets) == {"elsewhere.000000": 7}
    assert names(directory) == []


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def counts(core: CoreDatabase) -> dict[str, int]:
    rows = core.database.read(lambda tx: tx.all(manifest.select()))
    return {row.digest: row.pull_count for row in rows}


def test_a_batch_that_is_folded_twice_counts_once(core: CoreDatabase, tmp_path: Path):
    key = core.repository()
    image = core.image(key, "v1")
    journal = Journal(tmp_path / "journal", "w")
    (tmp_path / "journal").mkdir()
    record = told(pull(caller(), key, core.present(key).id, image.digest))
    for _ in range(7):
        journal.append(record)
    journal.flush()
    (first,) = batches(tmp_path / "journal", {})
    (again,) = batches(tmp_path / "journal", {})
    for batch in (first, again, first):
        core.database.submit(partial(fold, batch=batch)).result()
    assert counts(core) == {image.digest: 7}
    journal.append(record)
    journal.close()
    (longer,) = batches(tmp_path / "journal", {})
    core.database.submit(partial(fold, batch=longer)).result()
    assert counts(core) == {image.digest: 7}, "an overlapping batch of one that began earlier is skipped whole"
    assert JournalFold(core.database, tmp_path / "journal").run() == 1
    assert counts(core) == {image.digest: 8}
    assert names(tmp_path / "journal") == ["w.000000.done"]
    assert core.row(journals.offsets) == {first.journal: longer.offset}


def test_downloads_of_layers_and_records_of_other_versions_count_no_pull(core: CoreDatabase, tmp_path: Path):
    key = core.repository()
    image = core.image(key, "v1")
    journal = Journal(tmp_path, "w")
    found = core.present(key).id
    journal.append(told(call("GetDownloadUrlForLayer", repository_id=found)))
    journal.append(b"not a record of ours")
    journal.append(told(pull(caller(), key, found, image.digest)))
    journal.append(told(pull(caller(), key, "gone", image.digest)))
    journal.close()
    assert JournalFold(core.database, tmp_path).run() == 3
    assert counts(core) == {image.digest: 1}


def test_the_last_pull_is_the_latest_one_whatever_the_order_of_folding(core: CoreDatabase, tmp_path: Path):
    key = core.repository()
    image = core.image(key, "v1")
    found = core.present(key).id
    for name, year in (("a", 2028), ("b", 2027), ("c", 2026)):
        journal = Journal(tmp_path, name)
        who = caller(at=EPOCH.replace(year=year))
        journal.append(told(pull(who, key, found, image.digest)))
        journal.close()
        JournalFold(core.database, tmp_path).run()
    (row,) = core.database.read(lambda tx: tx.all(manifest.select()))
    assert row.last_pulled_at == int(EPOCH.replace(year=2028).timestamp() * 1_000_000)
    assert row.pull_count == 3


def test_two_folders_at_once_and_a_crash_in_a_fold_count_each_record_once(core: CoreDatabase, tmp_path: Path):
    key = core.repository()
    image = core.image(key, "v1")
    found = core.present(key).id
    directory = tmp_path / "journal"
    directory.mkdir()
    expected: Counter[str] = Counter()
    for name in ("a", "b"):
        journal = Journal(directory, name, rotate_at=2000)
        for _ in range(50):
            journal.append(told(pull(caller(), key, found, image.digest)))
            journal.flush()
            expected[image.digest] += 1
        os.close(journal._descriptor)  # the process was killed
        journal._descriptor = -1
    mine, other = list(batches(directory, {})), list(batches(directory, {}))

    for batch in mine[::2]:
        crashing = core.database.submit(crash_after(batch))
        assert isinstance(crashing.exception(), Crash)
    assert counts(core)[image.digest] == 0
    for left, right in zip(mine, reversed(other), strict=True):
        core.database.submit(partial(fold, batch=left)).result()
        core.database.submit(partial(fold, batch=right)).result()
    JournalFold(core.database, directory).run()
    assert counts(core) == dict(expected)


class Crash(Exception):
    pass


def crash_after(batch: Batch) -> Callable[[Transaction], None]:
    def work(tx: Transaction) -> None:
        fold(tx, batch)
        raise Crash

    return work
