"""The audit database, over both engines: blocks are kept in order, found by what is in them, and go whole."""

import random
from typing import Any

import pytest

from entrepot.core.audit import store
from entrepot.core.audit.lookup import Wanted, look_up
from entrepot.core.calls import Call
from entrepot.db import audit_blocks, audit_counters, audit_marks, journals, migrate
from entrepot.db.audit_blocks import HOUR
from entrepot.db.database import Database
from entrepot.spec.moments import moment
from tests.factories.callers import ACCOUNT, OTHER_ACCOUNT, REGION, caller
from tests.factories.calls import ALICE, AT, call, keep
from tests.factories.databases import Opening
from tests.factories.rows import Rows

TABLES = ("audit_block", "audit_term")


@pytest.fixture
def audit(opening: Opening) -> Database:
    """An empty audit database."""
    return opening(migrate.AUDIT)


@pytest.fixture
def rows(audit: Database) -> Rows:
    return Rows(audit)


def found(rows: Rows, term: tuple[str, str] | None = None, limit: int = 50, **times: Any) -> list[Call]:
    """What a lookup tells, page by page."""
    told: list[Call] = []
    after = None
    while True:
        wanted = Wanted(term, times.get("start"), times.get("end"), limit, after)
        page = rows.read(look_up, caller(at=moment(times.get("now", AT + HOUR))), wanted, times.get("days", 90))
        assert len(page.calls) <= limit
        told += page.calls
        after = page.after
        if after is None:
            return told


def ids(calls: list[Call]) -> list[str]:
    return [each.request_id for each in calls]


def test_blocks_are_read_in_the_order_in_which_they_were_kept(audit: Database, rows: Rows):
    for number in range(5):
        keep(audit, [call(at=AT - number)])
    keep(audit, [call(account=OTHER_ACCOUNT)], OTHER_ACCOUNT, "eu-west-1")
    seen = rows.read(store.since, 0, 3)
    seen += rows.read(store.since, seen[-1].sequence, 99)
    assert [block.sequence for block in seen] == [1, 2, 3, 4, 5, 6]
    assert (seen[-1].account, seen[-1].region) == (OTHER_ACCOUNT, "eu-west-1")
    assert [block.calls()[0].at for block in seen[:5]] == [AT, AT - 1, AT - 2, AT - 3, AT - 4]
    assert rows.read(store.last) == 6


def test_a_sequence_is_never_used_again(audit: Database, rows: Rows):
    keep(audit, [call()])
    assert rows.write(store.expire, AT + 1, 9) == 1
    keep(audit, [call()])
    assert [block.sequence for block in rows.read(store.since, 0, 9)] == [2]


def test_a_cursor_only_moves_on(rows: Rows):
    rows.write(store.move_cursor, "trail", 7)
    rows.write(store.move_cursor, "trail", 3)
    assert rows.read(store.cursor, "trail") == 7
    assert rows.read(store.cursor, "other") == 0
    assert rows.write(audit_counters.advance, "other") == 1


def test_a_lookup_tells_every_record_once_the_newest_first(audit: Database, rows: Rows):
    chance = random.Random(4)
    made = [call(at=AT + chance.randrange(HOUR)) for _ in range(700)]
    for start in range(0, len(made), 90):
        keep(audit, made[start : start + 90])  # blocks overlap in time
    told = found(rows, limit=37)
    assert ids(told) == ids(sorted(made, key=lambda each: (each.at, each.request_id), reverse=True))


