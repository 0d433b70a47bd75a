"""The examples of ECR's user guide, with the outcome that it tells."""

import pytest

from entrepot.pattern.lifecycle.evaluation import evaluate
from entrepot.pattern.lifecycle.records import Record
from tests.factories.lifecycle import ARCHIVE, NOW, expired, image, policy, rule

PROD_BETA = [image("A", 10, "beta-1", "prod-1"), image("B", 9, "beta-2", "prod-2"), image("C", 8, "beta-3")]
ALPHA_BETA = [
    *(image("A", 12, "alpha-1"), image("B", 11, "beta-1"), image("C", 10, "alpha-2", "beta-2")),
    *(image("D", 4, "alpha-3"), image("E", 3, "beta-3"), image("F", 2, "alpha-4", "beta-4")),
]
GAMMA = [
    image("A", 10, "alpha-1", "beta-1", "gamma-1"),
    image("B", 9, "alpha-2", "beta-2"),
    image("C", 8, "alpha-3", "beta-3", "gamma-2"),
]
ANY = [image("A", 4, "alpha-1"), image("B", 3, "beta-1"), image("C", 2), image("D", 1, "alpha-2")]
MIXED = [
    *(image("A", 4, "alpha-1", "beta-1"), image("B", 3), image("C", 2, "alpha-2")),
    *(image("D", 1, "git hash"), image("E", 1)),
]
PUSHED = "sinceImagePushed"


@pytest.mark.parametrize(
    ("images", "rules", "outcome"),
    [
        (PROD_BETA, [rule(1, 1, ["prod*"]), rule(2, 1, ["beta*"])], "A"),
        (PROD_BETA, [rule(1, 1, ["beta*"]), rule(2, 1, ["prod*"])], "AB"),
        (ALPHA_BETA, [rule(1, (PUSHED, 5), ["alpha*", "beta*"])], "C"),
        (GAMMA, [rule(1, 1, ["alpha*", "beta*"])], "AB"),
        (ANY, [rule(1, 1)], "ABC"),
        (MIXED, [rule(1, 1, ["alpha*"]), rule(2, (PUSHED, 1), "untagged"), rule(3, 1)], "ABD"),
        ([image("A", 15, "prod-1"), image("B", 13, "prod-2")], [rule(1, (PUSHED, 14), ["prod*"])], "A"),
        ([image("A", 2), image("B", 1), image("C", 3, "v1")], [rule(1, 1, "untagged")], "A"),
    ],
    ids=["A1", "A2", "B", "C", "all", "all-after-others", "age", "count"],
)
def test_the_outcome_is_the_documented_one(images: list[Record], rules: list[object], outcome: str):
    assert expired(policy(*rules), images) == outcome
    assert expired(policy(*reversed(rules)), images[::-1]) == outcome


def test_prefixes_must_all_be_met_as_patterns_must():
    prefixes = {
        "rulePriority": 1,
        "selection": {
            "tagStatus": "tagged",
            "tagPrefixList": ["alpha", "beta"],
            "countType": PUSHED,
            "countUnit": "days",
            "countNumber": 5,
        },
        "action": {"type": "expire"},
    }
    assert expired(policy(prefixes), ALPHA_BETA) == "C"


def test_what_was_not_pulled_for_long_goes_into_the_archive_and_expires_there_after_90_days_at_least():
    read = policy(
        rule(1, ("sinceImagePulled", 30), "any", ARCHIVE),
        rule(2, ("sinceImageTransitioned", 1), "any", storageClass="archive"),
    )
    images = [
        image("never", 40),
        image("long-ago", 90, pulled_at=image("", 31).pushed_at),
        image("lately", 90, pulled_at=image("", 29).pushed_at),
        image("restored", 90, pulled_at=image("", 80).pushed_at, activated_at=image("", 2).pushed_at),
        image("archived", 200, is_archived=True, archived_at=image("", 91).pushed_at),
        image("archived-later", 200, is_archived=True, archived_at=image("", 89).pushed_at),
    ]
    actions = {each.record.digest: each.kind for each in evaluate(read, images, NOW).actions}
    assert actions == {"never": "TRANSITION", "long-ago": "TRANSITION", "archived": "EXPIRE"}
