"""What only a server can do to its clients: refuse, deadlock, end a session, be gone."""

import tempfile
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import bindparam, select, text

from entrepot.db import journals
from entrepot.db.database import DatabaseUnavailable, Transaction
from entrepot.db.postgresql import PostgresqlDatabase
from entrepot.db.schema import lease
from entrepot.errors.start import DatabaseUnsafe
from tests.factories.postgresql import Cluster, cluster
from tests.factories.threads import SECONDS, together

_LOCK = select(lease.c.due_at).where(lease.c.name == bindparam("of")).with_for_update()
_SETTING = "SELECT current_setting('{}')"


@pytest.fixture
def address(postgresql: Cluster) -> Iterator[str]:
    made = postgresql.database()
    yield made
    postgresql.give_back(made)


@pytest.fixture
def opened(address: str) -> Iterator[PostgresqlDatabase]:
    database = PostgresqlDatabase(address)
    yield database
    database.close()


def setting(tx: Transaction, name: str) -> str:
    row: Any = tx.one(text(_SETTING.format(name)))
    return str(row[0])


def end_sessions(address: str) -> int:
    """What an administrator or a restart does; how many there were."""
    with psycopg.connect(address, autocommit=True) as connection:
        ended = connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchall()
    return len(ended)


def test_a_server_that_does_not_sync_is_refused():
    unsafe = ("-c", "fsync=off")
    with tempfile.TemporaryDirectory() as held, cluster(Path(held) / "cluster", options=unsafe) as server:
        address = server.empty()
        with pytest.raises(DatabaseUnsafe, match="fsync = off"):
            PostgresqlDatabase(address)


def test_a_server_that_does_not_answer_is_unavailable():
    with pytest.raises(DatabaseUnavailable):
        PostgresqlDatabase("postgresql://entrepot@127.0.0.1:1/none?connect_timeout=2")


def test_units_are_read_committed_and_wait_for_their_commit(opened: PostgresqlDatabase):
    for relaxed, waits in ((False, "on"), (True, "off")):
        found = opened.submit(
            lambda tx: (setting(tx, "transaction_isolation"), setting(tx, "synchronous_commit")), relaxed=relaxed
        ).result(SECONDS)
        assert found == ("read committed", waits)
    assert opened.read(lambda tx: setting(tx, "transaction_isolation")) == "repeatable read"


def test_a_session_that_was_ended_is_replaced(address: str, opened: PostgresqlDatabase):
    opened.submit(lambda tx: journals.advance(tx, "one", 0, 1)).result(SECONDS)
    opened.read(journals.offsets)
    assert end_sessions(address) > 0
    assert opened.submit(lambda tx: journals.advance(tx, "two", 0, 1)).result(SECONDS) is True
    assert opened.read(journals.offsets) == {"one": 1, "two": 1}


def test_a_session_that_is_ended_within_a_unit_runs_it_again(address: str, opened: PostgresqlDatabase):
    runs: list[int] = []

    def work(tx: Transaction) -> bool:
        runs.append(1)
        advanced = journals.advance(tx, "one", 0, 1)
        if len(runs) == 1:
            end_sessions(address)
        journals.advance(tx, "two", 0, 1)
        return advanced

    assert opened.submit(work).result(SECONDS) is True
    assert len(runs) == 2
    assert opened.read(journals.offsets) == {"one": 1, "two": 1}


def free_lease(tx: Transaction, name: str) -> None:
    tx.run(lease.insert(), name=name, holder="", expires_at=0, due_at=0, result="")


def test_units_that_lock_each_other_out_are_both_done_in_the_end(opened: PostgresqlDatabase):
    for name in ("a", "b"):
        opened.submit(partial(free_lease, name=name)).result(SECONDS)
    both_hold_one = threading.Barrier(2)
    runs: list[str] = []

    def crossing(tx: Transaction, first: str, second: str) -> str:
        runs.append(first)
        tx.one(_LOCK, of=first)
        if len(runs) <= 2:
            both_hold_one.wait(SECONDS)
        tx.one(_LOCK, of=second)
        return first

    done: list[str] = []
    together(
        2,
        lambda number: done.append(
            opened.submit(lambda tx: crossing(tx, *(("a", "b") if number else ("b", "a")))).result(SECONDS)
        ),
    )
    assert sorted(done) == ["a", "b"]
    assert len(runs) >= 3, "one of them was a deadlock's victim and ran again"
