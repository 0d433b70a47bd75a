"""Composite alarms follow those that their rules name; suppressors keep their actions from running."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from entrepot.core.metrics import alarms
from entrepot.core.metrics.alarm_definitions import CompositeAlarm
from entrepot.db import alarms as rows
from entrepot.errors import AlarmInUse, AlarmInvalid, AlarmNotFound
from tests.factories.alarm_cases import FUNCTION, TOPIC, actions, history, put, release, row, set_state
from tests.factories.callers import ACCOUNT, OTHER_ACCOUNT, REGION
from tests.factories.core_database import CoreDatabase


def test_a_composite_alarm_follows_its_children(core: CoreDatabase):
    put(core, "one")
    put(core, "two")
    put(core, "both", CompositeAlarm(alarm_rule="ALARM(one) AND ALARM(two)", alarm_actions=(TOPIC,)))
    put(core, "over", CompositeAlarm(alarm_rule='NOT OK("both")'))
    assert row(core, "both").state == "OK"
    set_state(core, "one", "ALARM", 1)
    assert row(core, "both").state == "OK"
    set_state(core, "two", "ALARM", 2)
    assert (row(core, "both").state, row(core, "over").state) == ("ALARM", "ALARM")
    arn = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:two"
    assert row(core, "both").reason.startswith(f"{arn} transitioned to ALARM at Thursday 01 January, 2026 00:00:02 UTC")
    assert json.loads(row(core, "both").reason_data)["triggeringAlarms"][0]["arn"] == arn
    assert actions(core) == [TOPIC]
    set_state(core, "one", "OK", 3)
    assert (row(core, "both").state, row(core, "over").state) == ("OK", "OK")


def test_a_rule_cannot_come_to_name_its_own_alarm(core: CoreDatabase):
    put(core, "leaf")
    put(core, "a", CompositeAlarm(alarm_rule="ALARM(leaf)"))
    put(core, "b", CompositeAlarm(alarm_rule="ALARM(a)"))
    for rule in ("ALARM(b)", "ALARM(a)"):
        with pytest.raises(AlarmInvalid, match="depends on itself"):
            put(core, "a", CompositeAlarm(alarm_rule=rule))
    with pytest.raises(AlarmInvalid, match="does not exist"):
        put(core, "c", CompositeAlarm(alarm_rule="ALARM(absent)"))
    with pytest.raises(AlarmInvalid, match="another type"):
        put(core, "leaf", CompositeAlarm(alarm_rule="TRUE"))
    with pytest.raises(AlarmInvalid, match="not an alarm of this account"):
        put(core, "c", CompositeAlarm(alarm_rule=f'ALARM("arn:aws:cloudwatch:{REGION}:{OTHER_ACCOUNT}:alarm:leaf")'))


def test_an_alarm_that_a_rule_names_stays(core: CoreDatabase):
    put(core, "leaf")
    put(core, "top", CompositeAlarm(alarm_rule="ALARM(leaf)"))
    with pytest.raises(AlarmInUse):
        core.write(alarms.delete, ["leaf"])
    core.write(alarms.delete, ["leaf", "top", "absent"])
    assert core.row(rows.count, ACCOUNT, REGION) == 0
    with pytest.raises(AlarmNotFound):
        core.write(alarms.delete, ["leaf"])
    assert ("ConfigurationUpdate", 'Alarm "leaf" deleted') in history(core, name="leaf")


def suppressed(core: CoreDatabase) -> CompositeAlarm:
    put(core, "leaf")
    put(core, "window")
    return CompositeAlarm(
        alarm_rule="ALARM(leaf)",
        alarm_actions=(TOPIC,),
        ok_actions=(FUNCTION,),
        actions_suppressor="window",
        actions_suppressor_wait_period=10,
        actions_suppressor_extension_period=20,
    )


def test_actions_wait_for_a_suppressor_and_run_when_it_does_not_come(core: CoreDatabase):
    put(core, "top", suppressed(core))
    release(core, "top", 10)  # what began with it
    assert core.outbox("action")[-1].name == FUNCTION
    set_state(core, "leaf", "ALARM", 100)
    assert row(core, "top").suppressed_by == "WaitPeriod"
    release(core, "top", 109)
    assert actions(core)[-1] == FUNCTION
    release(core, "top", 110)
    assert actions(core)[-1] == TOPIC
    assert row(core, "top").suppressed_by == ""


def test_a_suppressor_in_alarm_keeps_actions_from_running_until_it_is_over(core: CoreDatabase):
    put(core, "top", suppressed(core))
    release(core, "top", 10)
    before = actions(core)
    set_state(core, "window", "ALARM", 50)
    set_state(core, "leaf", "ALARM", 100)
    assert row(core, "top").suppressed_by == "Alarm"
    release(core, "top", 10_000)
    assert actions(core) == before
    set_state(core, "window", "OK", 10_001)
    release(core, "top", 10_010)
    assert row(core, "top").suppressed_by == "ExtensionPeriod"
    release(core, "top", 10_029)
    assert actions(core) == before
    release(core, "top", 10_030)
    assert actions(core) == [*before, TOPIC]


def test_a_state_that_comes_and_goes_while_it_is_suppressed_runs_nothing(core: CoreDatabase):
    put(core, "top", suppressed(core))
    release(core, "top", 10)
    before = actions(core)
    set_state(core, "leaf", "ALARM", 100)
    set_state(core, "leaf", "OK", 105)
    release(core, "top", 200)
    assert actions(core) == before


@pytest.mark.parametrize(
    "changed",
    [
        {"actions_suppressor": None},
        {"actions_suppressor": "absent"},
        {"actions_suppressor_wait_period": None},
        {"actions_suppressor_extension_period": -1},
    ],
)
def test_a_suppressor_is_there_and_has_both_periods(core: CoreDatabase, changed: Mapping[str, Any]):
    definition = suppressed(core)
    with pytest.raises(AlarmInvalid):
        put(core, "top", replace(definition, **changed))
