"""API destinations (EventBridge API reference, "CreateApiDestination"): HTTP endpoints that are targets."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from entrepot.core import access
from entrepot.core.access import Caller
from entrepot.core.events import places
from entrepot.core.page import Page
from entrepot.db import event_connections as rows
from entrepot.db.database import Reader, Transaction
from entrepot.db.event_records import ApiDestination
from entrepot.errors import (
    EventInputInvalid,
    EventResourceNotFound,
)
from entrepot.outbound import Destinations
from entrepot.spec import event_arns

__all__ = ["ApiDestination"]

MOST_DESTINATIONS = 3000
DEFAULT_RATE = 300  # invocations a second
_HIGHEST_RATE = 300


@dataclass(frozen=True, slots=True)
class DestinationDraft:
    """What an API destination is to be; None is the default of a new one, and what it was of one that is there."""

    name: str
    description: str | None = None
    connection_arn: str | None = None
    endpoint: str | None = None
    method: str | None = None
    rate: int | None = None
    id: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass(frozen=True, slots=True)
class ShownDestination:
    """An API destination, and whether anything is sent to it."""

    destination: ApiDestination
    active: bool


def create(tx: Transaction, caller: Caller, draft: DestinationDraft, destinations: Destinations) -> ShownDestination:
    """Make an API destination: EventResourceAlreadyExists, EventResourceNotFound for its connection,
    EventInputInvalid, EventQuotaExceeded.
    """
    key = places.own(caller, "api-destination", draft.name)
    access.require(caller, "CreateApiDestination", places.resource(caller, "api-destination", draft.name))
    _check(tx, caller, "CreateApiDestination", draft, destinations)
    places.hold(tx, key.account)
    places.require_new(tx, rows.DESTINATIONS, places.here(caller), draft.name, f"An api-destination '{draft.name}'")
    places.require_room(tx, rows.DESTINATIONS, places.here(caller), "ApiDestinations", MOST_DESTINATIONS)
    made = ApiDestination(
        id=draft.id,
        key=key,
        description=draft.description or "",
        connection_arn=draft.connection_arn or "",
        endpoint=draft.endpoint or "",
        method=draft.method or "",
        rate=draft.rate or DEFAULT_RATE,
        created_at=caller.at,
        updated_at=caller.at,
    )
    rows.add_destination(tx, made)
    places.changed(tx, caller, "CreateApiDestination", _told(draft))
    return _shown(tx, made)


def describe(tx: Reader, caller: Caller, name: str) -> ShownDestination:
    """An API destination: EventResourceNotFound."""
    return _shown(tx, _require(tx, caller, "DescribeApiDestination", name))


def list_of(
    tx: Reader, caller: Caller, prefix: str, connection_arn: str | None, limit: int, after: str
) -> Page[ShownDestination]:
    """A page of the API destinations whose names begin so, of a connection if one is named, by name."""
    places.allow_account(caller, "ListApiDestinations")

    def wanted(each: ApiDestination) -> bool:
        return connection_arn in {None, each.connection_arn}

    page = places.page(tx, rows.DESTINATIONS, places.here(caller), prefix, limit, after, wanted)
    return Page(tuple(_shown(tx, each) for each in page.items), page.after)


def update(tx: Transaction, caller: Caller, draft: DestinationDraft, destinations: Destinations) -> ShownDestination:
    """What an API destination is from now on: EventResourceNotFound, EventInputInvalid."""
    places.hold(tx, caller.principal.account)
    found = _require(tx, caller, "UpdateApiDestination", draft.name)
    _check(tx, caller, "UpdateApiDestination", draft, destinations)
    changed = replace(
        found,
        description=found.description if draft.description is None else draft.description,
        connection_arn=draft.connection_arn or found.connection_arn,
        endpoint=draft.endpoint or found.endpoint,
        method=draft.method or found.method,
        rate=draft.rate or found.rate,
        updated_at=caller.at,
    )
    rows.put_destination(tx, changed)
    places.changed(tx, caller, "UpdateApiDestination", _told(draft))
    return _shown(tx, changed)


def delete(tx: Transaction, caller: Caller, name: str) -> None:
    """Remove an API destination: EventResourceNotFound."""
    places.hold(tx, caller.principal.account)
    found = _require(tx, caller, "DeleteApiDestination", name)
    rows.remove_destination(tx, found.id)
    places.changed(tx, caller, "DeleteApiDestination", {"name": name})


def _require(tx: Reader, caller: Caller, operation: str, name: str) -> ApiDestination:
    verb = operation.removesuffix("ApiDestination").lower()
    called = f"Failed to {verb} the api-destination(s). An api-destination '{name}'"
    return places.require(tx, caller, operation, rows.DESTINATIONS, "api-destination", name, called)


def _check(tx: Reader, caller: Caller, operation: str, draft: DestinationDraft, destinations: Destinations) -> None:
    if draft.connection_arn is not None:
        key = event_arns.parse(draft.connection_arn)
        name = "" if key is None else key.name.partition("/")[0]
        access.require(caller, operation, places.resource(caller, "connection", name))
        found = rows.CONNECTIONS.find(tx, places.here(caller), name)
        if found is None or found.arn != draft.connection_arn:
            raise EventResourceNotFound(resource=f"Connection '{name}'")
    if draft.endpoint is not None and (refusal := destinations.refusal(draft.endpoint.replace("*", "x"))):
        raise EventInputInvalid(reason=f"Parameter InvocationEndpoint is not valid. Reason: {refusal}.")
    if draft.rate is not None and draft.rate > _HIGHEST_RATE:
        raise EventInputInvalid(
            reason=f"Parameter InvocationRateLimitPerSecond is not valid. Reason: it is above {_HIGHEST_RATE}."
        )


def _shown(tx: Reader, found: ApiDestination) -> ShownDestination:
    connection = rows.by_arn(tx, found.connection_arn)
    return ShownDestination(found, connection is not None and connection.state != "DEAUTHORIZED")


def _told(draft: DestinationDraft) -> Mapping[str, object]:
    told = {
        "name": draft.name,
        "description": draft.description,
        "connectionArn": draft.connection_arn,
        "invocationEndpoint": draft.endpoint,
        "httpMethod": draft.method,
        "invocationRateLimitPerSecond": draft.rate,
    }
    return {name: value for name, value in told.items() if value is not None}
