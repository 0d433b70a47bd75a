"""Operations on the logging of trails, and their event selectors."""

from entrepot.aws.cloudtrail import shown
from entrepot.aws.cloudtrail.shown import Output
from entrepot.aws.protocol.call import Call
from entrepot.core.audit import event_selectors, trail_logging, trails


async def start_logging(call: Call) -> Output:
    """StartLogging."""
    await call.core.units.write(trail_logging.start, call.caller, call.input["Name"])
    return {}


async def stop_logging(call: Call) -> Output:
    """StopLogging."""
    await call.core.units.write(trail_logging.stop, call.caller, call.input["Name"])
    return {}


async def get_trail_status(call: Call) -> Output:
    """GetTrailStatus."""
    return shown.status(await call.core.units.read(trail_logging.status, call.caller, call.input["Name"]))


async def put_event_selectors(call: Call) -> Output:
    """PutEventSelectors."""
    given = call.input
    basic, advanced = given.get("EventSelectors", ()), given.get("AdvancedEventSelectors", ())
    put = await call.core.units.write(event_selectors.put, call.caller, given["TrailName"], basic, advanced)
    return shown.selected(put)


async def get_event_selectors(call: Call) -> Output:
    """GetEventSelectors."""
    return shown.selected(await call.core.units.read(event_selectors.get, call.caller, call.input["TrailName"]))


async def get_insight_selectors(call: Call) -> Output:
    """GetInsightSelectors: no trail has any."""
    given = call.input
    await call.core.units.read(
        trails.require_insights, call.caller, given.get("TrailName"), given.get("EventDataStore")
    )
    return {}
