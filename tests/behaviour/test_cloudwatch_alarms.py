"""Alarms, dashboards and their tags through boto3: each operation of CloudWatch's API that is about them."""

import itertools
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.behaviour.callers import User, allow
from tests.factories.processes import Server
from tests.factories.waiting import wait

_numbers = itertools.count()
REGION, ACCOUNT = "us-east-1", "000000000000"
SETTINGS = {
    "Namespace": "Demo",
    "MetricName": "Load",
    "Dimensions": [{"Name": "Host", "Value": "a"}],
    "Statistic": "Average",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 10.0,
    "ComparisonOperator": "GreaterThanThreshold",
    "TreatMissingData": "ignore",  # without points, a state that was set stays
}


@pytest.fixture(scope="session")
def cloudwatch(server: Server) -> Any:
    return server.client("cloudwatch")


@pytest.fixture
def name() -> str:
    return f"alarm-{next(_numbers)}"


@pytest.fixture
def alarm(cloudwatch: Any, name: str) -> Callable[..., str]:
    def make(suffix: str = "", **settings: Any) -> str:
        cloudwatch.put_metric_alarm(AlarmName=name + suffix, **SETTINGS | settings)
        return name + suffix

    return make


def refused(call: Callable[..., Any], **given: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as error:
        call(**given)
    return error.value.response["Error"]["Code"], error.value.response["ResponseMetadata"]["HTTPStatusCode"]


def described(cloudwatch: Any, *names: str) -> list[dict[str, Any]]:
    kinds = ["MetricAlarm", "CompositeAlarm"]
    found = cloudwatch.describe_alarms(AlarmNames=list(names), AlarmTypes=kinds)
    return [*found["CompositeAlarms"], *found["MetricAlarms"]]


def test_an_alarm_is_described_as_it_was_put(cloudwatch: Any, alarm):
    more = {"AlarmDescription": "busy", "DatapointsToAlarm": 1, "Unit": "Percent"}
    made = alarm(**more, Tags=[{"Key": "team", "Value": "a"}])
    (found,) = described(cloudwatch, made)
    assert {key: found[key] for key in SETTINGS | more} == SETTINGS | more
    assert found["AlarmArn"] == f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{made}"
    assert (found["StateValue"], found["ActionsEnabled"], found["AlarmActions"]) == ("INSUFFICIENT_DATA", True, [])
    assert datetime.now(UTC) - found["StateUpdatedTimestamp"] < timedelta(minutes=5)
    assert cloudwatch.list_tags_for_resource(ResourceARN=found["AlarmArn"])["Tags"] == [{"Key": "team", "Value": "a"}]


def test_an_alarm_on_an_expression_is_described_as_it_was_put(cloudwatch: Any, name: str):
    metrics = [
        {"Id": "e1", "Expression": "m1 / 2", "Label": "half", "ReturnData": True},
        {
            "Id": "m1",
            "MetricStat": {
                "Metric": {"Namespace": "Demo", "MetricName": "Load", "Dimensions": [{"Name": "Host", "Value": "a"}]},
                "Period": 60,
                "Stat": "p99",
                "Unit": "Count",
            },
            "ReturnData": False,
        },
    ]
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Metrics=metrics,
        EvaluationPeriods=2,
        Threshold=1,
        ComparisonOperator="LessThanOrEqualToThreshold",
    )
    (found,) = described(cloudwatch, name)
    assert found["Metrics"] == metrics
    assert "Namespace" not in found


def test_points_make_an_alarm_within_a_minute_and_its_history_says_so(cloudwatch: Any, alarm):
    made = alarm(MetricName="Fast", Period=10)
    datum = {"MetricName": "Fast", "Dimensions": SETTINGS["Dimensions"], "Value": 50.0, "StorageResolution": 1}

    def alarming() -> list[dict[str, Any]]:
        cloudwatch.put_metric_data(Namespace="Demo", MetricData=[datum])
        return [each for each in described(cloudwatch, made) if each["StateValue"] == "ALARM"]

    (found,) = wait(alarming, 60, pause=1)
    assert found["StateReason"].startswith("Threshold Crossed: 1 out of the last 1 datapoints [50.0 (")
    assert json.loads(found["StateReasonData"])["recentDatapoints"] == [50.0]
    history = cloudwatch.describe_alarm_history(AlarmName=made, HistoryItemType="StateUpdate")["AlarmHistoryItems"]
    assert history[0]["HistorySummary"] == "Alarm updated from INSUFFICIENT_DATA to ALARM"
    assert json.loads(history[0]["HistoryData"])["newState"]["stateValue"] == "ALARM"


