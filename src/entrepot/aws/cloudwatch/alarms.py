"""Operations on alarms."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.cloudwatch import alarm_inputs, alarm_shown, tokens
from entrepot.aws.protocol.call import Call
from entrepot.core.metrics import alarm_listing, alarms
from entrepot.core.metrics.alarm_states import State

Output = Mapping[str, Any]


async def put_metric_alarm(call: Call) -> Output:
    """PutMetricAlarm."""
    draft = alarm_inputs.metric_alarm(call.input)
    await call.core.units.write(alarms.put_metric, call.caller, draft, call.core.events.reachable.services)
    return {}


async def put_composite_alarm(call: Call) -> Output:
    """PutCompositeAlarm."""
    draft = alarm_inputs.composite_alarm(call.input)
    await call.core.units.write(alarms.put_composite, call.caller, draft, call.core.events.reachable.services)
    return {}


async def describe_alarms(call: Call) -> Output:
    """DescribeAlarms."""
    given = call.input
    if "ChildrenOfAlarmName" in given or "ParentsOfAlarmName" in given:
        name, children = alarm_inputs.kin(given)
        found = await call.core.units.read(alarm_listing.kin, call.caller, name, children=children)
        return alarm_shown.kin(found, children=children)
    wanted, limit = alarm_inputs.wanted(given), alarm_inputs.limit(given)
    page = await call.core.units.read(alarm_listing.describe, call.caller, wanted, limit, tokens.start_of_alarms(call))
    return {**alarm_shown.alarms(page.items), "NextToken": tokens.following(call, "DescribeAlarms", page.after)}


async def describe_alarms_for_metric(call: Call) -> Output:
    """DescribeAlarmsForMetric."""
    asked = alarm_inputs.of_metric(call.input)
    found = await call.core.units.read(alarm_listing.of_metric, call.caller, *asked)
    return {"MetricAlarms": [alarm_shown.alarm(row) for row in found]}


async def describe_alarm_history(call: Call) -> Output:
    """DescribeAlarmHistory."""
    past, limit = alarm_inputs.past(call.input), alarm_inputs.limit(call.input)
    page = await call.core.units.read(alarm_listing.history, call.caller, past, limit, tokens.start_of_history(call))
    items = [alarm_shown.history_item(row) for row in page.items]
    return {"AlarmHistoryItems": items, "NextToken": tokens.following(call, "DescribeAlarmHistory", page.after)}


async def delete_alarms(call: Call) -> Output:
    """DeleteAlarms."""
    await call.core.units.write(alarms.delete, call.caller, call.input["AlarmNames"])
    return {}


async def set_alarm_state(call: Call) -> Output:
    """SetAlarmState."""
    given = call.input
    state = State(given["StateValue"], given["StateReason"], given.get("StateReasonData", ""))
    await call.core.units.write(alarms.set_state, call.caller, given["AlarmName"], state)
    return {}


async def enable_alarm_actions(call: Call) -> Output:
    """EnableAlarmActions."""
    await call.core.units.write(alarms.enable, call.caller, call.input["AlarmNames"], enabled=True)
    return {}


async def disable_alarm_actions(call: Call) -> Output:
    """DisableAlarmActions."""
    await call.core.units.write(alarms.enable, call.caller, call.input["AlarmNames"], enabled=False)
    return {}
