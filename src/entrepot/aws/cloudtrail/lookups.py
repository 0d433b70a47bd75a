"""The audit trail looked up."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.protocol.call import Call
from entrepot.core.audit import lookup, records, user_identity
from entrepot.core.audit.lookup import Wanted
from entrepot.core.audit.operations import source
from entrepot.core.audit.resources import concerned
from entrepot.core.calls import Call as Told
from entrepot.errors import LookupAttributesInvalid
from entrepot.spec.moments import micros, moment

_DEFAULT = 50


async def lookup_events(call: Call) -> Mapping[str, Any]:
    """LookupEvents: of insights there are none."""
    wanted, scope, trail = _wanted(call), _scope(call), call.core.trail
    if "EventCategory" in call.input:
        wanted = Wanted(("EventId", ""), None, None, wanted.limit, None)
    page = await call.core.audit.read(lookup.look_up, call.caller, wanted, trail.days)
    shown = [_event(told, call.account, call.region, aws_constants=trail.aws_constants) for told in page.calls]
    return {"Events": shown, "NextToken": lookup.token(page.after, scope)}


def _wanted(call: Call) -> Wanted:
    """What is looked for: LookupAttributesInvalid, LookupTokenInvalid."""
    given = call.input
    attributes = given.get("LookupAttributes", ())
    if len(attributes) > 1:
        raise LookupAttributesInvalid(reason="Only one lookup attribute can be specified.")
    term = next(((each["AttributeKey"], each["AttributeValue"]) for each in attributes), None)
    start, end = (micros(given[name]) if name in given else None for name in ("StartTime", "EndTime"))
    after = lookup.place(given.get("NextToken"), _scope(call))
    return Wanted(term, start, end, given.get("MaxResults", _DEFAULT), after)


def _scope(call: Call) -> list[str]:
    """What a token is good for."""
    names = ("LookupAttributes", "StartTime", "EndTime", "EventCategory")
    return ["LookupEvents", call.account, call.region, *(f"{name}={call.input.get(name)}" for name in names)]


def _event(told: Told, account: str, region: str, *, aws_constants: bool) -> dict[str, Any]:
    record = records.record(told, account, region, aws_constants=aws_constants)
    return {
        "EventId": record["eventID"],
        "EventName": told.common.operation,
        "ReadOnly": "true" if record["readOnly"] else "false",
        "AccessKeyId": user_identity.access_key_id(told.common.identity, account) or None,
        "EventTime": moment(told.at - told.at % 1_000_000),  # CloudTrail tells whole seconds
        "EventSource": source(told.common.service),
        "Username": user_identity.user_name(told.common.identity, account) or None,
        "Resources": [{"ResourceType": each.type, "ResourceName": each.arn or each.name} for each in concerned(told)],
        "CloudTrailEvent": records.encoded(record).decode(),
    }
