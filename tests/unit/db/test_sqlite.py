"""What SQLite alone promises: its pragmas, turns between processes, checkpoints that no writer falls over."""

import fcntl
import multiprocessing
import threading
from collections.abc import Iterator
from pathlib import Path

import pysqlite3
import pytest
from sqlalchemy import bindparam, insert, select, text

from entrepot.db import journals, vulnerability_exceptions
from entrepot.db.database import DatabaseUnavailable, Transaction
from entrepot.db.records import Repository
from entrepot.db.schema import journal_offset
from entrepot.db.sqlite import SqliteDatabase, connect, require_fixed
from entrepot.db.writer import turn_of
from entrepot.errors.start import SqliteUnfixed
from entrepot.spec.repository import RegistryKey, RepositoryKey
from tests.factories.callers import EPOCH
from tests.factories.databases import sqlite_database
from tests.factories.threads import SECONDS

PROCESSES = 2
UNITS = 200
_RAISE = text("""UPDATE journal_offset SET "offset" = "offset" + 1 WHERE journal = 'sum'""")
_SUM = select(journal_offset.c.offset).where(journal_offset.c.journal == "sum")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SqliteDatabase]:
    made = sqlite_database(tmp_path)
    made.submit(lambda tx: journals.advance(tx, "sum", 0, 1)).result()
    yield made
    made.close()


def total(database: SqliteDatabase) -> int:
    row = database.read(lambda tx: tx.one(_SUM))
    assert row is not None
    return int(row.offset) - 1


