"""Alarms and their history, as CloudWatch shows them."""

from collections.abc import Mapping, Sequence
from typing import Any

from entrepot.core.metrics import alarm_listing
from entrepot.core.metrics.alarm_listing import AlarmRow, HistoryRow
from entrepot.spec.moments import moment

Output = Mapping[str, Any]
TYPES = {"metric": "MetricAlarm", "composite": "CompositeAlarm"}
_SUPPRESSED = {
    "Alarm": "the suppressor alarm is in ALARM",
    "WaitPeriod": "the suppressor alarm may still go into ALARM",
    "ExtensionPeriod": "the suppressor alarm has left ALARM a while ago",
}


def alarms(rows: Sequence[AlarmRow]) -> Output:
    """Both lists of alarms."""
    return {f"{name}s": [alarm(row) for row in rows if row.kind == kind] for kind, name in TYPES.items()}


def alarm(row: AlarmRow) -> Output:
    """An alarm in full."""
    shown = {
        "AlarmName": row.key.name,
        "AlarmArn": alarm_listing.arn_of(row.key),
        "AlarmConfigurationUpdatedTimestamp": moment(row.configured_at),
        "ActionsEnabled": row.actions_enabled,
        "OKActions": [],
        "AlarmActions": [],
        "InsufficientDataActions": [],
        **({"Dimensions": []} if row.kind == "metric" else {}),
        **alarm_listing.definition_of(row),
        "StateValue": row.state,
        "StateReason": row.reason,
        "StateUpdatedTimestamp": moment(row.updated_at),
        "StateTransitionedTimestamp": moment(row.transitioned_at),
        "StateReasonData": row.reason_data or None,
        "EvaluationState": row.evaluation or None,
    }
    if row.suppressed_by:
        reason = f"Actions suppressed: {_SUPPRESSED[row.suppressed_by]}"
        shown |= {"ActionsSuppressedBy": row.suppressed_by, "ActionsSuppressedReason": reason}
    return shown


def kin(rows: Sequence[AlarmRow], *, children: bool) -> Output:
    """Children, or parents, of an alarm: the little that is told of them."""
    listed: dict[str, list[Output]] = {f"{name}s": [] for name in TYPES.values()}
    for row in rows:
        state = {"StateValue": row.state, "StateUpdatedTimestamp": moment(row.updated_at)} if children else {}
        told = {"AlarmName": row.key.name, "AlarmArn": alarm_listing.arn_of(row.key), **state}
        listed[f"{TYPES[row.kind]}s"].append(told)
    return listed


def history_item(row: HistoryRow) -> Output:
    """Something that happened to an alarm."""
    return {
        "AlarmName": row.key.name,
        "AlarmType": TYPES[row.kind],
        "Timestamp": moment(row.at),
        "HistoryItemType": row.item,
        "HistorySummary": row.summary,
        "HistoryData": row.data,
    }
