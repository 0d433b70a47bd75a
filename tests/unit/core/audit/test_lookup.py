"""LookupEvents: the permission comes first, a page reads so many blocks at most, a token is of its parameters."""

from pathlib import Path

import pytest

from entrepot.core.audit.lookup import Wanted, look_up, place, token
from entrepot.core.calls import Call
from entrepot.db.migrate import AUDIT
from entrepot.errors import AccessDenied, LookupTimesInvalid, LookupTokenInvalid
from tests.factories.callers import caller, nobody
from tests.factories.calls import AT, call, keep
from tests.factories.core_database import CoreDatabase
from tests.factories.rows import Rows

WRONG = Wanted(None, 2, 1, 50, None)  # it ends before it begins


@pytest.fixture
def core(tmp_path: Path):
    made = CoreDatabase(tmp_path)
    yield made
    made.close()


def test_who_may_not_look_learns_nothing_of_what_was_wrong_either(core: CoreDatabase):
    audit = core.beside(AUDIT)
    with pytest.raises(AccessDenied, match=r"cloudtrail:LookupEvents on resource: \*"):
        audit.read(lambda tx: look_up(tx, nobody(), WRONG, 90))
    with pytest.raises(LookupTimesInvalid):
        audit.read(lambda tx: look_up(tx, caller(), WRONG, 90))


def test_a_page_that_would_read_too_many_blocks_ends_and_goes_on(core: CoreDatabase):
    audit = core.beside(AUDIT)
    made = [call(at=AT + number) for number in range(20)]
    for each in made:
        keep(audit, [each])
    told: list[Call] = []
    after, pages = None, 0
    while pages == 0 or after is not None:
        wanted = Wanted(("Username", "alice"), None, None, 50, after)
        page = Rows(audit).read(look_up, caller(), wanted, 90, most_blocks=3)
        told += page.calls
        after = page.after
        pages += 1
    assert [each.request_id for each in told] == [each.request_id for each in reversed(made)]
    assert pages > 5


def test_records_of_one_moment_are_each_told_once_over_pages(core: CoreDatabase):
    audit = core.beside(AUDIT)
    made = [call(at=AT) for _ in range(25)]
    keep(audit, made)
    told: list[str] = []
    after, pages = None, 0
    while pages == 0 or after is not None:
        page = Rows(audit).read(look_up, caller(), Wanted(None, None, None, 4, after), 90)
        told += [each.request_id for each in page.calls]
        after = page.after
        pages += 1
    assert sorted(told) == sorted(each.request_id for each in made)


def test_a_token_is_good_for_its_own_parameters_only():
    given = token((5, "id", "PutImage"), ["a"])
    assert place(given, ["a"]) == (5, "id", "PutImage")
    assert place(None, ["a"]) is None
    assert token(None, ["a"]) is None
    for wrong in ("", "x", given):
        with pytest.raises(LookupTokenInvalid):
            place(wrong, ["b"])
