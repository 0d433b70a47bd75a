"""Members of CloudWatch's requests about alarms, as core takes them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from entrepot.core.metrics import alarm_definitions
from entrepot.core.metrics.alarm_definitions import CompositeAlarm, Dimension, MetricAlarm
from entrepot.core.metrics.alarm_listing import Past, Wanted
from entrepot.core.metrics.alarms import Draft
from entrepot.errors import AlarmInvalid

Given = Mapping[str, Any]
DEFAULT_PAGE: Final = 50
_KINDS: Final = {"MetricAlarm": "metric", "CompositeAlarm": "composite"}
# what an alarm may not have here, and why
_ABSENT: Final = {
    "ActionConfiguration": "tags are not sent with actions",
    "EvaluationCriteria": "there are no PromQL queries",
    "EvaluationInterval": "it is for PromQL alarms",
    "ThresholdMetricId": "there are no anomaly detection models",
    "WarmUpConfiguration": "alarms are evaluated from the start",
}


def metric_alarm(given: Given) -> Draft:
    """What PutMetricAlarm defines: AlarmInvalid for what cannot be had."""
    _refuse_absent(given)
    window = given.get("EvaluationWindow")
    if window is not None and list(window) != ["SlidingWindow"]:
        raise AlarmInvalid(reason="The parameter EvaluationWindow is not supported but for SlidingWindow")
    return _draft(given, _converted(given, MetricAlarm))


def composite_alarm(given: Given) -> Draft:
    """What PutCompositeAlarm defines: AlarmInvalid for what cannot be had."""
    _refuse_absent(given)
    return _draft(given, _converted(given, CompositeAlarm))


def wanted(given: Given) -> Wanted:
    """What DescribeAlarms describes: AlarmInvalid for names beside a prefix."""
    names = given.get("AlarmNames")
    if names and "AlarmNamePrefix" in given:
        raise AlarmInvalid(reason="AlarmNames and AlarmNamePrefix must not be given together")
    return Wanted(
        tuple(names) if names else None,
        given.get("AlarmNamePrefix", ""),
        _kinds(given),
        given.get("StateValue", ""),
        given.get("ActionPrefix", ""),
    )


def kin(given: Given) -> tuple[str, bool]:
    """Of which alarm the children, or the parents, are described: AlarmInvalid for other members beside it."""
    others = given.keys() - {"MaxRecords", "NextToken"}
    if len(others) != 1:
        raise AlarmInvalid(reason="ChildrenOfAlarmName and ParentsOfAlarmName are given alone")
    (member,) = others
    return given[member], member == "ChildrenOfAlarmName"


def of_metric(given: Given) -> tuple[str, str, Sequence[Dimension], str | None, int | None, str | None]:
    """The metric, statistic, period and unit whose alarms are described."""
    dimensions = alarm_definitions.dimensions(given.get("Dimensions", ()))
    statistic = given.get("Statistic") or given.get("ExtendedStatistic")
    return given["Namespace"], given["MetricName"], dimensions, statistic, given.get("Period"), given.get("Unit")


def past(given: Given) -> Past:
    """Which history is described."""
    return Past(
        given.get("AlarmName", ""),
        _kinds(given),
        given.get("HistoryItemType", ""),
        given.get("StartDate"),
        given.get("EndDate"),
        newest=given.get("ScanBy", "TimestampDescending") == "TimestampDescending",
    )


def limit(given: Given) -> int:
    """MaxRecords."""
    return int(given.get("MaxRecords", DEFAULT_PAGE))


def _kinds(given: Given) -> tuple[str, ...]:
    """Log alarms, of which there are none, are none of these."""
    asked = given.get("AlarmTypes") or ["MetricAlarm"]
    return tuple(sorted(_KINDS[each] for each in set(asked) if each in _KINDS)) or ("none",)


def _draft(given: Given, definition: MetricAlarm | CompositeAlarm) -> Draft:
    tags = tuple((tag["Key"], tag["Value"]) for tag in given.get("Tags", ()))
    return Draft(given["AlarmName"], definition, given.get("ActionsEnabled", True), tags)


def _converted(given: Given, kind: type[msgspec.Struct]) -> Any:
    return msgspec.convert(dict(given), kind)


def _refuse_absent(given: Given) -> None:
    for member, why in _ABSENT.items():
        if member in given:
            raise AlarmInvalid(reason=f"The parameter {member} is not supported: {why}")
