"""Indexes, what they name, referrers, images that are spared, and what only this server's own properties do."""

from entrepot.pattern.lifecycle.evaluation import evaluate
from entrepot.pattern.lifecycle.policy import Policy
from entrepot.pattern.lifecycle.records import Record
from tests.factories.lifecycle import ARCHIVE, EXPIRE, NOW, expired, image, policy, rule

UNTAGGED = rule(1, ("sinceImagePushed", 1), "untagged")
FOLLOW = {"type": "expire", "children": "follow"}
BY_TAG = {"type": "expire", "scope": "tag"}


def done(read: Policy, images: list[Record], *spared: str) -> list[tuple[str, str, int, str]]:
    found = evaluate(read, images, NOW, frozenset(spared)).actions
    return [(each.record.digest, each.kind, each.priority, each.subject) for each in found]


def test_an_image_stays_for_as_long_as_an_index_that_stays_names_it():
    images = [image("X", 9), image("Y", 9), image("I", 8, "v1", children=("X",)), image("J", 8, children=("Y", "X"))]
    outcome = evaluate(policy(UNTAGGED), images, NOW)
    assert [each.record.digest for each in outcome.actions] == ["J", "Y"]  # the index first
    assert [(each.record.digest, each.priority, each.parents) for each in outcome.kept] == [("X", 1, ("I", "J"))]


def test_an_image_below_nested_indexes_goes_when_all_of_them_go():
    nested = [image("X", 9), image("I", 8, children=("X",)), image("O", 7, children=("I",))]
    assert done(policy(UNTAGGED), nested) == [(each, "EXPIRE", 1, "") for each in "OIX"]
    assert done(policy(UNTAGGED), [*nested[:2], image("O", 7, "v1", children=("I",))]) == []


def test_a_thousand_nested_indexes_are_no_trouble():
    images = [image(f"{n:04}", 9 - n / 1000, children=(f"{n - 1:04}",)) for n in range(1000)]
    assert [each[0] for each in done(policy(UNTAGGED), images)] == [f"{n:04}" for n in reversed(range(1000))]


def test_a_referrer_follows_its_subject_whatever_its_own_tags_and_counts_for_nothing():
    images = [
        *(image("A", 9, "v1"), image("B", 8, "v2")),
        *(image("S", 1, "v3", subject="A"), image("T", 1, subject="S"), image("U", 7, "v4", subject="B")),
    ]
    assert done(policy(rule(1, 1)), images) == [
        ("A", "EXPIRE", 1, ""),
        ("S", "EXPIRE", 1, "A"),
        ("T", "EXPIRE", 1, "A"),
    ]
    assert expired(policy(rule(1, 2)), images) == ""


def test_a_referrer_without_its_subject_is_an_image_like_others():
    assert expired(policy(UNTAGGED), [image("S", 9, subject="gone")]) == "S"


def test_a_chain_of_referrers_is_no_trouble():
    images = [image("0000", 9), *(image(f"{n:04}", 8, subject=f"{n - 1:04}") for n in range(1, 3000))]
    assert len(done(policy(UNTAGGED), images)) == 3000


def test_referrers_go_into_the_archive_with_their_subject():
    images = [image("A", 9, "v1"), image("S", 1, subject="A")]
    assert done(policy(rule(1, ("sinceImagePushed", 5), "any", ARCHIVE)), images) == [
        ("A", "TRANSITION", 1, ""),
        ("S", "TRANSITION", 1, "A"),
    ]


def test_what_is_spared_counts_and_stays_with_what_it_names():
    images = [image("A", 9, "a1"), image("B", 8, "a2"), image("C", 7, "a3")]
    assert expired(policy(rule(1, 1)), images, ["A"]) == "B"
    named = [image("X", 9), image("I", 8, children=("X",)), image("S", 1, subject="I")]
    assert expired(policy(UNTAGGED), named, ["I"]) == ""


def test_what_is_spared_does_not_free_the_image_for_a_later_rule():
    read = policy(rule(1, 1, ["a*"]), rule(2, 1))
    assert expired(read, [image("A", 9, "a1"), image("B", 8, "a2"), image("C", 7, "c")], ["A"]) == ""


def test_an_index_takes_along_what_it_alone_names_where_that_is_asked_for():
    images = [
        *(image("X", 9), image("Y", 9), image("Z", 9, "tagged"), image("W", 9)),
        image("I", 8, "old", children=("X", "Y", "Z", "W")),
        image("J", 1, "new", children=("Y",)),
    ]
    read = policy(rule(1, ("sinceImagePushed", 5), ["old*"], FOLLOW))
    assert expired(read, images) == "IWX"
    assert expired(read, images, ["W"]) == "IX"
    assert expired(policy(rule(1, ("sinceImagePushed", 5), ["old*"], EXPIRE)), images) == "I"


def test_by_tag_an_image_loses_tags_and_goes_with_its_last_one():
    images = [image("A", 9, "sha-1", "v1"), image("B", 8, "sha-2"), image("C", 7, "sha-3")]
    read = policy(rule(1, 1, ["sha-*"], BY_TAG))
    found = [(each.record.digest, each.kind, each.tags) for each in evaluate(read, images, NOW).actions]
    assert found == [("A", "UNTAG", ("sha-1",)), ("B", "EXPIRE", ("sha-2",))]


def test_tags_belong_to_the_first_rule_that_they_meet():
    images = [image("A", 9, "sha-1", "v1", "x"), image("B", 1, "sha-2", "v2")]
    both = [rule(1, 5, ["v*"], BY_TAG), rule(2, 1, ["sha-*"], BY_TAG)]
    found = [(each.record.digest, each.kind, each.tags) for each in evaluate(policy(*both), images, NOW).actions]
    assert found == [("A", "UNTAG", ("sha-1",))]
    whole = policy(rule(1, 5, ["v*"], BY_TAG), rule(2, 1))
    assert not evaluate(whole, images, NOW).actions  # a tag of it is another's


def test_tags_that_several_rules_take_are_an_image_together():
    read = policy(rule(1, ("sinceImagePushed", 1), ["v*"], BY_TAG), rule(2, ("sinceImagePushed", 1), ["s*"], BY_TAG))
    assert expired(read, [image("A", 9, "v1", "s1")]) == "A"
