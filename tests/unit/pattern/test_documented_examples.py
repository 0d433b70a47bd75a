"""What AWS says of event patterns, a case each: the EventBridge guide ("Event pattern syntax", "Comparison operators",
"Arrays in event patterns") and Event Ruler's description of its language.
"""

import json
from typing import Any

import pytest

from entrepot.pattern.pattern import Pattern

EVENT = {
    "version": "0",
    "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
    "detail-type": "EC2 Instance State-change Notification",
    "source": "aws.ec2",
    "account": "111122223333",
    "time": "2017-10-02T18:43:48Z",
    "region": "us-west-1",
    "resources": ["arn:aws:ec2:us-west-1:123456789012:instance/i-1", "arn:aws:ec2:us-west-1:123456789012:volume/v-1"],
    "detail": {
        "c-count": 5,
        "d-count": 3,
        "x-limit": 301.8,
        "source-ip": "10.0.0.33",
        "address": "2001:db8::1",
        "instance-id": "i-1",
        "state": "running",
        "note": "",
        "nothing": None,
        "on": True,
        "path": "dir/a*b\\c.PNG",
        "nested": {"c1": 100},
        "empty": [],
    },
}
MATCHING: list[dict[str, Any]] = [
    {"source": ["aws.ec2"]},
    {"source": ["aws.ecr", "aws.ec2"], "detail-type": ["EC2 Instance State-change Notification"]},
    {"resources": ["arn:aws:ec2:us-west-1:123456789012:volume/v-1", "other"]},
    {"detail": {"state": ["initializing", "running"]}},
    {"detail": {"c-count": [5]}},
    {"detail": {"c-count": [5.0]}},
    {"detail": {"x-limit": [3.018e2]}},
    {"detail": {"on": [True]}},
    {"detail": {"nothing": [None]}},
    {"detail": {"note": [""]}},
    {"detail": {"state": [{"exactly": "running"}]}},
    {"time": [{"prefix": "2017-10-02"}]},
    {"source": [{"prefix": {"equals-ignore-case": "AWS.E"}}]},
    {"source": [{"prefix": ""}]},
    {"source": [{"suffix": "ec2"}]},
    {"detail": {"path": [{"suffix": {"equals-ignore-case": ".png"}}]}},
    {"source": [{"equals-ignore-case": "AWS.EC2"}]},
    {"source": [{"wildcard": "a*.*2"}]},
    {"source": [{"wildcard": "*"}]},
    {"detail": {"note": [{"wildcard": "*"}]}},
    {"detail": {"path": [{"wildcard": "dir/a\\*b\\\\*.PNG"}]}},
    {"detail": {"state": [{"anything-but": "initializing"}]}},
    {"detail": {"state": [{"anything-but": ["stopped", "overloaded"]}]}},
    {"detail": {"x-limit": [{"anything-but": 123}]}},
    {"detail": {"x-limit": [{"anything-but": [100, 200, 300]}]}},
    {"detail": {"state": [{"anything-but": {"prefix": "init"}}]}},
    {"detail": {"state": [{"anything-but": {"prefix": ["init", "stop"]}}]}},
    {"detail": {"state": [{"anything-but": {"suffix": "ed"}}]}},
    {"detail": {"state": [{"anything-but": {"suffix": ["ed", "x"]}}]}},
    {"detail": {"path": [{"anything-but": {"equals-ignore-case": ["x", "y"]}}]}},
    {"detail": {"path": [{"anything-but": {"wildcard": "*/lib/*"}}]}},
    {"detail": {"path": [{"anything-but": {"wildcard": ["*/lib/*", "*.jpg"]}}]}},
    {"detail": {"nothing": [{"anything-but": "x"}]}},
    {"resources": [{"anything-but": {"suffix": "v-1"}}]},
    {"detail": {"c-count": [{"numeric": [">", 0, "<=", 5]}]}},
    {"detail": {"d-count": [{"numeric": ["<", 10]}]}},
    {"detail": {"x-limit": [{"numeric": ["=", 3.018e2]}]}},
    {"detail": {"x-limit": [{"numeric": [">=", 301.8]}]}},
    {"detail": {"source-ip": [{"cidr": "10.0.0.0/24"}]}},
    {"detail": {"address": [{"cidr": "2001:db8::/32"}]}},
    {"detail": {"c-count": [{"exists": True}]}},
    {"detail": {"nothing": [{"exists": True}]}},
    {"detail": {"gone": [{"exists": False}]}},
    {"gone": {"too": [{"exists": False}]}},
    {"detail": {"nested": [{"exists": False}]}},  # no leaf
    {"detail": {"empty": [{"exists": False}]}},
    {"detail": {"state": [{"exists": False}, "running"]}},
    {"detail": {"gone": [{"exists": False}, "running"]}},
    {"detail": {"$or": [{"c-count": [{"numeric": [">", 9]}]}, {"d-count": [{"numeric": ["<", 10]}]}]}},
    {
        "source": ["aws.ec2"],
        "$or": [{"region": ["x"]}, {"account": ["111122223333"], "$or": [{"id": ["x"]}, {"version": ["0"]}]}],
    },
    {"$or": [{"source": ["x"]}, {"source": ["aws.ec2"]}], "detail": {"$or": [{"state": ["running"]}, {"on": [False]}]}},
]
OTHERS: list[dict[str, Any]] = [
    {"source": ["AWS.EC2"]},
    {"detail-type": ["EC2 Instance State-change Notification"], "source": ["aws.ecr"]},
    {"detail": {"c-count": ["5"]}},
    {"detail": {"on": [1]}},
    {"detail": {"on": ["true"]}},
    {"detail": {"nothing": ["null"]}},
    {"detail": {"nothing": [""]}},
    {"detail": {"note": [None]}},
    {"detail": {"gone": [None]}},
    {"detail": ["running"]},
    {"detail": {"state": {"deeper": ["running"]}}},
    {"detail": {"c-count": [{"prefix": "5"}]}},
    {"source": [{"suffix": "ecr"}]},
    {"source": [{"wildcard": "aws"}]},
    {"source": [{"wildcard": "aws.ec2*2"}]},
    {"detail": {"path": [{"wildcard": "dir/a\\*c*"}]}},
    {"detail": {"state": [{"anything-but": "running"}]}},
    {"detail": {"state": [{"anything-but": ["running", "x"]}]}},
    {"detail": {"c-count": [{"anything-but": [5.0, 6]}]}},
    {"detail": {"state": [{"anything-but": {"prefix": ["x", "run"]}}]}},
    {"detail": {"state": [{"anything-but": {"equals-ignore-case": "RUNNING"}}]}},
    {"detail": {"path": [{"anything-but": {"wildcard": ["x", "dir/*"]}}]}},
    {"detail": {"gone": [{"anything-but": "x"}]}},  # a field that is missing is no other value
    {"detail": {"c-count": [{"numeric": [">", 5]}]}},
    {"detail": {"c-count": [{"numeric": ["<", 5]}]}},
    {"detail": {"state": [{"numeric": [">", 0]}]}},
    {"detail": {"on": [{"numeric": ["=", 1]}]}},
    {"detail": {"source-ip": [{"cidr": "10.0.1.0/24"}]}},
    {"detail": {"source-ip": [{"cidr": "::/0"}]}},
    {"detail": {"state": [{"cidr": "0.0.0.0/0"}]}},
    {"detail": {"nested": [{"exists": True}]}},
    {"detail": {"empty": [{"exists": True}]}},
    {"detail": {"c-count": [{"exists": False}]}},
    {"detail": {"nested": {"c1": [{"exists": False}]}}},
    {"detail": {"$or": [{"c-count": [6]}, {"d-count": [6]}]}},
    {"source": ["x"], "$or": [{"version": ["0"]}, {"region": ["x"]}]},
    {"resources": ["arn:aws:ec2:us-west-1:123456789012:instance/i"]},
]


