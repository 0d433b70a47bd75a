"""PutEvents: what users send."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.protocol.call import Call
from entrepot.core.events import sending
from entrepot.core.events.sending import Entry, RefusedEntry
from entrepot.errors import ParameterInvalid
from entrepot.spec.event_arns import DEFAULT_BUS

Output = Mapping[str, Any]


async def put_events(call: Call) -> Output:
    """PutEvents: the events that can be are durable when this answers."""
    if "EndpointId" in call.input:
        raise ParameterInvalid(parameter="EndpointId", reason="there are no global endpoints here")
    entries = [_entry(given) for given in call.input["Entries"]]
    checked = await call.core.units.read(sending.check, call.caller, entries)
    if not all(isinstance(each, RefusedEntry) for each in checked):
        await call.core.events.units.write(sending.take, checked, call.caller.at)
    shown = [
        {"ErrorCode": each.code, "ErrorMessage": each.message}
        if isinstance(each, RefusedEntry)
        else {"EventId": each.id}
        for each in checked
    ]
    return {"FailedEntryCount": sum(isinstance(each, RefusedEntry) for each in checked), "Entries": shown}


def _entry(given: Mapping[str, Any]) -> Entry:
    return Entry(
        bus=given.get("EventBusName", DEFAULT_BUS),
        source=given.get("Source", ""),
        detail_type=given.get("DetailType", ""),
        detail=given.get("Detail", ""),
        resources=tuple(given.get("Resources", ())),
        time=given.get("Time"),
    )