def test_records_of_one_moment_are_told_once_each_over_pages(audit: Database, rows: Rows):
    made = [call(at=AT) for _ in range(30)]
    for each in made:
        keep(audit, [each])
    assert sorted(ids(found(rows, limit=7))) == sorted(ids(made))


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("EventName", "PutImage"),
        ("ReadOnly", "false"),
        ("Username", "bob"),
        ("ResourceType", "AWS::ECR::Repository"),
        ("ResourceName", "rare"),
        ("ResourceName", f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/rare"),
        ("EventSource", "ecr.amazonaws.com"),
        ("AccessKeyId", "AKIABOB"),
    ],
)
def test_each_attribute_finds_what_has_it_and_nothing_else(audit: Database, rows: Rows, attribute: str, value: str):
    bob = ALICE.__class__("user", "AIDABOB", f"arn:aws:iam::{ACCOUNT}:user/bob", ACCOUNT, "AKIABOB")
    common = [call("DescribeRegistry", service="iam", repository="", at=AT + number) for number in range(40)]
    rare = [call("PutImage", identity=bob, repository="rare", at=AT + 10 * number) for number in range(45)]
    keep(audit, [*common, *rare[:5]])
    keep(audit, rare[5:])  # more than are kept by their positions
    assert ids(found(rows, (attribute, value), limit=9)) == ids(rare[::-1])
    assert found(rows, (attribute, value + "x")) == []


def test_an_id_finds_its_record(audit: Database, rows: Rows):
    from entrepot.core.audit.records import id_of

    made = [call(at=AT + number * 400) for number in range(20)]
    keep(audit, made[:10])
    keep(audit, made[10:])
    for each in (made[0], made[13]):
        assert ids(found(rows, ("EventId", id_of(each, ACCOUNT)))) == [each.request_id]
    assert found(rows, ("EventId", id_of(made[3], OTHER_ACCOUNT))) == []
    assert found(rows, ("EventId", "no uuid")) == []


def test_times_are_compared_in_whole_seconds(audit: Database, rows: Rows):
    made = [call(at=AT + number * 500_000) for number in range(8)]
    keep(audit, made)
    second = 1_000_000
    assert ids(found(rows, start=AT + second, end=AT + 2 * second)) == ids(made[2:6][::-1])
    assert found(rows, ("EventName", "BatchGetImage"), start=AT + 9 * second) == []
    assert ids(found(rows, ("EventName", "BatchGetImage"), end=AT)) == ids(made[:2][::-1])


def test_what_is_older_than_it_is_kept_for_is_not_told(audit: Database, rows: Rows):
    keep(audit, [call(at=AT)])
    assert found(rows, days=1, now=AT + 24 * HOUR + 2_000_000) == []
    assert len(found(rows, days=1, now=AT + 23 * HOUR)) == 1


def test_an_account_finds_its_own_records_in_one_region(audit: Database, rows: Rows):
    keep(audit, [call(account=OTHER_ACCOUNT, identity=None)], OTHER_ACCOUNT)
    keep(audit, [call()], ACCOUNT, "eu-west-1")
    assert found(rows) == found(rows, ("EventName", "BatchGetImage")) == []


def test_texts_that_no_engine_takes_as_they_are_can_be_kept_and_found(audit: Database, rows: Rows):
    made = call("CreateUser", service="iam", repository="", parameters={"userName": "a\0b" + "ü" * 3000})
    keep(audit, [made])
    assert ids(found(rows, ("ResourceName", "a\0b" + "ü" * 3000))) == [made.request_id]


def test_small_blocks_of_an_hour_are_put_together_and_lose_nothing(audit: Database, rows: Rows):
    made = [call(at=AT + number, repository=f"r{number % 3}") for number in range(1200)]
    for start in range(0, 1200, 20):
        keep(audit, made[start : start + 20])
    keep(audit, [call(at=AT + HOUR)])
    assert rows.read(store.crowded, 99, AT, 9) == [(ACCOUNT, REGION, AT)]
    assert rows.write(store.put_together, ACCOUNT, REGION, AT, 60) == 58
    kept = rows.read(store.since, 0, 99)
    assert [(block.sequence, block.count) for block in kept] == [(1, 1024), (2, 176), (61, 1)]
    assert ids(found(rows, ("ResourceName", "r1"), limit=50)) == ids(made[1::3][::-1])
    assert rows.read(store.crowded, 99, AT, 9) == []