@pytest.mark.parametrize("pattern", MATCHING, ids=json.dumps)
def test_these_match(pattern):
    assert Pattern(json.dumps(pattern)).matches(EVENT)


@pytest.mark.parametrize("pattern", OTHERS, ids=json.dumps)
def test_these_do_not_match(pattern):
    assert not Pattern(json.dumps(pattern)).matches(EVENT)


def test_numbers_are_compared_by_their_decimal_digits():
    """0.1 + 0.2 is not 0.3 in binary, and a bound of 0.3 lets 0.3 in."""
    for written in ("0.3", "0.30", "3e-1", "0.300000"):
        pattern = Pattern('{"n": [{"numeric": [">=", WRITTEN, "<", 0.300001]}]}'.replace("WRITTEN", written))
        assert pattern.matches({"n": 0.3})
        assert not pattern.matches({"n": 0.299999})
    assert Pattern('{"n": [4999999999.999999]}').matches({"n": 4999999999.999999})
    assert not Pattern('{"n": [4999999999.999999]}').matches({"n": 5000000000})
    assert Pattern('{"n": [111122223333]}').matches({"n": 111122223333})


def test_a_number_beyond_the_comparable_ones_is_in_no_range():
    assert Pattern('{"n": [{"numeric": [">", 1]}]}').matches({"n": 5_000_000_000})
    assert not Pattern('{"n": [{"numeric": [">", 1]}]}').matches({"n": 5_000_000_001})


