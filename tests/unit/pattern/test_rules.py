"""Many rules and one event: who is asked, and who answers."""

import json
from typing import Any

from entrepot.pattern.pattern import Pattern
from entrepot.pattern.rules import Rules

PUSH = {"source": "aws.ecr", "detail": {"repository-name": "team-7/app", "n": 1, "image-tags": ["v1", "latest"]}}


def rules(**trees: Any) -> Rules[str]:
    return Rules({name: Pattern(json.dumps(tree)) for name, tree in trees.items()})


def test_no_rules_match_nothing():
    assert rules().matching(PUSH) == []


def test_rules_are_named_once_and_in_their_order():
    held = rules(
        z={"source": ["aws.ecr"], "$or": [{"detail": {"n": [1]}}, {"detail": {"image-tags": ["v1", "latest"]}}]},
        y={"source": ["aws.ec2"]},
        a={"source": [{"prefix": "aws."}]},
    )
    assert held.matching(PUSH) == ["z", "a"]


def test_every_kind_of_test_is_found_by_the_index():
    name: dict[str, Any] = {
        "exact": ["team-7/app"],
        "prefix": [{"prefix": "team-"}],
        "prefix_of_either_case": [{"prefix": {"equals-ignore-case": "TEAM-"}}],
        "suffix": [{"suffix": "/app"}],
        "suffix_of_either_case": [{"suffix": {"equals-ignore-case": "/APP"}}],
        "empty_prefix": [{"prefix": ""}],
        "empty_suffix": [{"suffix": ""}],
        "either_case": [{"equals-ignore-case": "TEAM-7/APP"}],
        "wildcard": [{"wildcard": "team-*/app"}],
        "open_wildcard": [{"wildcard": "*7*"}],
        "anything_but": [{"anything-but": "x"}],
        "exists": [{"exists": True}],
        "one_of_two": [{"suffix": "/x"}, {"numeric": [">", 1]}, {"prefix": "team"}],
    }
    held = rules(**{kind: {"detail": {"repository-name": elements}} for kind, elements in name.items()})
    assert held.matching(PUSH) == list(name)
    assert held.matching({"detail": {"repository-name": "x"}}) == ["empty_prefix", "empty_suffix", "exists"]
    assert held.matching({"detail": {}}) == []


def test_a_rule_that_asks_only_for_absence_is_always_asked():
    held = rules(gone={"detail": {"gone": [{"exists": False}]}}, here={"detail": {"n": [{"exists": False}]}})
    assert held.matching(PUSH) == ["gone"]
    assert held.matching({}) == ["gone", "here"]


def test_rules_over_objects_in_arrays_hold_for_one_object():
    held = rules(
        one={"a": {"x": [1], "y": [2]}},
        none={"a": {"x": [1], "y": [3]}},
        absent={"a": {"x": [1], "z": [{"exists": False}]}},
        both={"a": {"x": [1], "y": [{"exists": False}]}},
    )
    assert held.matching({"a": [{"x": 1, "y": 2}, {"x": 0, "y": 3, "z": 1}]}) == ["one", "absent"]
    assert held.matching({"a": [[{"x": 1, "y": 2}], {"x": 0, "y": 3, "z": 1}]}) == ["one", "absent"]


def test_true_is_not_one_in_the_index_either():
    held = rules(true={"a": [True]}, one={"a": [1]}, text={"a": ["1"]}, none={"a": [None]})
    assert [held.matching({"a": value}) for value in (True, 1, 1.0, "1", None)] == [
        ["true"],
        ["one"],
        ["one"],
        ["text"],
        ["none"],
    ]