def test_blocks_that_a_reader_has_not_passed_are_left_as_they_are(audit: Database, rows: Rows):
    for number in range(40):
        keep(audit, [call(at=AT + number)])
    assert rows.read(store.crowded, 10, AT, 9) == []
    assert rows.read(store.crowded, 30, AT, 9) == [(ACCOUNT, REGION, AT)]
    assert rows.write(store.put_together, ACCOUNT, REGION, AT, 30) == 29
    assert [block.sequence for block in rows.read(store.since, 30, 99)] == list(range(31, 41))


def test_blocks_of_few_and_large_records_are_left_as_they_are(audit: Database, rows: Rows):
    made = [call(at=AT + number, message=random.Random(number).randbytes(100_000).hex()) for number in range(25)]
    for start in range(5):
        keep(audit, made[start::5])  # as full as they can be
    before = rows.read(store.since, 0, 99)
    assert rows.write(store.put_together, ACCOUNT, REGION, AT, 99) == 0
    assert rows.read(store.since, 0, 99) == before
    assert ids(found(rows, limit=3)) == ids(made[::-1])


def test_a_few_blocks_are_put_together_once_their_hour_is_over(audit: Database, rows: Rows):
    for number in range(3):
        keep(audit, [call(at=AT + number)])
    assert rows.read(store.crowded, 9, AT + HOUR - 1, 9) == []
    assert rows.read(store.crowded, 9, AT + HOUR, 9) == [(ACCOUNT, REGION, AT)]


def test_a_block_that_expires_takes_what_finds_it_with_it(audit: Database, rows: Rows):
    keep(audit, [call(at=AT)])
    keep(audit, [call(at=AT + 50)])
    assert rows.write(store.expire, AT + 50, 9) == 1
    assert rows.write(store.expire, AT + 50, 9) == 0
    assert len(found(rows)) == len(found(rows, ("Username", "alice"))) == 1
    rows.write(store.expire, AT + 51, 9)
    for table in TABLES:
        assert rows.read(lambda tx, table=table: tx.all(_count(table)))[0][0] == 0


def _count(table: str) -> Any:
    from sqlalchemy import func, select

    from entrepot.db.audit_schema import metadata

    return select(func.count()).select_from(metadata.tables[table])


def test_a_record_is_marked_once_and_settled_only_where_both_have_told_it(rows: Rows):
    assert rows.write(audit_marks.add, "a", 1, alone=False) is True
    assert rows.write(audit_marks.add, "a", 2, alone=True) is False
    assert rows.write(audit_marks.add, "b", 2, alone=True) is True
    for each in ("a", "b"):
        rows.write(audit_marks.settle, each)
    assert [rows.read(audit_marks.is_told, each) for each in ("a", "b")] == [False, True]
    assert rows.read(audit_marks.has_old, 3) is True
    assert rows.write(audit_marks.forget, 3, 9) == 1
    assert rows.read(audit_marks.has_old, 3) is False


def test_a_journal_is_folded_from_where_it_stands(rows: Rows):
    assert rows.write(journals.AUDIT.advance, "j", 0, 100) is True
    assert rows.write(journals.AUDIT.advance, "j", 0, 100) is False
    assert rows.write(journals.AUDIT.advance, "j", 100, 2**40) is True
    assert rows.read(journals.AUDIT.all) == {"j": 2**40}
    rows.write(journals.AUDIT.forget, "j")
    assert rows.read(journals.AUDIT.all) == {}


def test_a_block_holds_so_many_records_and_bytes(audit: Database, rows: Rows):
    keep(audit, [call(at=AT, message="x" * 200_000) for _ in range(12)])
    assert [block.count for block in rows.read(store.since, 0, 9)] == [5, 5, 2]
    assert audit_blocks.HOUR == 3_600_000_000