EMPLOYEES = [
    {"first": "John", "last": "Doe"},
    {"first": "Anna", "last": "Smith", "boss": True},
    {"first": "Peter", "last": "Jones"},
]


@pytest.mark.parametrize("people", [EMPLOYEES, [EMPLOYEES[:2], [EMPLOYEES[2:]]]], ids=["flat", "nested"])
def test_what_is_asked_of_the_objects_of_an_array_holds_for_one_of_them(people):
    event = {"people": people, "n": 1}

    def matches(**asked: list[Any]) -> bool:
        return Pattern(json.dumps({"people": asked, "n": [1]})).matches(event)

    assert matches(first=["Anna"])
    assert matches(first=["Anna"], last=["Smith"])
    assert not matches(first=["Anna"], last=["Jones"])
    assert matches(first=[{"anything-but": "Anna"}], last=["Jones"])
    either = {"$or": [{"first": ["Anna"], "last": ["Jones"]}, {"first": ["Peter"], "last": ["Jones"]}]}
    assert matches(**either)


def test_different_arrays_are_chosen_from_independently():
    event = {"a": [{"x": 1, "in": [{"y": 1}, {"y": 2, "z": 2}]}, {"x": 2, "in": []}], "b": [{"x": 3}]}
    assert Pattern('{"a": {"x": [2]}, "b": {"x": [3]}}').matches(event)
    assert Pattern('{"a": {"x": [1], "in": {"y": [2], "z": [2]}}}').matches(event)
    assert not Pattern('{"a": {"x": [1], "in": {"y": [1], "z": [2]}}}').matches(event)
    assert not Pattern('{"a": {"x": [2], "in": {"y": [1]}}}').matches(event)


def test_what_is_absent_is_missing_in_the_object_that_an_earlier_field_has_chosen():
    event = {"a": [{"m": 1}, {"m": 2, "z": 1, "c": 1}]}
    assert Pattern('{"a": {"m": [1], "z": [{"exists": false}]}}').matches(event)
    assert not Pattern('{"a": {"m": [2], "z": [{"exists": false}]}}').matches(event)
    assert not Pattern('{"a": {"c": [{"exists": false}], "m": [1]}}').matches(event)  # it comes before any is chosen
    assert not Pattern('{"a": {"z": [{"exists": false}]}}').matches(event)
    assert Pattern('{"a": {"y": [{"exists": false}]}}').matches(event)


def test_scalars_and_objects_of_one_array_are_both_the_field():
    pattern = Pattern('{"$or": [{"a": ["s"]}, {"b": ["t"]}], "a": {"x": [1]}}')
    assert pattern.matches({"a": ["s", {"x": 1}]})
    assert not pattern.matches({"a": ["s", {"x": 2}]})
    assert not pattern.matches({"a": [{"x": 1}]})
    assert pattern.matches({"a": {"x": 1}, "b": "t"})
