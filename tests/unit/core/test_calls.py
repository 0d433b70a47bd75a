"""A call as a record: what jobs read of its beginning is what it begins with."""

import pytest

from entrepot.core.calls import LARGEST, Call, Line, calls_in, common_of, encode, lines_in, together
from tests.factories.calls import call, told


def nested(depth: int) -> dict[str, object]:
    """Objects in objects."""
    found: dict[str, object] = {}
    for _ in range(depth):
        found = {"a": found}
    return found


MADE = call("PutImage", pulled=("sha256:a", "sha256:b"), status=201, error="x", received=1, sent=2, took=3)


def test_a_line_is_the_beginning_of_a_call():
    assert Line.__struct_fields__ == Call.__struct_fields__[: len(Line.__struct_fields__)]


def test_a_line_says_what_the_call_says():
    (line,) = lines_in(told(MADE))
    assert common_of(line.common) == MADE.common
    assert (line.at, line.received, line.sent, line.took) == (MADE.at, 1, 2, 3)
    assert line.request_id == MADE.request_id


def test_calls_come_back_in_order_from_as_few_records_as_there_can_be():
    made = [call(at=number) for number in range(300)]
    (record,) = together(map(encode, made))
    assert calls_in(record) == made
    assert list(together([])) == []


def test_what_is_too_large_together_is_divided_and_what_is_too_large_alone_is_cut():
    large = call(parameters={"text": "x" * (LARGEST // 3 * 2)})
    huge = call(parameters={"text": "x" * 10**6})
    records = list(together(map(encode, [large, huge, large])))
    assert max(map(len, records)) <= LARGEST + 1
    first, cut, last = (each for record in records for each in calls_in(record))
    assert (first, last) == (large, large)
    assert "cut: 1000000 characters" in str(cut.parameters)


def test_a_call_that_is_no_text_leaves_the_others_as_they_are():
    plain, odd = call(), call(message="\ud800")
    found = [each for record in together(map(encode, [plain, odd, plain])) for each in calls_in(record)]
    assert [each.message for each in found] == ["", "?", ""]


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
    found = [each for record in together(map(encode, [plain, odd, plain])) for each in calls_in(record)]
    assert [each.parameters for each in found] == [plain.parameters, told, plain.parameters]
