"""Alarms: what is refused, what a change of state tells, how they are listed, and to whom not."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from entrepot.core.metrics import alarm_listing, alarms
from entrepot.core.metrics.alarm_definitions import CompositeAlarm, Dimension, MetricQuery
from entrepot.core.metrics.alarm_definitions import Metric as Named
from entrepot.core.metrics.alarm_listing import Wanted
from entrepot.core.metrics.alarm_states import State
from entrepot.core.metrics.alarms import Draft
from entrepot.db import alarms as rows
from entrepot.errors import (
    AlarmInvalid,
    AlarmNotFound,
    AlarmReasonInvalid,
    ExpressionInvalid,
    Fact,
    PeriodInvalid,
    StatisticInvalid,
)
from tests.factories.alarm_cases import (
    FUNCTION,
    MATH,
    PLAIN,
    STAT,
    TOPIC,
    actions,
    history,
    key,
    put,
    row,
    set_state,
)
from tests.factories.callers import ACCOUNT, EPOCH, OTHER_ACCOUNT, REGION, caller
from tests.factories.core_database import CoreDatabase


def test_a_new_alarm_knows_nothing(core: CoreDatabase):
    put(core, "load")
    found = row(core, "load")
    assert (found.state, found.reason) == ("INSUFFICIENT_DATA", "Unchecked: Initial alarm creation")
    assert history(core) == [("ConfigurationUpdate", 'Alarm "load" created')]
    assert core.outbox("event") == []


@pytest.mark.parametrize(
    ("changed", "fact"),
    [
        ({"metric_name": None}, AlarmInvalid),
        ({"metrics": MATH.metrics}, AlarmInvalid),
        ({"namespace": None}, AlarmInvalid),
        ({"period": None}, AlarmInvalid),
        ({"period": 5}, AlarmInvalid),
        ({"period": 61}, PeriodInvalid),
        ({"evaluation_periods": 0}, AlarmInvalid),
        ({"evaluation_periods": 1441}, AlarmInvalid),
        ({"period": 3600, "evaluation_periods": 169}, AlarmInvalid),
        ({"datapoints_to_alarm": 4}, AlarmInvalid),
        ({"threshold": None}, AlarmInvalid),
        ({"comparison_operator": None}, AlarmInvalid),
        ({"comparison_operator": "LessThanLowerThreshold"}, AlarmInvalid),
        ({"statistic": None}, AlarmInvalid),
        ({"extended_statistic": "p99"}, AlarmInvalid),
        ({"statistic": None, "extended_statistic": "Sum"}, AlarmInvalid),
        ({"statistic": None, "extended_statistic": "p999"}, StatisticInvalid),
        ({"treat_missing_data": "unknown"}, AlarmInvalid),
        ({"evaluate_low_sample_count_percentile": "ignore"}, AlarmInvalid),
        ({"alarm_actions": ("arn:aws:automate:us-east-1:ec2:stop",)}, AlarmInvalid),
        ({"alarm_actions": (f"arn:aws:sns:eu-west-1:{ACCOUNT}:told",)}, AlarmInvalid),
        ({"alarm_actions": (f"arn:aws:sns:{REGION}:{OTHER_ACCOUNT}:told",)}, AlarmInvalid),
        ({"ok_actions": (f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:x",)}, AlarmInvalid),
    ],
)
def test_an_alarm_that_could_not_be_evaluated_is_refused(
    core: CoreDatabase, changed: Mapping[str, Any], fact: type[Fact]
):
    with pytest.raises(fact):
        put(core, "load", replace(PLAIN, **changed))
    assert core.row(rows.find, key("load")) is None


@pytest.mark.parametrize(
    ("queries", "fact"),
    [
        ((MetricQuery("m1", STAT), MetricQuery("e1", expression="m1")), AlarmInvalid),
        ((MetricQuery("m1", STAT, return_data=False),), AlarmInvalid),
        ((MetricQuery("e1"),), AlarmInvalid),
        ((MetricQuery("m1", STAT, expression="m1"),), AlarmInvalid),
        ((MetricQuery("m1", STAT, account_id=OTHER_ACCOUNT),), AlarmInvalid),
        ((MetricQuery("m1", replace(STAT, stat="p0x")),), StatisticInvalid),
        ((MetricQuery("m1", replace(STAT, metric=Named("Demo"))),), AlarmInvalid),
        ((MetricQuery("m1", STAT, return_data=False), MetricQuery("e1", expression="m2")), ExpressionInvalid),
        ((MetricQuery("m1", STAT, return_data=False), MetricQuery("e1", expression="AVG(m1)")), AlarmInvalid),
        ((MetricQuery("m1", STAT, return_data=False), MetricQuery("e1", expression="METRICS()")), AlarmInvalid),
        ((MetricQuery("e1", expression="SUM(SEARCH('{A}', 'Sum', 60))"),), AlarmInvalid),
        (
            (
                MetricQuery("m1", STAT, return_data=False),
                MetricQuery("m2", replace(STAT, period=300), return_data=False),
                MetricQuery("e1", expression="m1+m2"),
            ),
            AlarmInvalid,
        ),
    ],
)
def test_an_expression_that_could_not_be_watched_is_refused(
    core: CoreDatabase, queries: tuple[MetricQuery, ...], fact: type[Fact]
):
    with pytest.raises(fact):
        put(core, "math", replace(MATH, metrics=queries))


def test_an_action_without_an_endpoint_is_refused(core: CoreDatabase):
    draft = Draft("load", replace(PLAIN, alarm_actions=(TOPIC,)), enabled=True, tags=())
    with pytest.raises(AlarmInvalid, match="aws_endpoints has no endpoint of sns"):
        core.write(alarms.put_metric, draft, frozenset({"lambda"}))


def test_another_definition_keeps_the_state(core: CoreDatabase):
    put(core, "load")
    set_state(core, "load", "ALARM")
    put(core, "load", replace(PLAIN, threshold=2.0), who=caller(at=EPOCH + timedelta(seconds=1)))
    assert row(core, "load").state == "ALARM"
    assert history(core, item="ConfigurationUpdate")[-1] == ("ConfigurationUpdate", 'Alarm "load" updated')


def test_a_change_of_state_is_history_an_event_and_actions(core: CoreDatabase):
    put(core, "load", replace(PLAIN, alarm_description="busy", alarm_actions=(TOPIC, FUNCTION), ok_actions=(TOPIC,)))
    set_state(core, "load", "ALARM")
    (event,) = core.outbox("event", "CloudWatch Alarm State Change")
    told = json.loads(event.body)
    assert told["source"] == "aws.cloudwatch"
    assert told["resources"] == [f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:load"]
    assert told["detail"]["state"]["value"] == "ALARM"
    assert told["detail"]["previousState"]["reason"] == "Unchecked: Initial alarm creation"
    (metric,) = told["detail"]["configuration"]["metrics"]
    assert metric["metricStat"] == {
        "metric": {"dimensions": {"Host": "a"}, "name": "Load", "namespace": "Demo"},
        "period": 60,
        "stat": "Average",
    }
    assert told["detail"]["configuration"]["description"] == "busy"
    assert actions(core) == [TOPIC, FUNCTION]
    notified, invoked = (json.loads(each.body)["message"] for each in core.outbox("action"))
    assert (notified["NewStateValue"], notified["OldStateValue"]) == ("ALARM", "INSUFFICIENT_DATA")
    assert notified["Trigger"]["Dimensions"] == [{"value": "a", "name": "Host"}]
    assert invoked["alarmData"]["state"]["value"] == "ALARM"
    assert history(core, item="StateUpdate") == [("StateUpdate", "Alarm updated from INSUFFICIENT_DATA to ALARM")]


def test_the_same_state_again_is_no_change(core: CoreDatabase):
    put(core, "load", replace(PLAIN, alarm_actions=(TOPIC,)))
    set_state(core, "load", "ALARM")
    set_state(core, "load", "ALARM", 5)
    assert len(actions(core)) == 1
    assert row(core, "load").updated_at > row(core, "load").transitioned_at


def test_disabled_actions_do_not_run(core: CoreDatabase):
    put(core, "load", replace(PLAIN, alarm_actions=(TOPIC,)))
    core.write(alarms.enable, ["load", "absent"], enabled=False)
    set_state(core, "load", "ALARM")
    core.write(alarms.enable, ["load"], enabled=True)
    assert actions(core) == []
    set_state(core, "load", "OK")
    set_state(core, "load", "ALARM")
    assert actions(core) == [TOPIC]


def test_changes_of_an_alarm_are_told_in_their_order(core: CoreDatabase):
    put(core, "load")
    for second, state in enumerate(("ALARM", "OK", "ALARM")):
        set_state(core, "load", state, second)
    assert [json.loads(each.body)["detail"]["state"]["value"] for each in core.outbox("event")] == [
        "ALARM",
        "OK",
        "ALARM",
    ]


def test_data_of_a_reason_are_json(core: CoreDatabase):
    put(core, "load")
    with pytest.raises(AlarmReasonInvalid):
        core.write(alarms.set_state, "load", State("OK", "set", "{"))
    with pytest.raises(AlarmNotFound):
        core.write(alarms.set_state, "absent", State("OK", "set"))


def test_alarms_are_listed_by_kind_and_name(core: CoreDatabase):
    for name in ("b1", "b2", "a1"):
        put(core, name)
    put(core, "c", CompositeAlarm(alarm_rule="ALARM(a1) OR ALARM(b1)"))
    set_state(core, "b1", "ALARM")

    def named(limit: int = 100, after: tuple[str, str] = ("", ""), **wanted: Any) -> list[str]:
        page = core.read(alarm_listing.describe, Wanted(**wanted), limit, after)
        return [each.key.name for each in page.items]

    both = ("composite", "metric")
    assert named() == ["a1", "b1", "b2"]
    assert named(kinds=both) == ["c", "a1", "b1", "b2"]
    assert named(prefix="b") == ["b1", "b2"]
    assert named(state="ALARM", kinds=both) == ["c", "b1"]
    assert named(names=("b2", "a1", "absent")) == ["a1", "b2"]
    first = core.read(alarm_listing.describe, Wanted(kinds=both), 2, ("", ""))
    assert named(kinds=both, after=first.after) == ["b1", "b2"]
    assert [each.key.name for each in core.read(alarm_listing.kin, "c", children=True)] == ["a1", "b1"]
    assert [each.key.name for each in core.read(alarm_listing.kin, "a1", children=False)] == ["c"]


def test_alarms_of_a_metric_are_those_on_it_alone(core: CoreDatabase):
    put(core, "load")
    put(core, "math", MATH)
    put(core, "other", replace(PLAIN, dimensions=()))
    asked = ("Demo", "Load", (Dimension("Host", "a"),))
    assert [each.key.name for each in core.read(alarm_listing.of_metric, *asked, None, None, None)] == ["load"]
    assert core.read(alarm_listing.of_metric, *asked, "Sum", None, None) == ()
    assert core.read(alarm_listing.of_metric, *asked, "Average", 60, None) != ()
