"""Operations on rules, and on patterns by themselves."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.events import inputs
from entrepot.aws.protocol.call import Call
from entrepot.core.events import patterns, rules
from entrepot.core.events.rules import ENABLED, Rule, RuleDraft

Output = Mapping[str, Any]


async def put_rule(call: Call) -> Output:
    """PutRule."""
    given = call.input
    draft = RuleDraft(
        bus=inputs.bus(call),
        name=given["Name"],
        pattern=given.get("EventPattern") or None,
        schedule=given.get("ScheduleExpression") or None,
        state=given.get("State", ENABLED),
        description=given.get("Description", ""),
        role_arn=given.get("RoleArn"),
        tags=inputs.tags(call),
    )
    return {"RuleArn": (await call.core.units.write(rules.put, call.caller, draft)).arn}


async def describe_rule(call: Call) -> Output:
    """DescribeRule."""
    found = await call.core.units.read(rules.describe, call.caller, inputs.bus(call), call.input["Name"])
    return {**_shown(found), "CreatedBy": found.created_by}


async def list_rules(call: Call) -> Output:
    """ListRules."""
    after, most = inputs.start(call, "ListRules"), inputs.limit(call)
    page = await call.core.units.read(rules.list_of, call.caller, inputs.bus(call), inputs.prefix(call), most, after)
    return inputs.shown_page(call, "ListRules", page, "Rules", _shown)


async def list_rule_names_by_target(call: Call) -> Output:
    """ListRuleNamesByTarget."""
    operation, arn = "ListRuleNamesByTarget", call.input["TargetArn"]
    after, most = inputs.start(call, operation), inputs.limit(call)
    page = await call.core.units.read(rules.names_by_target, call.caller, inputs.bus(call), arn, most, after)
    return inputs.shown_page(call, operation, page, "RuleNames", str)


async def enable_rule(call: Call) -> Output:
    """EnableRule."""
    await call.core.units.write(rules.enable, call.caller, inputs.bus(call), call.input["Name"])
    return {}


async def disable_rule(call: Call) -> Output:
    """DisableRule."""
    await call.core.units.write(rules.disable, call.caller, inputs.bus(call), call.input["Name"])
    return {}


async def delete_rule(call: Call) -> Output:
    """DeleteRule; `Force` is for rules that services manage, and there are none here."""
    await call.core.units.write(rules.delete, call.caller, inputs.bus(call), call.input["Name"])
    return {}


async def test_event_pattern(call: Call) -> Output:
    """TestEventPattern."""
    return {"Result": patterns.test(call.caller, call.input["EventPattern"], call.input["Event"])}


def _shown(found: Rule) -> dict[str, Any]:
    return {
        "Name": found.name,
        "Arn": found.arn,
        "EventPattern": found.pattern,
        "ScheduleExpression": found.schedule,
        "State": found.state,
        "Description": found.description or None,
        "RoleArn": found.role_arn,
        "EventBusName": found.bus.name,
    }
