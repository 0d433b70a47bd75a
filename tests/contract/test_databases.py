"""What every Database keeps: whole units, undone alone, answered after a commit, over one snapshot."""

from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import insert, select

from entrepot.core import repositories as use_cases
from entrepot.core.repositories import RepositoryDraft
from entrepot.db import accounts, journals, leases, repositories
from entrepot.db.database import Conflict, Database, Transaction
from entrepot.db.schema import lease
from tests.factories.callers import EPOCH, caller, repository
from tests.factories.threads import SECONDS, together


class Refused(Exception):
    """What a unit raises on purpose."""


def offsets(database: Database) -> dict[str, int]:
    return database.read(journals.offsets)


def written(database: Database, name: str, *, relaxed: bool = False) -> "Future[bool]":
    return database.submit(lambda tx: journals.advance(tx, name, 0, 1), relaxed=relaxed)


def test_a_unit_is_there_when_it_is_answered(database: Database):
    assert written(database, "one").result(SECONDS) is True
    assert offsets(database) == {"one": 1}


def test_a_relaxed_unit_is_there_when_it_is_answered(database: Database):
    assert written(database, "one", relaxed=True).result(SECONDS) is True
    assert offsets(database) == {"one": 1}


def test_a_failing_unit_is_undone_alone(database: Database):
    def failing(tx: Transaction) -> None:
        journals.advance(tx, "half", 0, 1)
        raise Refused

    futures: list[Future[Any]] = []
    for number in range(20):
        futures += [written(database, f"kept{number}"), database.submit(failing)]
    for kept, failed in zip(futures[::2], futures[1::2], strict=True):
        assert kept.result(SECONDS) is True
        with pytest.raises(Refused):
            failed.result(SECONDS)
    assert offsets(database) == {f"kept{number}": 1 for number in range(20)}


def test_a_unique_key_that_does_not_hold_is_a_conflict(database: Database):
    with pytest.raises(Conflict):
        database.submit(lambda tx: accounts.add(tx, caller().principal.account, "again", 1, EPOCH)).result(SECONDS)


def test_a_foreign_key_that_does_not_hold_is_a_conflict(database: Database):
    who, key = caller(), repository("one")
    database.submit(lambda tx: use_cases.create(tx, who, key, RepositoryDraft())).result(SECONDS)
    known = database.read(lambda tx: repositories.find(tx, key))
    assert known is not None
    nobody = replace(known, id="01JNOBODY0000000000000000X", key=repository("two", "999999999999"))
    with pytest.raises(Conflict):
        database.submit(lambda tx: repositories.add(tx, nobody)).result(SECONDS)


def test_a_unit_that_ends_well_is_either_kept_whole_or_told_of_its_conflict(database: Database):
    def going_on(tx: Transaction) -> None:
        journals.advance(tx, "before", 0, 1)
        try:
            accounts.add(tx, caller().principal.account, "again", 1, EPOCH)
        except Conflict:
            return

    try:
        database.submit(going_on).result(SECONDS)
    except Conflict:
        assert offsets(database) == {}
    else:
        assert offsets(database) == {"before": 1}


def test_the_database_goes_on_after_a_conflict(database: Database):
    for _ in range(20):
        with pytest.raises(Conflict):
            database.submit(lambda tx: accounts.add(tx, caller().principal.account, "again", 1, EPOCH)).result(SECONDS)
    assert written(database, "after").result(SECONDS) is True


def test_a_read_sees_one_snapshot(database: Database):
    written(database, "first").result(SECONDS)

    def reading(tx: Transaction) -> tuple[dict[str, int], dict[str, int]]:
        before = journals.offsets(tx)
        written(database, "second").result(SECONDS)
        return before, journals.offsets(tx)

    assert database.read(reading) == ({"first": 1}, {"first": 1})
    assert offsets(database) == {"first": 1, "second": 1}


def test_a_read_cannot_write(database: Database):
    with pytest.raises(Exception, match=r"(?i)read-?\s?only"):
        database.read(lambda tx: journals.advance(tx, "sneaked", 0, 1))
    assert offsets(database) == {}


def test_units_of_many_threads_are_all_kept(database: Database):
    together(16, lambda number: [written(database, f"{number}-{at}").result(SECONDS) for at in range(10)])
    assert len(offsets(database)) == 160


def test_a_compare_and_set_is_won_once(database: Database):
    database.submit(lambda tx: leases.add(tx, "job", 0, 0)).result(SECONDS)
    won: list[bool] = []
    together(
        8,
        lambda number: won.append(
            database.submit(lambda tx: leases.claim(tx, "job", str(number), 1, 100)).result(SECONDS)
        ),
    )
    assert sorted(won) == [False] * 7 + [True]


def test_numbers_under_a_lock_are_never_given_twice(database: Database):
    who, key = caller(), repository("one")
    database.submit(lambda tx: use_cases.create(tx, who, key, RepositoryDraft())).result(SECONDS)

    def numbered(tx: Transaction) -> int:
        locked = repositories.lock(tx, key)
        assert locked is not None
        repositories.bump(tx, locked.id, locked.revision + 1, 1)
        return locked.revision + 1

    given = [future.result(SECONDS) for future in [database.submit(numbered) for _ in range(100)]]
    assert len(set(given)) == 100
    assert max(given) - min(given) == 99


def test_queued_units_are_run_before_a_close_returns(database: Database):
    futures = [written(database, str(number)) for number in range(50)]
    database.close()
    assert [future.result(0) for future in futures] == [True] * 50


def test_large_numbers_and_any_text_come_back_as_they_were(database: Database):
    row = {
        "name": "ключ \U0001f600 ' \" % \\ ; --\n",
        "holder": "",
        "expires_at": 2**63 - 1,
        "due_at": -(2**63),
        "result": "",
    }
    database.submit(lambda tx: tx.run(insert(lease), **row)).result(SECONDS)
    found = database.read(lambda tx: tx.one(select(lease)))
    assert found is not None
    assert found._asdict() == row


def test_a_fresh_database_is_sound(database: Database):
    assert list(database.check()) == []
