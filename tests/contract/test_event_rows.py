"""Rows of EventBridge's configuration, over every engine."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from entrepot.db import event_archives, event_buses, event_connections, event_rules
from entrepot.db.database import Conflict
from entrepot.db.event_records import ApiDestination, Archive, Connection, Replay, Rule, Target
from entrepot.spec.event_arns import BusKey, EventKey
from tests.factories.callers import ACCOUNT, EPOCH, OTHER_ACCOUNT, REGION
from tests.factories.rows import Rows

BUS = BusKey(ACCOUNT, REGION, "orders")
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:q"
NAMES = ["A", "A.b", "A_b", "B", "a", "a-b", "a.b", "a_b", "ab", "b"]  # in byte order
LATER = EPOCH + timedelta(seconds=1)


def rule(name: str, **given: Any) -> Rule:
    """A rule's record."""
    made = Rule(f"id-{name}", BUS, name, '{"a": [1]}', None, "ENABLED", "", None, ACCOUNT, EPOCH, EPOCH)
    return replace(made, **given)


def key(kind: str, name: str, account: str = ACCOUNT) -> EventKey:
    return EventKey(account, REGION, kind, name)


def archive(name: str, account: str = ACCOUNT) -> Archive:
    return Archive(f"id-{account}-{name}", key("archive", name, account), "orders", "", None, 0, EPOCH)


def replay(name: str) -> Replay:
    made = key("replay", name)
    return Replay(
        f"id-{name}", made, "", "id", "all", "orders", ("r",), EPOCH, LATER, "STARTING", "", None, EPOCH, None
    )


def connection(name: str) -> Connection:
    made = key("connection", name)
    return Connection(f"id-{name}", made, "", "BASIC", {"a": 1}, b"\0", "AUTHORIZING", "", EPOCH, EPOCH, None)


def destination(name: str) -> ApiDestination:
    made = key("api-destination", name)
    return ApiDestination(f"id-{name}", made, "", "arn", "https://a", "POST", 1, EPOCH, EPOCH)


def paged(page: Any, *place: object, prefix: str = "", most: int = 3) -> Iterator[str]:
    """The names of all pages."""
    after = ""
    while found := page(*place, prefix, after, most):
        for each in found:
            after = each.key.name if hasattr(each, "key") else each.name
            yield after


def test_names_are_listed_in_byte_order_and_a_prefix_means_itself(rows: Rows):
    for name in reversed(NAMES):
        rows.write(event_buses.put, BusKey(ACCOUNT, REGION, name), "", None, EPOCH)
        rows.write(event_rules.add, rule(name))
        rows.write(event_archives.add, archive(name))
        rows.write(event_archives.add_replay, replay(name))
        rows.write(event_connections.add, connection(name))
        rows.write(event_connections.add_destination, destination(name))
    rows.write(event_archives.add, archive("other", OTHER_ACCOUNT))
    place = (ACCOUNT, REGION)
    pages = [
        (event_buses.page, place),
        (event_rules.page, (BUS,)),
        (event_archives.ARCHIVES.list_of, (place,)),
        (event_archives.REPLAYS.list_of, (place,)),
        (event_connections.CONNECTIONS.list_of, (place,)),
        (event_connections.DESTINATIONS.list_of, (place,)),
    ]
    for page, where in pages:
        read = partial(rows.read, page)
        assert list(paged(read, *where)) == NAMES
        for prefix in ("a", "a.", "a_", "A"):
            assert list(paged(read, *where, prefix=prefix)) == [name for name in NAMES if name.startswith(prefix)]


def test_a_bus_is_what_was_set_last_and_the_stamp_is_of_a_region(rows: Rows):
    rows.write(event_buses.put, BUS, "one", None, EPOCH)
    rows.write(event_buses.put, BUS, "two", "{}", LATER)
    found = rows.read(event_buses.find, BUS)
    assert (found.description, found.policy, found.created_at, found.updated_at) == ("two", "{}", EPOCH, LATER)
    assert rows.read(event_buses.stamp, ACCOUNT, REGION) == 0
    for stamp in (2**62, 1):
        rows.write(event_buses.restamp, ACCOUNT, REGION, stamp)
        assert rows.read(event_buses.stamp, ACCOUNT, REGION) == stamp
    assert rows.read(event_buses.stamp, ACCOUNT, "eu-west-1") == 0
    assert rows.read(event_buses.stamp, OTHER_ACCOUNT, REGION) == 0


