"""Alarms, their kin and history, dashboards and tags over every engine."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from entrepot.core.metrics import alarms
from entrepot.core.metrics.alarm_definitions import CompositeAlarm
from entrepot.core.metrics.alarm_states import State
from entrepot.core.metrics.alarms import Draft
from entrepot.db import alarm_history, dashboards, outbox
from entrepot.db import alarms as rows
from entrepot.db.alarm_records import AlarmKey, AlarmRow, DashboardRow, HistoryRow
from entrepot.db.database import Conflict, Database
from tests.factories.alarm_cases import PLAIN, TOPIC
from tests.factories.callers import ACCOUNT, OTHER_ACCOUNT, REGION, caller

EVERYTHING = 2**62


def alarm(name: str, **changed: Any) -> AlarmRow:
    settings: dict[str, Any] = {
        "key": AlarmKey(changed.pop("account", ACCOUNT), changed.pop("region", REGION), name),
        "kind": "metric",
        "metric": "",
        "definition": "{}",
        "actions_enabled": True,
        "configured_at": 1,
        "state": "OK",
        "reason": "",
        "reason_data": "",
        "updated_at": 1,
        "transitioned_at": 1,
        "evaluation": "",
        "changes": 0,
        "acted": "OK",
        "suppressed_by": "",
        "suppressed_at": 0,
    }
    return AlarmRow(**settings | changed)


@pytest.fixture
def write(database: Database) -> Callable[..., Any]:
    def write(work: Callable[..., Any], *args: Any, **how: Any) -> Any:
        done: Future[Any] = database.submit(lambda tx: work(tx, *args, **how))
        return done.result()

    return write


def test_an_alarm_comes_back_as_it_was_put(write):
    full = alarm(
        "ä b", metric="m", reason="r", reason_data="{}", actions_enabled=False, suppressed_by="Alarm", changes=3
    )
    write(rows.add, full)
    assert write(rows.find, full.key) == full
    assert write(rows.lock, full.key) == full
    assert write(rows.find, AlarmKey(OTHER_ACCOUNT, REGION, "ä b")) is None
    with pytest.raises(Conflict):
        write(rows.add, full)


def test_alarms_are_listed_in_byte_order_within_a_place(write):
    for made in (alarm("b"), alarm("B"), alarm("a1", state="ALARM"), alarm("a2", kind="composite")):
        write(rows.add, made)
    write(rows.add, alarm("elsewhere", region="eu-west-1"))

    def names(kind: str = "metric", prefix: str = "", state: str = "", after: str = "", limit: int = 10) -> list[str]:
        return [row.key.name for row in write(rows.page, ACCOUNT, REGION, kind, prefix, state, limit, after)]

    assert names() == ["B", "a1", "b"]
    assert names(limit=1, after="B") == ["a1"]
    assert names(prefix="a") == ["a1"]
    assert names(state="ALARM") == ["a1"]
    assert names("composite") == ["a2"]
    assert write(rows.count, ACCOUNT, REGION) == 4


def test_metric_alarms_of_every_account_are_walked_in_order(write):
    made = [alarm("b"), alarm("a"), alarm("a", account=OTHER_ACCOUNT), alarm("c", region="eu-west-1")]
    for each in [*made, alarm("d", kind="composite")]:
        write(rows.add, each)
    found, after = [], AlarmKey("", "", "")
    while page := write(rows.watching, after, 2):
        found += [row.key for row in page]
        after = found[-1]
    assert found == sorted(each.key for each in made)


def test_kin_is_found_both_ways_and_goes_with_its_parent(write):
    for made in (alarm("one"), alarm("two"), alarm("top", kind="composite")):
        write(rows.add, made)
    top = AlarmKey(ACCOUNT, REGION, "top")
    write(rows.set_children, top, ["two", "one"])
    assert [row.key.name for row in write(rows.children, top)] == ["one", "two"]
    assert [row.key.name for row in write(rows.parents, AlarmKey(ACCOUNT, REGION, "two"))] == ["top"]
    with pytest.raises(Conflict):
        write(rows.remove, AlarmKey(ACCOUNT, REGION, "one"))
    write(rows.set_children, top, ["two"])
    write(rows.remove, AlarmKey(ACCOUNT, REGION, "one"))
    write(rows.remove, top)
    assert write(rows.parents, AlarmKey(ACCOUNT, REGION, "two")) == []


def test_changes_of_a_row_are_those_that_were_meant(write):
    write(rows.add, alarm("a"))
    key = AlarmKey(ACCOUNT, REGION, "a")
    write(rows.enable, key, enabled=False)
    write(rows.set_state, alarm("a", state="ALARM", reason="r", updated_at=5, changes=1))
    write(rows.suppress, key, "OK", "WaitPeriod", 7)
    write(rows.configure, alarm("a", metric="m", definition="[]", configured_at=9))
    found = write(rows.find, key)
    assert (found.state, found.reason, found.updated_at, found.changes) == ("ALARM", "r", 5, 1)
    assert (found.suppressed_by, found.suppressed_at, found.acted) == ("WaitPeriod", 7, "OK")
    assert (found.metric, found.definition, found.configured_at, found.actions_enabled) == ("m", "[]", 9, True)
    assert [row.key for row in write(rows.suppressed, 10)] == [key]
    assert [row.key for row in write(rows.of_metric, ACCOUNT, REGION, "m")] == [key]


def test_history_is_paged_both_ways_and_forgotten(write):
    key = AlarmKey(ACCOUNT, REGION, "a")
    for number in range(5):
        kind = "metric" if number % 2 else "composite"
        write(alarm_history.add, HistoryRow(f"h{number}", key, kind, number // 2, "StateUpdate", "s", "{}"))

    def ids(after: tuple[int, str], kinds: tuple[str, ...] = ("composite", "metric"), **how: Any) -> list[str]:
        page = write(alarm_history.page, key, kinds, how.get("item", ""), 0, 10, 10, after, newest=how["newest"])
        return [row.id for row in page]

    assert ids((EVERYTHING, ""), newest=True) == ["h4", "h3", "h2", "h1", "h0"]
    assert ids((1, "h2"), newest=True) == ["h1", "h0"]
    assert ids((1, "h2"), newest=False) == ["h3", "h4"]
    assert ids((0, ""), ("metric",), newest=False) == ["h1", "h3"]
    assert ids((0, ""), item="Action", newest=False) == []
    assert write(alarm_history.is_older, 1)
    assert write(alarm_history.forget, 1, 1) == 1
    assert write(alarm_history.forget, 1, 10) == 1
    assert not write(alarm_history.is_older, 1)


def test_dashboards_and_tags_are_put_again_and_removed(write):
    for body in ("1", "2"):
        write(dashboards.put, DashboardRow(ACCOUNT, "main", body, 1))
    write(dashboards.put, DashboardRow(OTHER_ACCOUNT, "main", "theirs", 1))
    assert write(dashboards.find, ACCOUNT, "main").body == "2"
    assert [row.name for row in write(dashboards.page, ACCOUNT, "ma", 10, "")] == ["main"]
    assert write(dashboards.count, ACCOUNT) == 1
    for value in ("a", "b"):
        write(dashboards.put_tag, ACCOUNT, "arn", "k", value)
    assert write(dashboards.tags, ACCOUNT, "arn") == [("k", "b")]
    write(dashboards.remove_tag, ACCOUNT, "arn", "absent")
    write(dashboards.remove_tags, ACCOUNT, "arn")
    assert write(dashboards.tags, ACCOUNT, "arn") == []
    assert write(dashboards.remove, ACCOUNT, "main")
    assert not write(dashboards.remove, ACCOUNT, "main")
    assert write(dashboards.find, OTHER_ACCOUNT, "main").body == "theirs"


def test_a_change_of_state_is_one_transaction_with_what_it_tells(write):
    definition = CompositeAlarm(alarm_rule="ALARM(leaf)", alarm_actions=(TOPIC,))
    services = frozenset({"sns"})
    write(alarms.put_metric, caller(), Draft("leaf", PLAIN, enabled=True, tags=()), services)
    write(alarms.put_composite, caller(), Draft("top", definition, enabled=True, tags=()), services)
    write(alarms.set_state, caller(), "leaf", State("ALARM", "set"))
    assert write(rows.find, AlarmKey(ACCOUNT, REGION, "top")).state == "ALARM"
    assert [row.name for row in write(outbox.page, "action", 10)] == [TOPIC]
    assert len(write(outbox.page, "event", 10)) == 3  # the leaf, and the composite alarm to OK and to ALARM
