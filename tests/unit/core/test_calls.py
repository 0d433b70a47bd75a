"""Calls as the records of journals: what they have in common stands once, and what one holds harms no other."""

import msgspec
import pytest

from entrepot.core.call_pages import Columns, Numbers, Writing, columns, counted, page, pages
from entrepot.core.calls import LARGEST, Call, Said, common_of, encode
from tests.factories import calls
from tests.factories.calls import call, calls_in


def nested(depth: int) -> dict[str, object]:
    """Objects in objects."""
    found: dict[str, object] = {}
    for _ in range(depth):
        found = {"a": found}
    return found


MADE = call("PutImage", pulled=("sha256:a", "sha256:b"), status=201, error="x", received=1, sent=2, took=3)


def test_a_call_is_its_numbers_what_it_said_and_what_it_has_in_common_with_others():
    assert [*Numbers._fields, *Said.__struct_fields__, "common"] == sorted(
        Call.__struct_fields__, key=[*Numbers._fields, *Said.__struct_fields__, "common"].index
    )


def test_a_page_says_what_the_call_says():
    commons, places, numbers = counted(calls.told(MADE))
    assert [common_of(commons[place]) for place in places] == [MADE.common]
    assert numbers == Numbers([MADE.at], [1], [2], [3])
    assert encode(MADE).numbers == (MADE.at, 1, 2, 3)


def test_parameters_that_calls_have_alike_are_those_of_each_that_has_none_of_its_own():
    alike, own = call(alike={"a": 1}), call(alike={"a": 1}, parameters={"b": 2})
    (page,) = pages([alike, own])
    assert [each.asked for each in calls_in(page)] == [{"a": 1}, {"b": 2}]
    assert call().asked is None


def test_calls_are_chosen_cut_and_put_together_whole():
    made = [call(at=number, sent=number) for number in range(6)]
    found = columns(calls.told(*made))
    some = Columns.empty()
    some.add(found.call(5))
    some.extend(found.chosen([3, 1]))
    some.extend(found.part(2, 4))
    assert calls_in(page(some)) == [made[5], made[3], made[1], made[2], made[3]]


def test_calls_come_back_in_order_from_as_few_pages_as_there_can_be():
    made = [call(at=number, repository=f"r{number % 3}") for number in range(300)]
    (page,) = pages(made)
    assert calls_in(page) == made
    assert len(counted(page).commons) == 3
    assert list(pages([])) == []


def test_what_is_too_large_together_is_divided_and_what_is_too_large_alone_is_cut():
    large = call(parameters={"text": "x" * (LARGEST // 3 * 2)})
    huge = call(parameters={"text": "x" * 10**6})
    found = list(pages([large, huge, large]))
    assert max(map(len, found)) <= LARGEST + 1024
    first, cut, last = (each for page in found for each in calls_in(page))
    assert (first, last) == (large, large)
    assert "cut: 1000000 characters" in str(cut.parameters)


def test_a_call_that_is_no_text_leaves_the_others_as_they_are():
    plain, odd = call(), call(message="\ud800", repository="\ud800")
    found = [each for page in pages([plain, odd, plain]) for each in calls_in(page)]
    assert [(each.message, each.common.repository) for each in found] == [
        ("", "team/app"),
        ("?", "?"),
        ("", "team/app"),
    ]


def test_a_page_that_names_what_it_has_not_is_none():
    said = msgspec.msgpack.encode([encode(MADE).said])
    pack = msgspec.msgpack.encode
    assert columns(pack([[{}], [0], [1], [1], [1], [1], said])).said == [encode(MADE).said]
    for read in (counted, columns):
        for places in ([1], [-1], [], [0, 0]):
            with pytest.raises(msgspec.DecodeError):
                read(pack([[{}], places, [1], [1], [1], [1], said]))
        for short in range(4):
            with pytest.raises(msgspec.DecodeError):
                read(pack([[{}], [0], *([] if number == short else [1] for number in range(4)), said]))
    with pytest.raises(msgspec.DecodeError):
        columns(pack([[{}], [0], [1], [1], [1], [1], pack([])]))


def test_a_page_that_is_written_has_what_calls_of_a_key_have_in_common_once():
    writing, (numbers, common, said) = Writing(), encode(MADE)
    assert not writing.add("key", numbers, bytes(said))
    writing.put("key", common)
    assert all(writing.add("key", numbers, bytes(said)) for _ in range(3))
    assert len(writing.page()) <= writing.size + 64
    assert writing.page() == next(pages([MADE] * 3))


@pytest.mark.parametrize("record", [b"", b"\x90", b"\x93\x90\x91\x00\x90", msgspec.msgpack.encode([[1, 2], [3]])])
def test_what_is_no_page_is_told(record: bytes):
    for read in (counted, columns):
        with pytest.raises(msgspec.DecodeError):
            read(record)


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"a": [10**30, {"b": -(10**30)}, 2**63 - 1]}, {"a": [str(10**30), {"b": str(-(10**30))}, 2**63 - 1]}),
        ({"a": "\ud800", "\ud800": 1}, {"a": "?", "?": 1}),
        (nested(5000), {"cut": "too deep"}),
    ],
    ids=["large numbers", "no text", "deep"],
)
def test_what_cannot_be_written_takes_nothing_else_with_it(parameters: dict[str, object], told: dict[str, object]):
    plain, odd = call(), call(parameters=parameters)
    found = [each for page in pages([plain, odd, plain]) for each in calls_in(page)]
    assert [each.parameters for each in found] == [plain.parameters, told, plain.parameters]