def test_composite_alarms_follow_at_once(cloudwatch: Any, alarm):
    one, two = alarm("-1"), alarm("-2")
    top = f"{one}-top"
    cloudwatch.put_composite_alarm(AlarmName=top, AlarmRule=f'ALARM("{one}") AND NOT ALARM({two})')
    (found,) = described(cloudwatch, top)
    assert (found["StateValue"], found["AlarmRule"]) == ("OK", f'ALARM("{one}") AND NOT ALARM({two})')
    cloudwatch.set_alarm_state(AlarmName=one, StateValue="ALARM", StateReason="test")
    assert described(cloudwatch, top)[0]["StateValue"] == "ALARM"
    cloudwatch.set_alarm_state(AlarmName=two, StateValue="ALARM", StateReason="test", StateReasonData="{}")
    assert described(cloudwatch, top)[0]["StateValue"] == "OK"
    children = cloudwatch.describe_alarms(ChildrenOfAlarmName=top)["MetricAlarms"]
    assert [each["AlarmName"] for each in children] == [one, two]
    parents = cloudwatch.describe_alarms(ParentsOfAlarmName=one)["CompositeAlarms"]
    assert parents == [{"AlarmName": top, "AlarmArn": found["AlarmArn"]}]
    assert refused(cloudwatch.delete_alarms, AlarmNames=[one]) == ("ResourceConflict", 409)
    cloudwatch.delete_alarms(AlarmNames=[top, one, two])
    assert described(cloudwatch, top, one, two) == []


def test_alarms_are_listed_in_pages(cloudwatch: Any, alarm):
    names = [alarm(f"-{number}") for number in range(5)]
    prefix = names[0].removesuffix("-0")
    pages = cloudwatch.get_paginator("describe_alarms").paginate(
        AlarmNamePrefix=prefix + "-", PaginationConfig={"PageSize": 2}
    )
    found = [[each["AlarmName"] for each in page["MetricAlarms"]] for page in pages]
    assert found == [names[:2], names[2:4], names[4:]]
    for_metric = cloudwatch.describe_alarms_for_metric(**{key: SETTINGS[key] for key in list(SETTINGS)[:3]})
    assert set(names) <= {each["AlarmName"] for each in for_metric["MetricAlarms"]}
    assert refused(cloudwatch.describe_alarms, NextToken="x") == ("InvalidNextToken", 400)
    history = cloudwatch.get_paginator("describe_alarm_history").paginate(
        AlarmName=names[0], PaginationConfig={"PageSize": 1}
    )
    assert [len(page["AlarmHistoryItems"]) for page in history] == [1]


def test_actions_are_let_run_or_not(cloudwatch: Any, alarm):
    made = alarm()
    cloudwatch.disable_alarm_actions(AlarmNames=[made])
    assert described(cloudwatch, made)[0]["ActionsEnabled"] is False
    cloudwatch.enable_alarm_actions(AlarmNames=[made])
    assert described(cloudwatch, made)[0]["ActionsEnabled"] is True


@pytest.mark.parametrize(
    "given",
    [
        {"Period": 61},
        {"Period": 86400, "EvaluationPeriods": 8},
        {"Statistic": "Sum", "ExtendedStatistic": "p90"},
        {"AlarmActions": [f"arn:aws:sns:{REGION}:999999999999:topic"]},
        {"AlarmActions": ["arn:aws:automate:us-east-1:ec2:stop"]},
        {"ThresholdMetricId": "ad1"},
        {"EvaluationWindow": {"WallClockWindow": {"Timezone": "UTC"}}},
        {"WarmUpConfiguration": {"WarmUpPeriodDurationInMinutes": 5}},
        {"TreatMissingData": "maybe"},
    ],
)
def test_what_cannot_be_watched_or_done_is_refused(cloudwatch: Any, alarm, given: dict[str, Any]):
    with pytest.raises(ClientError) as error:
        alarm(**given)
    assert error.value.response["Error"]["Code"] in {"ValidationError", "ValidationException"}


