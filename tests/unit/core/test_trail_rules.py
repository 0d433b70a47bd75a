"""Trails: names, limits, homes, shadows, tags, periods, as AWS has them."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from entrepot.core.access import Caller
from entrepot.core.audit import event_selectors, signing_keys, trail_logging, trail_names, trail_tags, trails
from entrepot.core.audit.trails import TrailChange
from entrepot.errors import (
    BucketNameInvalid,
    BucketPrefixInvalid,
    Fact,
    InsightsNotEnabled,
    InsightSourceUnclear,
    KeyTimesReversed,
    ResourceTagInvalid,
    TaggedResourceNotFound,
    TaggedResourceUnsupported,
    TrailAlreadyExists,
    TrailArnInvalid,
    TrailBusy,
    TrailElsewhere,
    TrailNameInvalid,
    TrailNotFound,
    TrailsTooMany,
    TrailTagsTooMany,
)
from tests.factories.audit_cases import ARN, CASES, draft, furnish
from tests.factories.callers import ACCOUNT, EPOCH, OTHER_ACCOUNT, REGION, caller
from tests.factories.core_database import CoreDatabase
from tests.factories.use_cases import work

NAMES = ("main", "logging")


@pytest.fixture
def house(core: CoreDatabase) -> CoreDatabase:
    """A trail that does not log and one that does."""
    furnish(core.write)
    return core


def elsewhere(region: str = "eu-west-1") -> Caller:
    return replace(caller(), region=region)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ab", "too short"),
        ("a" * 129, "too long"),
        ("a b c", "can only contain"),
        ("-abc", "starts with"),
        ("abc.", "ends with"),
        ("my-_namespace", "adjacent"),
        ("my--namespace", "adjacent"),
        ("192.168.5.4", "IP address"),
    ],
)
def test_a_name_that_no_trail_can_have_is_refused(house: CoreDatabase, name: str, said: str):
    with pytest.raises(TrailNameInvalid, match=said):
        house.write(trails.create, draft(name))
    with pytest.raises(TrailNameInvalid, match=said):
        house.write(trails.get, name)


@pytest.mark.parametrize(
    ("settings", "fact"),
    [
        ({"bucket": "Logs"}, BucketNameInvalid),
        ({"bucket": "a..b"}, BucketNameInvalid),
        ({"bucket": "../secret"}, BucketNameInvalid),
        ({"bucket": ".incoming"}, BucketNameInvalid),
        ({"bucket": "1.2.3.4"}, BucketNameInvalid),
        ({"prefix": "a/../b"}, BucketPrefixInvalid),
        ({"prefix": "a//b"}, BucketPrefixInvalid),
        ({"prefix": "a\0b"}, BucketPrefixInvalid),
        ({"prefix": "é"}, BucketPrefixInvalid),
        ({"prefix": "x/AWSLogs/111122223333"}, BucketPrefixInvalid),
        ({"prefix": "a" * 201}, BucketPrefixInvalid),
        ({"tags": (("aws:k", "v"),)}, ResourceTagInvalid),
        ({"tags": (("k", "v"), ("k", "w"))}, ResourceTagInvalid),
        ({"tags": tuple((str(number), "") for number in range(51))}, TrailTagsTooMany),
    ],
)
def test_a_trail_that_cannot_be_is_refused(house: CoreDatabase, settings: dict[str, Any], fact: type[Fact]):
    before = house.write(trails.list_all), house.outbox("audit")
    with pytest.raises(fact):
        house.write(trails.create, draft("new", **settings))
    assert (house.write(trails.list_all), house.outbox("audit")) == before
    if "tags" not in settings:
        with pytest.raises(fact):
            house.write(trails.update, "main", TrailChange(**settings))


def test_a_region_has_five_trails_at_most_each_of_another_name(house: CoreDatabase):
    with pytest.raises(TrailAlreadyExists, match="Trail main already exists for customer: 000000000000"):
        house.write(trails.create, draft("main"))
    for name in ("abc", "abd", "abe"):
        house.write(trails.create, draft(name))
    with pytest.raises(TrailsTooMany, match="already has 5 trails in us-east-1"):
        house.write(trails.create, draft("abf"))
    house.write(trails.create, draft("abf"), who=elsewhere())
    house.write(trails.create, draft("abf"), who=caller(OTHER_ACCOUNT))
    house.write(trails.delete, "abc")
    house.write(trails.create, draft("abf"))


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:cloudtrail:us-east-1:123:trail/main",
        "arn:aws:cloudtrail:us-east-1:000000000000:main",
        "arn:aws:s3:::bucket",
        "arn:aws:cloudtrail:us-east-1:000000000000:trail/ma in",
    ],
)
def test_an_arn_that_is_none_of_a_trail_is_refused(house: CoreDatabase, arn: str):
    with pytest.raises(TrailArnInvalid):
        house.write(trails.get, arn)


def test_a_trail_is_found_by_name_in_its_region_and_by_arn_everywhere(house: CoreDatabase):
    assert house.write(trails.get, "main") == house.write(trails.get, ARN, who=elsewhere())
    with pytest.raises(TrailNotFound, match="Unknown trail: main for the user: 000000000000"):
        house.write(trails.get, "main", who=elsewhere())


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.action and case.arguments[0] in NAMES])
def test_a_trail_is_changed_in_its_home_region_only(house: CoreDatabase, name: str):
    named, *others = CASES[name].arguments
    of = trail_names.TrailName(ACCOUNT, REGION, named).arn
    with pytest.raises(TrailElsewhere, match="us-east-1"):
        house.write(work(name), of, *others, who=elsewhere())


def test_trails_of_all_regions_are_described_in_all_as_shadows(house: CoreDatabase):
    house.write(trails.create, draft("wide", multi_region=True))

    def names(who: Caller, wanted: list[str], *, shadows: bool = True) -> list[str]:
        return [each.name for each in house.write(trails.describe, wanted, who=who, shadows=shadows)]

    assert names(caller(), []) == ["logging", "main", "wide"]
    assert names(elsewhere(), []) == ["wide"]
    assert names(elsewhere(), [], shadows=False) == []
    assert names(elsewhere(), ["main", ARN]) == []
    assert names(caller(), ["main", "absent", ARN]) == ["main", "main"]
    assert len(house.write(trails.list_all, who=elsewhere())) == 3


def test_a_change_leaves_alone_what_it_does_not_name(house: CoreDatabase):
    before = house.write(trails.get, "main")
    changed = house.write(trails.update, "main", TrailChange(prefix="/p/q/"))
    assert (changed.prefix, changed.bucket, changed.global_events) == ("p/q", before.bucket, before.global_events)
    on = house.write(trails.update, "main", TrailChange(validated=True))
    again = house.write(trails.update, "main", TrailChange(validated=True), who=caller(at=EPOCH + timedelta(days=1)))
    assert on.validated_at == again.validated_at == EPOCH
    assert house.write(trails.update, "main", TrailChange(validated=False)).validated_at is None


def test_logging_says_since_when_and_until_when(house: CoreDatabase):
    later = EPOCH + timedelta(hours=1)
    assert trail_logging_of(house, "main").logging is False
    house.write(trail_logging.start, "main", who=caller(at=EPOCH))
    house.write(trail_logging.start, "main", who=caller(at=later))  # it logs already
    assert trail_logging_of(house, "main").started_at == EPOCH
    house.write(trail_logging.stop, "main", who=caller(at=later))
    house.write(trail_logging.stop, "main", who=caller(at=later + timedelta(hours=1)))
    stopped = trail_logging_of(house, "main")
    assert (stopped.logging, stopped.started_at, stopped.stopped_at) == (False, EPOCH, later)
    assert stopped.periods == ((EPOCH, later),)


def trail_logging_of(house: CoreDatabase, name: str) -> Any:
    return house.write(trail_logging.status, name).trail


def test_a_trail_that_is_started_and_stopped_without_end_is_refused_in_time(house: CoreDatabase):
    with pytest.raises(TrailBusy):  # noqa: PT012 - which of the calls is refused is not the point
        for _ in range(200):
            house.write(trail_logging.start, "main")
            house.write(trail_logging.stop, "main")


def test_whether_anything_logs_is_told_by_account_and_region(house: CoreDatabase):
    def logs(account: str, region: str) -> bool:
        return house.database.read(lambda tx: trail_logging.is_logging(tx, account, region))

    assert logs(ACCOUNT, REGION)
    assert not logs(ACCOUNT, "eu-west-1")
    assert not logs(OTHER_ACCOUNT, REGION)
    house.write(trails.update, "logging", TrailChange(multi_region=True))
    assert logs(ACCOUNT, "eu-west-1")
    house.write(trails.delete, "logging")
    assert not logs(ACCOUNT, REGION)


def test_tags_are_put_listed_and_removed_and_bounded(house: CoreDatabase):
    house.write(trail_tags.put, ARN, (("team", "a"), ("empty", "")))
    house.write(trail_tags.put, ARN, (("team", "b"),))
    (tagged,) = house.write(trail_tags.list_of, [ARN])
    assert tagged.tags == [("empty", ""), ("kept", "1"), ("team", "b")]
    house.write(trail_tags.remove, ARN, (("team", ""), ("absent", "")))
    assert house.write(trail_tags.list_of, [ARN])[0].tags == [("empty", ""), ("kept", "1")]
    with pytest.raises(TrailTagsTooMany):
        house.write(trail_tags.put, ARN, tuple((f"k{number}", "") for number in range(49)))
    with pytest.raises(TaggedResourceNotFound):
        house.write(trail_tags.list_of, [ARN.replace("main", "absent")])
    with pytest.raises(TaggedResourceNotFound):
        house.write(trail_tags.list_of, [ARN] * 21)
    with pytest.raises(TaggedResourceUnsupported):
        house.write(trail_tags.list_of, [f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:eventdatastore/x"])
    with pytest.raises(TrailArnInvalid):
        house.write(trail_tags.list_of, ["main"])


def test_selectors_are_read_as_they_were_put(house: CoreDatabase):
    put = house.write(event_selectors.put, "main", [{"ReadWriteType": "WriteOnly"}], [])
    assert house.write(event_selectors.get, "main").selectors == put.selectors
    assert house.write(event_selectors.get, "logging").selectors.basic[0].read_write_type == "All"


def test_insights_are_of_one_thing_and_of_none(house: CoreDatabase):
    with pytest.raises(InsightsNotEnabled, match="Trail main does not have Insights enabled"):
        house.write(trails.require_insights, "main", None)
    for both in ((None, None), ("main", "store")):
        with pytest.raises(InsightSourceUnclear):
            house.write(trails.require_insights, *both)


def test_times_of_keys_are_in_order(house: CoreDatabase):
    with pytest.raises(KeyTimesReversed):
        house.write(signing_keys.list_public, EPOCH, EPOCH - timedelta(days=1))
    assert house.write(signing_keys.list_public, EPOCH - timedelta(days=1), None) == []
