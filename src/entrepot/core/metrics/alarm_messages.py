"""What a change of an alarm's state says: to rules ("Alarm events and EventBridge"), to topics, to functions, and in
its history. Pure.
"""

import uuid
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec

from entrepot.core.metrics import alarm_definitions, alarm_places
from entrepot.core.metrics.alarm_definitions import CompositeAlarm, MetricAlarm, MetricQuery, MetricStat
from entrepot.db.alarm_records import AlarmRow
from entrepot.spec.moments import moment

Json = Mapping[str, Any]
DETAIL_TYPE: Final = "CloudWatch Alarm State Change"
_LONGEST: Final = 4095  # of the data of a history item


class Change(NamedTuple):
    """An alarm before and after its state changed."""

    before: AlarmRow
    after: AlarmRow


def event(change: Change) -> Json:
    """The body of an event: source, resources, detail."""
    after = change.after
    detail = {
        "alarmName": after.key.name,
        "state": _state(after),
        "previousState": _state(change.before),
        "configuration": _configuration(after),
    }
    return {"source": "aws.cloudwatch", "resources": [alarm_places.arn_of(after)], "detail": detail}


def invocation(change: Change) -> Json:
    """What a Lambda function is invoked with."""
    after = change.after
    return {
        "source": "aws.cloudwatch",
        "alarmArn": alarm_places.arn_of(after),
        "accountId": after.key.account,
        "time": _told(after.transitioned_at),
        "region": after.key.region,
        "alarmData": {
            "alarmName": after.key.name,
            "state": _state(after),
            "previousState": _state(change.before),
            "configuration": _configuration(after),
        },
    }


def notification(change: Change) -> Json:
    """What an SNS topic is told."""
    before, after = change
    definition = alarm_definitions.decoded(after.kind, after.definition)
    return {
        "AlarmName": after.key.name,
        "AlarmDescription": definition.alarm_description,
        "AWSAccountId": after.key.account,
        "AlarmConfigurationUpdatedTimestamp": _told(after.configured_at),
        "NewStateValue": after.state,
        "NewStateReason": after.reason,
        "StateChangeTime": _told(after.transitioned_at),
        "Region": after.key.region,
        "AlarmArn": alarm_places.arn_of(after),
        "OldStateValue": before.state,
        "OKActions": definition.ok_actions,
        "AlarmActions": definition.alarm_actions,
        "InsufficientDataActions": definition.insufficient_data_actions,
        **({"Trigger": _trigger(definition)} if isinstance(definition, MetricAlarm) else _rule(definition)),
    }


def subject(change: Change) -> str:
    """The subject of a notification: at most 100 printable characters."""
    text = f'{change.after.state}: "{change.after.key.name}" in {change.after.key.region}'
    return "".join(each if " " <= each <= "~" else "?" for each in text)[:100]


def state_update(change: Change) -> str:
    """The data of the history item of a change."""
    before, after = change
    full = {"version": "1.0", "oldState": _past(before), "newState": _past(after)}
    return _fitting(
        full, {"version": "1.0", "oldState": _past(before, data=False), "newState": _past(after, data=False)}
    )


def configuration_update(kind: str, row: AlarmRow) -> str:
    """The data of the history item of another definition; `kind` is Create, Update or Delete."""
    full = {
        "version": "1.0",
        "type": kind,
        f"{kind.lower()}dAlarm": {
            "alarmName": row.key.name,
            "alarmArn": alarm_places.arn_of(row),
            "actionsEnabled": row.actions_enabled,
            "stateValue": row.state,
            **msgspec.json.decode(row.definition),
        },
    }
    return _fitting(full, {"version": "1.0", "type": kind})


def _fitting(full: Json, short: Json) -> str:
    text = msgspec.json.encode(full).decode()
    return text if len(text) <= _LONGEST else msgspec.json.encode(short).decode()[:_LONGEST]


def _past(row: AlarmRow, *, data: bool = True) -> Json:
    told: dict[str, Any] = {"stateValue": row.state, "stateReason": row.reason}
    if row.reason_data and data:
        told["stateReasonData"] = msgspec.Raw(row.reason_data.encode())
    return told


def _state(row: AlarmRow) -> Json:
    told = {"value": row.state, "reason": row.reason, "timestamp": _told(row.updated_at)}
    if row.reason_data:
        told["reasonData"] = row.reason_data
    if row.suppressed_by:
        told["actionsSuppressedBy"] = row.suppressed_by
    return told


def _told(at: int) -> str:
    return f"{moment(at):%Y-%m-%dT%H:%M:%S}.{at // 1000 % 1000:03d}+0000"


def _configuration(row: AlarmRow) -> Json:
    definition = alarm_definitions.decoded(row.kind, row.definition)
    described = {} if definition.alarm_description is None else {"description": definition.alarm_description}
    if isinstance(definition, CompositeAlarm):
        rule = _rule(definition)
        return {**described, **{name[:1].lower() + name[1:]: value for name, value in rule.items()}}
    single = str(uuid.uuid5(uuid.NAMESPACE_URL, alarm_places.arn_of(row)))
    return {
        **described,
        "metrics": [_query(each, single if not definition.metrics else each.id) for each in definition.queries],
    }


def _rule(definition: CompositeAlarm) -> Json:
    told: dict[str, Any] = {"AlarmRule": definition.alarm_rule}
    if definition.actions_suppressor is not None:
        told["ActionsSuppressor"] = definition.actions_suppressor
        told["ActionsSuppressorWaitPeriod"] = definition.actions_suppressor_wait_period
        told["ActionsSuppressorExtensionPeriod"] = definition.actions_suppressor_extension_period
    return told


def _query(query: MetricQuery, name: str) -> Json:
    told: dict[str, Any] = {"id": name, "returnData": query.return_data is not False}
    if query.label is not None:
        told["label"] = query.label
    if query.expression is not None:
        told["expression"] = query.expression
    if query.metric_stat is not None:
        told["metricStat"] = _stat(query.metric_stat)
    return told


def _stat(stat: MetricStat) -> Json:
    metric = {
        "dimensions": {each.name: each.value for each in stat.metric.dimensions},
        "name": stat.metric.metric_name,
        "namespace": stat.metric.namespace,
    }
    unit = {} if stat.unit is None else {"unit": stat.unit}
    return {"metric": metric, "period": stat.period, "stat": stat.stat, **unit}


def _trigger(alarm: MetricAlarm) -> Json:
    judged: dict[str, Any] = {
        "Period": alarm.seconds,
        "EvaluationPeriods": alarm.evaluation_periods,
        "DatapointsToAlarm": alarm.judge.datapoints,
        "ComparisonOperator": alarm.comparison_operator,
        "Threshold": alarm.threshold,
        "TreatMissingData": alarm.treat_missing_data or "missing",
        "EvaluateLowSampleCountPercentile": alarm.evaluate_low_sample_count_percentile or "",
    }
    if alarm.metrics:
        return {"Metrics": [msgspec.to_builtins(query) for query in alarm.metrics], **judged}
    return {
        "MetricName": alarm.metric_name,
        "Namespace": alarm.namespace,
        "StatisticType": "Statistic" if alarm.statistic else "ExtendedStatistic",
        "Statistic" if alarm.statistic else "ExtendedStatistic": alarm.statistic or alarm.extended_statistic,
        "Unit": alarm.unit,
        "Dimensions": [{"value": each.value, "name": each.name} for each in alarm.dimensions],
        **judged,
    }
