"""Calls as the records of journals: what they have in common stands once, and what one holds harms no other."""

import msgspec
import pytest

from entrepot.core.call_pages import Numbers, Writing, counted, made_at, pages, told
from entrepot.core.calls import LARGEST, Call, Own, common_of, encode
from tests.factories import calls
from tests.factories.calls import call, calls_in


def nested(depth: int) -> dict[str, object]:
    """Objects in objects."""
    found: dict[str, object] = {}
    for _ in range(depth):
        found = {"a": found}
    return found


MADE = call("PutImage", pulled=("sha256:a", "sha256:b"), status=201, error="x", received=1, sent=2, took=3)


def test_a_call_is_what_is_its_own_and_what_it_has_in_common_and_numbers_come_first():
    assert {*Own.__struct_fields__, "common"} == {*Call.__struct_fields__}
    assert Numbers.__struct_fields__ == Own.__struct_fields__[: len(Numbers.__struct_fields__)]


def test_a_page_says_what_the_call_says():
    commons, places, numbers = counted(calls.told(MADE))
    assert [common_of(commons[place]) for place in places] == [MADE.common]
    assert numbers == [Numbers(MADE.at, 1, 2, 3)]
    assert made_at(encode(MADE)) == MADE.at


def test_calls_come_back_in_order_from_as_few_pages_as_there_can_be():
    made = [call(at=number, repository=f"r{number % 3}") for number in range(300)]
    (page,) = pages(made)
    assert calls_in(page) == made
    assert len(told(page).commons) == 3
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
    own = msgspec.Raw(encode(MADE).own)
    for places in ([1], [-1], [], [0, 0]):
        for read in (counted, told):
            with pytest.raises(msgspec.DecodeError):
                read(msgspec.msgpack.encode([[{}], places, [own]]))


def test_a_page_that_is_written_has_what_calls_of_a_key_have_in_common_once():
    writing, (common, own) = Writing(), encode(MADE)
    assert not writing.add("key", bytes(own))
    writing.put("key", common)
    assert all(writing.add("key", bytes(own)) for _ in range(3))
    assert writing.size == len(common) + 3 * len(own)
    assert writing.page() == next(pages([MADE] * 3))


@pytest.mark.parametrize("record", [b"", b"\x90", b"\x93\x90\x91\x00\x90", msgspec.msgpack.encode([[1, 2], [3]])])
def test_what_is_no_page_is_told(record: bytes):
    for read in (counted, told):
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
