"""Wildcards, and that no pattern takes long."""

import pytest

from entrepot.policy.matching import Patterns, matches, matches_arn, wild

CASES = [
    ("", "", True),
    ("", "a", False),
    ("*", "", True),
    ("*", "a:b/c", True),
    ("?", "", False),
    ("?", "a", True),
    ("a*", "a", True),
    ("a*b", "ab", True),
    ("a*b", "aab", True),
    ("a*a", "a", False),
    ("*a*", "xay", True),
    ("a*b*c", "a-b-b-c", True),
    ("ab*ba", "aba", False),
    ("a?c", "abc", True),
    ("a?*c", "ac", False),
    ("a*?c", "abc", True),
    ("**", "x", True),
    ("*?", "ab", True),
    ("a*bc*c", "abc", False),
    ("*ab*ba*", "aba", False),
    ("*.*", "a.b", True),
    ("arn:aws:ecr:*:repository/team-*", "arn:aws:ecr:us-east-1:111122223333:repository/team-a/b", True),
    ("arn:aws:ecr:*:repository/team-?", "arn:aws:ecr:us-east-1:111122223333:repository/team-ab", False),
    ("A", "a", False),
    ("[a-z]", "b", False),
    (".", "b", False),
    ("a\\*", "a\\b", True),
    ("?", "\U0001f40b", True),
    ("a\n?", "a\nb", True),
]


@pytest.mark.parametrize(("pattern", "given", "expected"), CASES)
def test_a_pattern_fits_the_whole_text(pattern: str, given: str, expected: bool):
    assert matches(wild(pattern), given) is expected
    assert Patterns([wild(pattern)]).match(given) is expected
    assert Patterns(["other", wild(pattern), wild("oth?r")]).match(given) is expected


def test_no_pattern_matches_where_there_is_none():
    assert not Patterns([]).match("")


@pytest.mark.parametrize(
    ("pattern", "given"),
    [
        ("*a" * 3000 + "b", "a" * 20_000),
        ("?*" * 3000 + "b", "a" * 20_000),
        ("*?a" * 2000 + "b", "a" * 20_000),
        ("*" * 6000 + "b", "a" * 20_000),
        ("*" + "a" * 3000 + "b*", "a" * 20_000),
    ],
)
def test_a_hostile_pattern_is_answered(pattern: str, given: str):
    # backtracking would not end within the life of the universe: the suite's time limit is what fails this
    assert not matches(wild(pattern), given)


def test_a_wildcard_does_not_span_the_colons_of_an_arn():
    arn = "arn:aws:iam::111122223333:role/a:b"
    assert matches_arn(tuple(wild("arn:aws:*::*:role/*").split(":", 5)), arn)
    assert not matches_arn(tuple(wild("arn:aws:*:role/*").split(":", 5)), arn)
    assert not matches_arn(tuple(wild("arn:*:iam:*::role/*").split(":", 5)), arn)
    assert not matches_arn(tuple(wild("arn:*:*:*:*:*").split(":", 5)), "arn:aws:iam::1")
    assert not matches_arn(tuple(wild("arn:*:*:*:1").split(":", 5)), "arn:aws:iam::1")