def raising(path: Path, units: int) -> None:
    """What each process does: units one by one, and in between many at once."""
    database = SqliteDatabase(path)
    alone = [database.submit(lambda tx: tx.run(_RAISE)).result(SECONDS) for _ in range(units // 2)]
    queued = [database.submit(lambda tx: tx.run(_RAISE)) for _ in range(units // 2)]
    assert alone + [future.result(SECONDS) for future in queued] == [1] * units
    database.close()


def test_processes_take_turns_and_none_finds_the_file_locked(database: SqliteDatabase, tmp_path: Path):
    spawning = multiprocessing.get_context("spawn")
    path = tmp_path / "entrepot.db"
    processes = [spawning.Process(target=raising, args=(path, UNITS)) for _ in range(PROCESSES)]
    for process in processes:
        process.start()
    while any(process.is_alive() for process in processes):
        database.checkpoint()
        processes[0].join(0.01)
        processes[1].join(0.01)
    assert [process.exitcode for process in processes] == [0] * PROCESSES
    assert total(database) == PROCESSES * UNITS
    for process in processes:
        process.close()


def test_a_unit_waits_for_its_turn(database: SqliteDatabase, tmp_path: Path):
    with turn_of(tmp_path / "entrepot.db.turn") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        waiting = database.submit(lambda tx: tx.run(_RAISE))
        with pytest.raises(TimeoutError):
            waiting.result(0.2)
    assert waiting.result(SECONDS) == 1


def test_a_checkpoint_waits_for_its_turn(database: SqliteDatabase, tmp_path: Path):
    done = threading.Event()

    def work() -> None:
        database.checkpoint()
        done.set()

    thread = threading.Thread(target=work)
    with turn_of(tmp_path / "entrepot.db.turn") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        thread.start()
        assert not done.wait(0.2), "it did not wait for the process that writes"
    thread.join(SECONDS)
    assert done.is_set()


def test_a_checkpoint_empties_the_log_and_leaves_the_turn_to_others(database: SqliteDatabase, tmp_path: Path):
    log = tmp_path / "entrepot.db-wal"
    assert log.stat().st_size > 0
    for _ in range(3):
        database.submit(lambda tx: tx.run(_RAISE)).result(SECONDS)
        assert database.checkpoint() == 0
        assert log.stat().st_size == 0
    assert total(database) == 3


def test_a_checkpoint_keeps_nobody_waiting_for_a_reader_that_takes_long(database: SqliteDatabase):
    def reading(tx: Transaction) -> None:
        tx.all(_SUM)
        database.submit(lambda tx: tx.run(_RAISE)).result(SECONDS)
        thread = threading.Thread(target=database.checkpoint)
        thread.start()
        thread.join(2)  # the busy timeout of writers is 5
        assert not thread.is_alive()

    database.read(reading)
    assert database.checkpoint() == 0


def test_a_checkpoint_beside_a_reader_keeps_the_reader_s_snapshot(database: SqliteDatabase):
    def reading(tx: Transaction) -> tuple[int, int]:
        before = tx.all(_SUM)[0].offset
        database.submit(lambda tx: tx.run(_RAISE)).result(SECONDS)
        thread = threading.Thread(target=database.checkpoint)
        thread.start()
        thread.join(SECONDS)
        return before, tx.all(_SUM)[0].offset

    assert database.read(reading) == (1, 1)
    assert total(database) == 1


def synchronous(database: SqliteDatabase, *, relaxed: bool) -> int:
    found = database.submit(lambda tx: tx.all(text("PRAGMA synchronous")), relaxed=relaxed).result(SECONDS)
    return int(found[0][0])


def test_a_relaxed_commit_is_normal_and_the_next_one_is_full_again(database: SqliteDatabase):
    assert [synchronous(database, relaxed=relaxed) for relaxed in (False, True, True, False, True, False)] == [
        2,
        1,
        1,
        2,
        1,
        2,
    ]


def test_every_connection_has_the_house_s_pragmas(database: SqliteDatabase, tmp_path: Path):
    for query_only in (False, True):
        connection = connect(tmp_path / "entrepot.db", query_only=query_only)
        found = {
            name: connection.execute(f"PRAGMA {name}").fetchall()[0][0]
            for name in ("journal_mode", "synchronous", "foreign_keys", "query_only")
        }
        assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "query_only": int(query_only)}
        connection.close()


@pytest.mark.parametrize("version", ["3.40.1", "3.44.5", "3.45.0", "3.50.6", "3.51.2", "3.49.9"])
def test_a_sqlite_that_loses_commits_is_refused(version: str):
    with pytest.raises(SqliteUnfixed, match=version.replace(".", r"\.")):
        require_fixed(version)


@pytest.mark.parametrize("version", ["3.44.6", "3.50.7", "3.51.3", "3.52.0", "4.0.0", pysqlite3.sqlite_version])
def test_a_fixed_sqlite_is_taken(version: str):
    require_fixed(version)


def test_a_database_that_cannot_be_opened_is_unavailable(tmp_path: Path):
    (tmp_path / "gone").mkdir()
    made = sqlite_database(tmp_path / "gone")
    (tmp_path / "gone").rename(tmp_path / "away")
    try:
        with pytest.raises(DatabaseUnavailable, match="unable to open"):
            made.read(lambda tx: tx)
    finally:
        made.close()


def test_a_read_of_a_database_that_fails_says_that_it_is_unavailable(database: SqliteDatabase):
    with pytest.raises(DatabaseUnavailable, match="no such table"):
        database.read(lambda tx: tx.all(text("SELECT 1 FROM nowhere")))
    assert total(database) == 0


def test_a_snapshot_s_version_changes_with_each_commit_of_others_and_not_by_itself(database: SqliteDatabase):
    snapshot = database.snapshot()
    versions = [snapshot.version(), snapshot.version()]
    assert versions[0] == versions[1]
    for _ in range(3):
        database.submit(lambda tx: tx.run(_RAISE)).result(SECONDS)
        assert snapshot.one(_SUM) is not None
        versions.append(snapshot.version())
    assert len(set(versions)) == 4
    snapshot.close()


def test_a_statement_with_constants_is_prepared_once(database: SqliteDatabase):
    registry = RegistryKey("private", "000000000000", "us-east-1")
    repository = Repository("R1", RepositoryKey(registry, "app"), "MUTABLE", (), False, {}, 0, 1, EPOCH)
    asked: list[int] = []

    def allow(kind: int, *_: object) -> int:
        """SQLite asks whenever it prepares a statement."""
        asked.append(kind)
        return int(pysqlite3.SQLITE_OK)

    def look(digest: str) -> int:
        """LIKE, and the condition of a partial index."""
        assert not database.read(lambda tx: vulnerability_exceptions.about(tx, repository, digest, EPOCH))
        return len(asked)

    database._reader().set_authorizer(allow)
    assert 0 < look("sha256:a") == look("sha256:b")


def test_a_constant_is_written_as_it_is_and_a_named_value_stays_a_parameter(database: SqliteDatabase):
    name = journal_offset.c.journal
    odd = "it's % ? :a"
    database.submit(lambda tx: tx.run(insert(journal_offset), journal=odd, offset=7)).result()
    assert database.read(lambda tx: tx.all(select(name).where(name == odd, journal_offset.c.offset > 6).limit(1)))
    assert database.read(lambda tx: tx.one(select(name).where(name == bindparam("of", "none")), of=odd)) == (odd,)