def test_tags_are_one_value_a_key(rows: Rows):
    for value in ("1", "2"):
        rows.write(event_buses.put_tag, BUS.arn, "k", value)
    rows.write(event_buses.put_tag, BUS.arn, "j", "")
    assert rows.read(event_buses.tags, BUS.arn) == [("j", ""), ("k", "2")]
    rows.write(event_buses.remove_tag, BUS.arn, "j")
    rows.write(event_buses.remove_tags, BUS.arn + "x")
    assert rows.read(event_buses.tags, BUS.arn) == [("k", "2")]


def test_routes_are_the_rules_that_are_not_disabled_with_their_targets(rows: Rows):
    everything = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
    rows.write(event_rules.add, rule("b"))
    rows.write(event_rules.add, rule("a", state=everything, schedule="rate(1 day)", pattern=None))
    rows.write(event_rules.add, rule("c", state="DISABLED", schedule="rate(1 day)"))
    with pytest.raises(Conflict):
        rows.write(event_rules.add, rule("a", id="another"))
    for target in ("2", "1"):
        rows.write(event_rules.put_target, Target("id-b", target, QUEUE))
        rows.write(event_rules.put_target, Target("id-c", target, QUEUE))
    full = Target("id-b", "1", QUEUE, "role", "path", "$", {"SqsParameters": {"MessageGroupId": "g"}}, "dead", 0, 60)
    rows.write(event_rules.put_target, full)
    routes = rows.read(event_rules.routing, BUS)
    assert [(route.rule.name, [each.id for each in route.targets]) for route in routes] == [
        ("a", []),
        ("b", ["1", "2"]),
    ]
    assert routes[1].targets[0] == full
    assert [route.rule.name for route in rows.read(event_rules.scheduled)] == ["a"]
    assert rows.read(event_rules.routing, BusKey(OTHER_ACCOUNT, REGION, "orders")) == []
    assert rows.read(event_rules.names_by_target, BUS, QUEUE, "", 10) == ["b", "c"]
    rows.write(event_rules.put, rule("a", description="text", updated_at=LATER))
    assert rows.read(event_rules.find, BUS, "a") == rule("a", description="text", updated_at=LATER)


def test_a_replay_goes_on_until_it_is_cancelled_or_has_ended(rows: Rows):
    rows.write(event_archives.add_replay, replay("one"))
    assert rows.write(event_archives.advance_replay, "id-one", LATER) is True
    found = rows.read(event_archives.REPLAYS.find, (ACCOUNT, REGION), "one")
    assert (found.state, found.last_at, found.filter_arns) == ("RUNNING", LATER, ("r",))
    assert rows.write(event_archives.cancel_replay, "id-one") is True
    assert rows.write(event_archives.cancel_replay, "id-one") is False
    assert rows.write(event_archives.advance_replay, "id-one", LATER) is False
    assert [each.id for each in rows.read(event_archives.under_way)] == ["id-one"]
    assert rows.read(event_archives.count_under_way, (ACCOUNT, REGION)) == 1
    rows.write(event_archives.end_replay, "id-one", "CANCELLED", "asked", LATER)
    assert rows.read(event_archives.under_way) == []
    assert rows.write(event_archives.cancel_replay, "id-one") is False
    rows.write(event_archives.forget_replays, (ACCOUNT, REGION), LATER)
    assert rows.read(event_archives.REPLAYS.find, (ACCOUNT, REGION), "one").ended_at == LATER
    rows.write(event_archives.forget_replays, (ACCOUNT, REGION), LATER + timedelta(seconds=1))
    assert rows.read(event_archives.REPLAYS.find, (ACCOUNT, REGION), "one") is None


def test_a_connection_is_settled_by_what_was_asked_about_it_as_it_is(rows: Rows):
    made = connection("one")
    rows.write(event_connections.add, made)
    assert rows.read(event_connections.by_arn, made.arn) == made
    assert rows.read(event_connections.by_arn, made.arn.replace("one/", "two/")) is None
    assert [each.id for each in rows.read(event_connections.authorizing)] == [made.id]
    rows.write(event_connections.put, replace(made, updated_at=LATER))
    assert rows.write(event_connections.settle, made, "AUTHORIZED", "", LATER) is False
    now = replace(made, updated_at=LATER)
    assert rows.write(event_connections.settle, now, "DEAUTHORIZED", "refused", None) is True
    found = rows.read(event_connections.CONNECTIONS.find, (ACCOUNT, REGION), "one")
    assert (found.state, found.reason, found.authorized_at, found.sealed) == ("DEAUTHORIZED", "refused", None, b"\0")
