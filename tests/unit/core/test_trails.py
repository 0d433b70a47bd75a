"""Use cases on trails: the permission before the existence, an audit record with each change, names and limits."""

import importlib
import inspect
import pkgutil
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

import entrepot.core.audit
from entrepot.core.access import Caller
from entrepot.core.audit import event_selectors, signing_keys, trail_logging, trail_names, trail_tags, trails
from entrepot.core.audit.trails import TrailChange, TrailDraft
from entrepot.core.principals import user_principal
from entrepot.core.rights import Rights
from entrepot.db.database import Transaction
from entrepot.db.schema import metadata
from entrepot.errors import (
    AccessDenied,
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
from entrepot.policy.evaluation import Policies
from entrepot.spec.ulid import new_ulid
from tests.factories.callers import ACCOUNT, EPOCH, OTHER_ACCOUNT, REGION, caller
from tests.factories.core_database import CoreDatabase

ARN = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/main"
# use case -> its arguments, by keyword too, and the operation whose record it leaves; None of a read
CASES: dict[str, tuple[tuple[Any, ...], dict[str, Any], str | None]] = {
    "event_selectors.get": (("main",), {}, None),
    "event_selectors.put": (("main", [{"ReadWriteType": "ReadOnly"}], []), {}, "PutEventSelectors"),
    "signing_keys.list_public": ((None, None), {}, None),
    "trail_logging.start": (("main",), {}, "StartLogging"),
    "trail_logging.status": (("main",), {}, None),
    "trail_logging.stop": (("logging",), {}, "StopLogging"),
    "trail_tags.list_of": (([ARN],), {}, None),
    "trail_tags.put": ((ARN, (("k", "v"),)), {}, "AddTags"),
    "trail_tags.remove": ((ARN, (("kept", ""),)), {}, "RemoveTags"),
    "trails.allow_update": (("main",), {}, None),
    "trails.create": ((TrailDraft("id", "new", "bucket", tags=(("k", "v"),)),), {}, "CreateTrail"),
    "trails.delete": (("main",), {}, "DeleteTrail"),
    "trails.describe": (([],), {"shadows": True}, None),
    "trails.get": (("main",), {}, None),
    "trails.list_all": ((), {}, None),
    "trails.require": (("GetTrail", "main"), {}, None),
    "trails.require_insights": (("main", None), {}, None),
    "trails.require_locked": (("UpdateTrail", "main"), {}, None),
    "trails.update": (("main", TrailChange(multi_region=True)), {}, "UpdateTrail"),
}
# what is given what was authorised, or authorises itself with what it is given
PARTS = {"trails.allow", "trails.told"}
WRITES = {name: case for name, case in CASES.items() if case[2]}
OTHERS = {"lookup", "folding"}  # of the records themselves: they have suites of their own


def work(name: str) -> Callable[..., Any]:
    module, function = name.split(".")
    found: Callable[..., Any] = getattr(importlib.import_module(f"entrepot.core.audit.{module}"), function)
    return found


@pytest.fixture
def house(core: CoreDatabase) -> CoreDatabase:
    """A trail that does not log and one that does."""
    core.write(trails.create, draft("main", tags=(("kept", "1"),)))
    core.write(trails.create, draft("logging"))
    core.write(trail_logging.start, "logging")
    return core


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[CoreDatabase]:
    (tmp_path / "bare").mkdir()
    made = CoreDatabase(tmp_path / "bare")
    yield made
    made.close()


def draft(name: str, **settings: Any) -> TrailDraft:
    return TrailDraft(new_ulid(), name, **{"bucket": "logs", **settings})


def nobody() -> Caller:
    who = user_principal(ACCOUNT, "AIDAALICE", "/alice", "AKIAALICE", 1)
    rights = Rights(who.subject(), Policies())
    return Caller(who, rights, REGION, "127.0.0.1", "tests", str(uuid.uuid4()), secure=False, door="aws", at=EPOCH)


def elsewhere(region: str = "eu-west-1") -> Caller:
    return replace(caller(), region=region)


def contents(core: CoreDatabase) -> dict[str, list[tuple[Any, ...]]]:
    return core.database.read(
        lambda tx: {table.name: [tuple(row) for row in tx.all(table.select())] for table in metadata.sorted_tables}
    )


def test_the_walk_knows_every_use_case():
    found = {
        f"{name}.{function}"
        for name in (each.name for each in pkgutil.iter_modules(entrepot.core.audit.__path__))
        if name not in OTHERS
        for function, value in inspect.getmembers(
            importlib.import_module(f"entrepot.core.audit.{name}"), inspect.isfunction
        )
        if value.__module__ == f"entrepot.core.audit.{name}"
        and not function.startswith("_")
        and list(inspect.signature(value).parameters)[:2] == ["tx", "caller"]
    }
    assert found - PARTS == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_a_denial_changes_nothing_and_is_the_same_whether_or_not_the_trail_exists(
    house: CoreDatabase, bare: CoreDatabase, name: str
):
    arguments, keywords, _ = CASES[name]
    before, said = contents(house), set()
    for core in (house, bare):
        with pytest.raises(AccessDenied) as denied:
            core.write(work(name), *arguments, who=nobody(), **keywords)
        said.add(str(denied.value))
    assert contents(house) == before
    assert len(said) == 1


class Undo(Exception):
    """Raised after a use case has done its work, so that its unit is rolled back."""


@pytest.mark.parametrize("name", WRITES)
def test_a_change_and_its_audit_record_are_there_together_or_not_at_all(house: CoreDatabase, name: str):
    arguments, keywords, operation = WRITES[name]
    before = contents(house)

    def undone(tx: Transaction, acting: Caller) -> None:
        work(name)(tx, acting, *arguments, **keywords)
        raise Undo

    with pytest.raises(Undo):
        house.write(undone)
    assert contents(house) == before
    house.write(work(name), *arguments, **keywords)
    after = contents(house)
    assert {table for table in after if after[table] != before[table]} - {"outbox"}
    (record,) = [row for row in house.outbox("audit") if tuple(row) not in before["outbox"]]
    assert record.name == operation


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case[2] is None])
def test_a_read_changes_nothing(house: CoreDatabase, name: str):
    arguments, keywords, _ = CASES[name]
    before = contents(house)
    try:
        house.write(work(name), *arguments, **keywords)
    except InsightsNotEnabled:
        assert name == "trails.require_insights"
    assert contents(house) == before


@pytest.mark.parametrize("name", [name for name in CASES if name not in {"trails.create", "signing_keys.list_public"}])
def test_another_account_sees_and_changes_nothing(house: CoreDatabase, name: str):
    arguments, keywords, _ = CASES[name]
    before = contents(house)
    answer: Any = ()
    try:
        answer = house.write(work(name), *arguments, who=caller(OTHER_ACCOUNT), **keywords)
    except (AccessDenied, TrailNotFound):
        assert contents(house) == before
    assert not answer


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
    before = contents(house)
    with pytest.raises(fact):
        house.write(trails.create, draft("new", **settings))
    assert contents(house) == before
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


@pytest.mark.parametrize("name", [name for name in WRITES if "create" not in name and "tags" not in name])
def test_a_trail_is_changed_in_its_home_region_only(house: CoreDatabase, name: str):
    arguments, keywords, _ = WRITES[name]
    of = trail_names.TrailName(ACCOUNT, REGION, arguments[0]).arn
    with pytest.raises(TrailElsewhere, match="us-east-1"):
        house.write(work(name), of, *arguments[1:], who=elsewhere(), **keywords)


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
