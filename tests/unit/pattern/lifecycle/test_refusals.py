"""What is no lifecycle policy, in AWS's sentences."""

import json
from typing import Any

import pytest

from entrepot.errors import LifecyclePolicyInvalid
from entrepot.pattern.lifecycle.reading import parse
from tests.factories.lifecycle import ARCHIVE, rule, text

NO_SCHEMA = "instance failed to match exactly one schema (matched 0 out of 2)"
PUSHED = ("sinceImagePushed", 1)


def refused(given: str, *, extended: bool = False) -> str:
    with pytest.raises(LifecyclePolicyInvalid) as fact:
        parse(given, extended=extended)
    return str(fact.value.fields["reason"])


def changed(**changes: Any) -> str:
    """A good rule with other members, in its selection too; None leaves one out."""
    told = rule(1, PUSHED, "untagged")
    for name, value in changes.items():
        place = told["selection"] if name in told["selection"] or name[:3] in {"tag", "cou", "sto"} else told
        place[name] = value
        if value is None:
            del place[name]
    return text(told)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("not json", "Could not map policyString into LifecyclePolicy."),
        ('{"rules": [' + "[" * 100_000, "Could not map policyString into LifecyclePolicy."),
        ('{"rules": "\udcff"}', "Could not map policyString into LifecyclePolicy."),
        ("{}", 'object has missing required properties (["rules"])'),
        ("[]", 'instance type (array) does not match any allowed primitive type (allowed: ["object"])'),
        ('{"rules": {}}', 'instance type (object) does not match any allowed primitive type (allowed: ["array"])'),
        ('{"rules": []}', "array is too short: must have at least 1 elements but instance has 0 elements"),
        (
            text(*(rule(n, 1, [f"t{n}"]) for n in range(1, 52))),
            "array is too long: must have at most 50 elements but instance has 51 elements",
        ),
        (
            json.dumps({"rules": [rule(1, 1)], "version": 1}),
            'object instance has properties which are not allowed by the schema: (["version"])',
        ),
        ('{"rules": [{"rulePriority": 1}]}', 'object has missing required properties (["action", "selection"])'),
        (changed(rulePriority=0), "numeric instance is lower than the required minimum (minimum: 1, found: 0)"),
        (changed(countNumber=0), "numeric instance is lower than the required minimum (minimum: 1, found: 0)"),
        (
            changed(rulePriority=2**31),
            "numeric instance is greater than the required maximum (maximum: 2147483647, found: 2147483648)",
        ),
        (
            changed(rulePriority=1.5),
            'instance type (number) does not match any allowed primitive type (allowed: ["integer"])',
        ),
        (
            changed(rulePriority=True),
            'instance type (boolean) does not match any allowed primitive type (allowed: ["integer"])',
        ),
        (
            changed(tagStatus="some"),
            'instance value (some) not found in enum :(possible values: ["tagged", "untagged", "any"])',
        ),
        (changed(countType="sinceForever"), NO_SCHEMA),
        (changed(countUnit="hours"), NO_SCHEMA),
        (changed(countUnit=None), NO_SCHEMA),
        (text(rule(1, 5, countUnit="days")), NO_SCHEMA),
        (changed(action={"type": "expire", "targetStorageClass": None}), NO_SCHEMA),
        (changed(action={"type": "transition"}), NO_SCHEMA),
        (
            changed(action={"type": "delete"}),
            'instance value (delete) not found in enum :(possible values: ["expire", "transition"])',
        ),
        (changed(tagStatus="tagged"), "Must specify tagPrefixList or tagPatternList when tagStatus=TAGGED."),
        (changed(tagPrefixList=["v"]), "Cannot specify tagPrefixList when tagStatus=UNTAGGED."),
        (
            changed(tagStatus="tagged", tagPrefixList=["v"], tagPatternList=["v"]),
            "Cannot specify both tagPrefixList and tagPatternList.",
        ),
        (
            changed(tagStatus="tagged", tagPatternList=[]),
            "array is too short: must have at least 1 elements but instance has 0 elements",
        ),
        (
            changed(tagStatus="tagged", tagPatternList=["*a*b*c*d*"]),
            "a tag pattern must contain at most 4 wildcards (*): *a*b*c*d*",
        ),
        (
            changed(storageClass="archive"),
            "storageClass=archive must be specified with countType=sinceImageTransitioned, and with no other.",
        ),
        (
            text(rule(1, ("sinceImageTransitioned", 90))),
            "storageClass=archive must be specified with countType=sinceImageTransitioned, and with no other.",
        ),
        (
            text(rule(1, ("sinceImageTransitioned", 90), "any", ARCHIVE, storageClass="archive")),
            "countType=sinceImageTransitioned can only be used with action type expire.",
        ),
        (
            text(rule(1, ("sinceImagePulled", 90))),
            "countType=sinceImagePulled can only be used with action type transition.",
        ),
        (text(rule(1, 1, ["a"]), rule(1, 1, ["b"])), "rulePriority must be unique."),
        (
            text(*(rule(n, 1, [f"*{n}-{m}" for m in range(300)]) for n in (1, 2))),
            "at most 500 tag patterns may have a wildcard (*) before their end, found 600",
        ),
        (
            text(rule(1, 1, "untagged"), rule(2, PUSHED, "untagged")),
            "Only one rule can select Untagged images per storage class",
        ),
        (
            text(rule(1, 1), rule(2, PUSHED, "untagged")),
            "Rule for tagStatus=ANY must have the lowest priority per storage class",
        ),
        (
            text(rule(1, 1, ["a*", "b"]), rule(2, PUSHED, ["b", "a*"])),
            "Only one rule can select the same tagPrefixList or tagPatternList per storage class",
        ),
        (
            changed(action={"type": "expire", "scope": "tag"}),
            'object instance has properties which are not allowed by the schema: (["scope"])',
        ),
    ],
)
def test_a_text_is_refused_in_the_words_of_aws(given: str, reason: str):
    assert refused(given) == reason


def test_rules_of_two_storage_classes_are_apart():
    both = [rule(1, PUSHED), rule(2, ("sinceImageTransitioned", 90), storageClass="archive")]
    assert len(parse(text(*both)).rules) == 2


def test_a_policy_is_shown_without_white_space_and_in_the_order_of_its_rules():
    first, second = rule(3, 1, ["b"]), rule(7, 1, ["a"])
    given = json.dumps({"rules": [second, first]}, indent=4)
    assert parse(given).text == json.dumps({"rules": [first, second]}, separators=(",", ":"))


@pytest.mark.parametrize(
    ("action", "tags", "reason"),
    [
        ({"type": "expire", "scope": "tag"}, "untagged", "scope=tag"),
        ({**ARCHIVE, "scope": "tag"}, ["a"], "scope=tag"),
        ({**ARCHIVE, "children": "follow"}, ["a"], "children=follow"),
        ({"type": "expire", "children": "follow", "scope": "tag"}, ["a"], "children=follow"),
    ],
)
def test_own_properties_go_with_what_they_mean_something_with(action: Any, tags: Any, reason: str):
    assert refused(text(rule(1, 1, tags, action)), extended=True).startswith(f"{reason} can only be used with")
