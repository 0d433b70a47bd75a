"""Calls as the records of journals: what they have in common stands once, and what one holds harms no other."""

import msgspec
import pytest

from entrepot.core.call_pages import Group, Writing, alone, groups, joined, page, pages
from entrepot.core.calls import LARGEST, Call, Encoded, Said, common_of, decode, encode
from tests.factories import calls
from tests.factories.calls import call, calls_in


def nested(depth: int) -> dict[str, object]:
    """Objects in objects."""
    found: dict[str, object] = {}
    for _ in range(depth):
        found = {"a": found}
    return found


MADE = call("PutImage", pulled=("sha256:a", "sha256:b"), status=201, error="x", received=1, sent=2, took=3)


NUMBERS = ("at", "received", "sent", "took")


def in_groups(*made: Call) -> list[Group]:
    """Calls as a journal has them."""
    return groups(calls.told(*made))


def opened(*found: Group) -> list[Call]:
    return [decode(each) for group in found for each in group.calls()]


def test_a_call_is_its_numbers_its_id_what_it_said_and_what_it_has_in_common_with_others():
    fields = [*NUMBERS, "request_id", "common", *Said.__struct_fields__]
    assert list(Call.__struct_fields__) == fields


def test_a_group_says_what_its_calls_say():
    (group,) = in_groups(MADE, calls.changed(MADE, sent=5))
    assert common_of(group.common) == MADE.common
    assert [getattr(group, name) for name in NUMBERS] == [[MADE.at] * 2, [1, 1], [2, 5], [3, 3]]
    assert encode(MADE).numbers == (MADE.at, 1, 2, 3)
    assert group.count == 2


def test_parameters_that_calls_have_alike_are_those_of_each_that_has_none_of_its_own():
    alike, own = call(alike={"a": 1}), call(alike={"a": 1}, parameters={"b": 2})
    (page,) = pages([alike, own])
    assert [each.asked for each in calls_in(page)] == [{"a": 1}, {"b": 2}]
    assert call().asked is None


@pytest.mark.parametrize(
    "fields",
    [{}, {"message": "said"}, {"request_id": "no UUID"}, {"request_id": "\u00e9" * 36}],
    ids=["nothing said", "said", "another id", "an id of other characters"],
)
def test_calls_are_chosen_cut_and_put_together_whole(fields: dict[str, str]):
    made = [call(at=number, sent=number, **(fields if number % 2 else {})) for number in range(6)]
    (found,) = in_groups(*made)
    assert opened(found) == made
    assert opened(found.chosen([3, 1]), found.part(2, 4)) == [made[3], made[1], made[2], made[3]]
    some = joined([alone(encode(made[0])), found.part(1, 2), found.part(4, 6)])
    assert opened(some) == [made[0], made[1], made[4], made[5]]
    assert opened(*groups(page([some, found]))) == [*opened(some), *made]
    assert joined([found]) is found


def test_calls_come_back_from_as_few_pages_as_there_can_be_those_that_are_alike_together():
    made = [call(at=number, repository=f"r{number % 3}") for number in range(300)]
    (page,) = pages(made)
    assert calls_in(page) == [*made[::3], *made[1::3], *made[2::3]]
    assert len(groups(page)) == 3
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
        ("", "team/app"),
        ("?", "?"),
    ]


@pytest.mark.parametrize(
    "part",
    [
        {"at": []},
        {"at": [], "received": [], "sent": [], "took": [], "ids": "", "said": None},
        *({name: [1, 2]} for name in NUMBERS),
        {"ids": "short"},
        {"ids": ["1", "2"]},
        {"said": []},
    ],
)
def test_a_group_of_which_something_is_missing_is_none(part: dict[str, object]):
    whole = {"common": {}, **{name: [1] for name in NUMBERS}, "ids": "i" * 36, "said": [1]}
    assert [each.count for each in groups(msgspec.msgpack.encode([list(whole.values())]))] == [1]
    with pytest.raises(msgspec.DecodeError):
        groups(msgspec.msgpack.encode([list((whole | part).values())]))
    with pytest.raises(msgspec.DecodeError):
        groups(msgspec.msgpack.encode([[*whole.values(), 1]]))


def test_a_page_that_is_written_has_what_calls_of_a_key_have_in_common_once():
    writing = Writing()
    numbers, request_id, common, said = encode(MADE)
    assert not writing.add("key", numbers, request_id, said)
    writing.put("key", common)
    assert all(writing.add("key", numbers, request_id, said) for _ in range(3))
    assert len(writing.page()) <= writing.size + 64
    assert writing.page() == next(pages([MADE] * 3))


def test_a_call_that_said_nothing_says_nothing():
    silent = encode(call())
    assert silent.said is None
    assert decode(Encoded(*silent)).message == ""


@pytest.mark.parametrize("record", [b"", b"\x93\x90\x91\x00\x90", msgspec.msgpack.encode([[1, 2], [3]])])
def test_what_is_no_page_is_told(record: bytes):
    with pytest.raises(msgspec.DecodeError):
        groups(record)


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
