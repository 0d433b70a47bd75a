"""An event that is told of a call's audit record: what pulls and decisions at a pull, which write nothing, come to."""

from collections.abc import Mapping

from entrepot.core.audit.operations import event_source
from entrepot.core.calls import Call
from entrepot.core.events.accepting import Envelope
from entrepot.spec.event_ids import event_id


def envelope(
    call: Call, region: str, detail_type: str, place: tuple[str, int], detail: Mapping[str, object]
) -> Envelope:
    """An event in a region of the call's account; `place` tells those of one call apart, and is in the event's id."""
    kind, ordinal = place
    return Envelope(
        id=event_id(call.at, call.request_id, kind, ordinal),
        detail_type=detail_type,
        source=event_source(call.common.service),
        account=call.common.account,
        region=region,
        time=call.at,
        resources=(),
        detail=detail,
    )
