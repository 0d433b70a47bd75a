"""The Database seam (db/database.py): units of work, whole or not at all, on every engine."""

import threading
from concurrent.futures import wait
from typing import Any

import pytest
from sqlalchemy import bindparam, insert, select, update

from entrepot.db.database import Conflict, Database, Transaction
from entrepot.db.schema import gc_hold, lease

_ADD = insert(gc_hold)
_ALL = select(gc_hold.c.id, gc_hold.c.expires_at).order_by(gc_hold.c.id)
_ONE = select(gc_hold.c.expires_at).where(gc_hold.c.id == bindparam("of")).with_for_update()
_SET = update(gc_hold).where(gc_hold.c.id == bindparam("of")).values(expires_at=bindparam("to"))
_ADD_LEASE = insert(lease)


class Broken(Exception):
    """What a unit raises."""


def add(tx: Transaction, name: str, value: int = 0) -> None:
    tx.run(_ADD, id=name, reason="", expires_at=value)


def names(database: Database) -> list[str]:
    return [row.id for row in database.read(lambda tx: tx.all(_ALL))]


def test_a_unit_returns_what_it_returns_once_it_is_visible_to_everybody(database: Database):
    def work(tx: Transaction) -> str:
        add(tx, "a")
        return "done"

    assert database.submit(work).result() == "done"
    assert names(database) == ["a"]


def test_a_unit_that_raises_is_undone_whole_and_alone(database: Database):
    def broken(tx: Transaction) -> None:
        add(tx, "b")
        add(tx, "c")
        raise Broken

    futures = [
        database.submit(lambda tx: add(tx, "a")),
        database.submit(broken),
        database.submit(lambda tx: add(tx, "d")),
    ]
    wait(futures)
    assert isinstance(futures[1].exception(), Broken)
    assert names(database) == ["a", "d"]


def test_a_unique_key_that_is_taken_is_a_conflict(database: Database):
    database.submit(lambda tx: add(tx, "a")).result()
    with pytest.raises(Conflict):
        database.submit(lambda tx: add(tx, "a")).result()
    assert names(database) == ["a"]


def test_a_unit_may_turn_a_conflict_into_another_error(database: Database):
    def taken(tx: Transaction) -> None:
        try:
            add(tx, "a")
        except Conflict:
            raise Broken from None

    database.submit(taken).result()
    with pytest.raises(Broken):
        database.submit(taken).result()


def test_a_read_sees_one_snapshot_whatever_is_committed_meanwhile(database: Database):
    database.submit(lambda tx: add(tx, "a")).result()

    def twice(tx: Transaction) -> tuple[int, int]:
        before = len(tx.all(_ALL))
        database.submit(lambda other: add(other, "b")).result()
        return before, len(tx.all(_ALL))

    assert database.read(twice) == (1, 1)
    assert names(database) == ["a", "b"]


def test_a_read_cannot_write(database: Database):
    with pytest.raises(Exception, match=r"(?i)read-?only|readonly"):
        database.read(lambda tx: add(tx, "a"))
    assert names(database) == []


def test_units_that_lock_a_row_run_one_after_the_other(database: Database):
    database.submit(lambda tx: add(tx, "count", 0)).result()

    def raise_by_one(tx: Transaction) -> None:
        row: Any = tx.one(_ONE, of="count")
        tx.run(_SET, of="count", to=row.expires_at + 1)

    futures = [database.submit(raise_by_one) for _ in range(200)]
    for future in futures:
        future.result()
    assert database.read(lambda tx: tx.all(_ALL))[0].expires_at == 200


def test_units_come_from_any_thread(database: Database):
    def work(number: int) -> None:
        for each in range(10):
            database.submit(lambda tx, each=each: add(tx, f"{number}-{each}")).result()  # type: ignore[misc]
            assert f"{number}-{each}" in names(database)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(names(database)) == 80


def test_a_relaxed_unit_is_as_visible_and_as_whole_as_any(database: Database):
    database.submit(lambda tx: add(tx, "a"), relaxed=True).result()
    with pytest.raises(Conflict):
        database.submit(lambda tx: add(tx, "a"), relaxed=True).result()
    assert names(database) == ["a"]


def test_the_number_of_changed_rows_is_told(database: Database):
    database.submit(lambda tx: add(tx, "a")).result()
    assert database.submit(lambda tx: tx.run(_SET, of="a", to=5)).result() == 1
    assert database.submit(lambda tx: tx.run(_SET, of="b", to=5)).result() == 0


def test_large_numbers_bytes_and_any_text_come_back_as_they_were(database: Database):
    text = "ключ \U0001f600 ' \" % \\ ; -- \n"
    row = {"name": text, "holder": "", "expires_at": 2**63 - 1, "due_at": -(2**63), "result": "{}"}
    database.submit(lambda tx: tx.run(_ADD_LEASE, **row)).result()
    found = database.read(lambda tx: tx.one(select(lease)))
    assert found is not None
    assert found._asdict() == row


def test_a_fresh_database_is_sound(database: Database):
    assert list(database.check()) == []


def test_closing_finishes_what_is_queued(database: Database):
    futures = [database.submit(lambda tx, n=n: add(tx, f"{n:03}")) for n in range(50)]  # type: ignore[misc]
    database.close()
    assert [future.exception() for future in futures] == [None] * 50
