"""Operations on event buses and their policies."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.events import inputs
from entrepot.aws.protocol.call import Call
from entrepot.core.events import bus_policies, buses
from entrepot.core.events.bus_policies import Grant
from entrepot.core.events.buses import ShownBus
from entrepot.errors import ParameterInvalid
from entrepot.spec.event_arns import DEFAULT_BUS

Output = Mapping[str, Any]
_GRANT = ("Action", "Principal", "StatementId")


async def create_event_bus(call: Call) -> Output:
    """CreateEventBus."""
    _refuse_absent(call)
    given = call.input
    made = await call.core.units.write(
        buses.create, call.caller, given["Name"], given.get("Description", ""), inputs.tags(call)
    )
    return {"EventBusArn": made.key.arn, "Description": made.description or None}


async def describe_event_bus(call: Call) -> Output:
    """DescribeEventBus."""
    return _shown(await call.core.units.read(buses.describe, call.caller, call.input.get("Name", DEFAULT_BUS)))


async def list_event_buses(call: Call) -> Output:
    """ListEventBuses."""
    after = inputs.start(call, "ListEventBuses")
    page = await call.core.units.read(buses.list_of, call.caller, inputs.prefix(call), inputs.limit(call), after)
    return inputs.shown_page(call, "ListEventBuses", page, "EventBuses", _shown)


async def update_event_bus(call: Call) -> Output:
    """UpdateEventBus."""
    _refuse_absent(call)
    name, description = call.input.get("Name", DEFAULT_BUS), call.input.get("Description")
    changed = await call.core.units.write(buses.update, call.caller, name, description)
    return {"Arn": changed.key.arn, "Name": changed.key.name, "Description": changed.description or None}


async def delete_event_bus(call: Call) -> Output:
    """DeleteEventBus."""
    await call.core.units.write(buses.delete, call.caller, call.input["Name"])
    return {}


async def put_permission(call: Call) -> Output:
    """PutPermission: a whole policy, or one statement of it."""
    name, text = inputs.bus(call), call.input.get("Policy")
    if text is None:
        await call.core.units.write(bus_policies.grant, call.caller, name, _grant(call))
        return {}
    if any(member in call.input for member in (*_GRANT, "Condition")):
        raise ParameterInvalid(parameter="Policy", reason="it must not be given together with parts of a statement")
    await call.core.units.write(bus_policies.put, call.caller, name, text)
    return {}


async def remove_permission(call: Call) -> Output:
    """RemovePermission."""
    name, statement = inputs.bus(call), call.input.get("StatementId")
    if call.input.get("RemoveAllPermissions", False):
        await call.core.units.write(bus_policies.remove_all, call.caller, name)
        return {}
    if statement is None:
        raise ParameterInvalid(parameter="StatementId", reason="Member must not be null")
    await call.core.units.write(bus_policies.remove, call.caller, name, statement)
    return {}


def _grant(call: Call) -> Grant:
    given = call.input
    for member in _GRANT:
        if member not in given:
            raise ParameterInvalid(parameter=member, reason="Member must not be null")
    if given["Action"] != "events:PutEvents":
        raise ParameterInvalid(parameter="Action", reason="Member must satisfy enum value set: [events:PutEvents]")
    condition = given.get("Condition")
    named = None if condition is None else (condition["Type"], condition["Key"], condition["Value"])
    return Grant(given["StatementId"], given["Principal"], named)


def _refuse_absent(call: Call) -> None:
    """What there is not: partners' sources, keys of KMS (and with them a bus's own dead letters), logs of a bus."""
    inputs.refuse_keys(call)
    if "EventSourceName" in call.input:
        raise ParameterInvalid(parameter="EventSourceName", reason="there are no partner event sources here")
    if call.input.get("DeadLetterConfig", {}).get("Arn"):
        reason = "it is for events that a customer managed key cannot decrypt, and there are none here"
        raise ParameterInvalid(parameter="DeadLetterConfig", reason=reason)
    if call.input.get("LogConfig", {}).get("Level", "OFF") != "OFF":
        raise ParameterInvalid(parameter="LogConfig.Level", reason="buses write no logs here")


def _shown(found: ShownBus) -> Output:
    return {
        "Name": found.key.name,
        "Arn": found.key.arn,
        "Description": found.description or None,
        "Policy": found.policy,
        "CreationTime": found.created_at,
        "LastModifiedTime": found.updated_at,
    }