def test_what_is_not_there_is_said_so(cloudwatch: Any):
    absent = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:absent"
    state = {"AlarmName": "absent", "StateValue": "OK", "StateReason": "x"}
    assert refused(cloudwatch.set_alarm_state, **state) == ("ResourceNotFound", 404)
    assert refused(cloudwatch.delete_alarms, AlarmNames=["absent"]) == ("ResourceNotFound", 404)
    assert refused(cloudwatch.list_tags_for_resource, ResourceARN=absent) == ("ResourceNotFoundException", 404)
    assert refused(cloudwatch.get_dashboard, DashboardName="absent") == ("ResourceNotFound", 404)
    assert cloudwatch.describe_alarms(AlarmNames=["absent"])["MetricAlarms"] == []


def test_a_reason_holds_json(cloudwatch: Any, alarm):
    given = {"AlarmName": alarm(), "StateValue": "OK", "StateReason": "x", "StateReasonData": "{"}
    assert refused(cloudwatch.set_alarm_state, **given) == ("InvalidFormat", 400)


@pytest.fixture
def dashboard(cloudwatch: Any, name: str) -> Iterator[str]:
    widget = {
        "type": "metric",
        "properties": {"region": REGION, "metrics": [["AWS/ECR", "RepositoryPullCount", "RepositoryName", "a"]]},
    }
    body = json.dumps({"widgets": [widget]})
    told = cloudwatch.put_dashboard(DashboardName=name, DashboardBody=body, Tags=[{"Key": "k", "Value": "v"}])
    assert told["DashboardValidationMessages"] == []
    yield name
    cloudwatch.delete_dashboards(DashboardNames=[name])


def test_a_dashboard_is_kept_listed_and_tagged(cloudwatch: Any, dashboard: str):
    found = cloudwatch.get_dashboard(DashboardName=dashboard)
    assert json.loads(found["DashboardBody"])["widgets"][0]["type"] == "metric"
    arn = f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/{dashboard}"
    assert found["DashboardArn"] == arn
    (entry,) = cloudwatch.list_dashboards(DashboardNamePrefix=dashboard)["DashboardEntries"]
    assert (entry["DashboardName"], entry["Size"]) == (dashboard, len(found["DashboardBody"]))
    cloudwatch.tag_resource(ResourceARN=arn, Tags=[{"Key": "k2", "Value": ""}])
    cloudwatch.untag_resource(ResourceARN=arn, TagKeys=["k"])
    assert cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "k2", "Value": ""}]


def test_a_dashboard_that_cannot_be_drawn_says_where(cloudwatch: Any):
    with pytest.raises(ClientError) as error:
        cloudwatch.put_dashboard(DashboardName="bad", DashboardBody='{"widgets": [{"type": "map", "properties": {}}]}')
    answer = error.value.response
    assert answer["Error"]["Code"] == "InvalidParameterInput"
    assert [each["DataPath"] for each in answer["dashboardValidationMessages"]] == ["/widgets/0/type"]
    body = '{"widgets": [], "theme": "dark"}'
    told = cloudwatch.put_dashboard(DashboardName="odd", DashboardBody=body)["DashboardValidationMessages"]
    assert [each["DataPath"] for each in told] == ["/theme"]
    cloudwatch.delete_dashboards(DashboardNames=["odd"])


def test_a_user_may_do_to_an_alarm_what_its_tags_allow(cloudwatch: Any, alarm, user: User):
    mine, other = alarm("-mine", Tags=[{"Key": "team", "Value": "a"}]), alarm("-other")
    condition = {"StringEquals": {"aws:ResourceTag/team": "a"}}
    user.put("own", allow("cloudwatch:SetAlarmState", Condition=condition))
    theirs = user.server.client("cloudwatch", credentials=user.keys)
    theirs.set_alarm_state(AlarmName=mine, StateValue="OK", StateReason="x")
    state = {"AlarmName": other, "StateValue": "OK", "StateReason": "x"}
    assert refused(theirs.set_alarm_state, **state)[0] in {"AccessDenied", "AccessDeniedException"}
