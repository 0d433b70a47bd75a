"""Operations on connections and API destinations."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.events import inputs
from entrepot.aws.protocol.call import Call
from entrepot.core.events import api_destinations, connections
from entrepot.core.events.api_destinations import DestinationDraft, ShownDestination
from entrepot.core.events.connections import Connection, ConnectionDraft
from entrepot.errors import ParameterInvalid

Output = Mapping[str, Any]
_PRIVATE = "InvocationConnectivityParameters"


async def create_connection(call: Call) -> Output:
    """CreateConnection."""
    draft = _draft(call)
    return _changed(await call.core.units.write(connections.create, call.caller, draft, call.core.events.keeping))


async def describe_connection(call: Call) -> Output:
    """DescribeConnection: nothing secret."""
    found = await call.core.units.read(connections.describe, call.caller, call.input["Name"])
    return {**_listed(found), "Description": found.description or None, "AuthParameters": found.shown}


async def list_connections(call: Call) -> Output:
    """ListConnections."""
    after, most, state = inputs.start(call, "ListConnections"), inputs.limit(call), call.input.get("ConnectionState")
    page = await call.core.units.read(connections.list_of, call.caller, inputs.prefix(call), state, most, after)
    return inputs.shown_page(call, "ListConnections", page, "Connections", _listed)


async def update_connection(call: Call) -> Output:
    """UpdateConnection."""
    draft = _draft(call)
    changed = await call.core.units.write(connections.update, call.caller, draft, call.core.events.keeping)
    return {**_changed(changed), "LastAuthorizedTime": changed.authorized_at}


async def deauthorize_connection(call: Call) -> Output:
    """DeauthorizeConnection."""
    changed = await call.core.units.write(connections.deauthorize, call.caller, call.input["Name"])
    return {**_changed(changed), "LastAuthorizedTime": changed.authorized_at}


async def delete_connection(call: Call) -> Output:
    """DeleteConnection: it is gone when this answers."""
    gone = await call.core.units.write(connections.delete, call.caller, call.input["Name"])
    return {**_changed(gone), "LastAuthorizedTime": gone.authorized_at}


async def create_api_destination(call: Call) -> Output:
    """CreateApiDestination."""
    allowed = call.core.events.keeping.destinations
    made = await call.core.units.write(api_destinations.create, call.caller, _destination(call), allowed)
    return _changed_destination(made)


async def describe_api_destination(call: Call) -> Output:
    """DescribeApiDestination."""
    found = await call.core.units.read(api_destinations.describe, call.caller, call.input["Name"])
    return {**_listed_destination(found), "Description": found.destination.description or None}


async def list_api_destinations(call: Call) -> Output:
    """ListApiDestinations."""
    operation, connection = "ListApiDestinations", call.input.get("ConnectionArn")
    after, most = inputs.start(call, operation), inputs.limit(call)
    page = await call.core.units.read(
        api_destinations.list_of, call.caller, inputs.prefix(call), connection, most, after
    )
    return inputs.shown_page(call, operation, page, "ApiDestinations", _listed_destination)


async def update_api_destination(call: Call) -> Output:
    """UpdateApiDestination."""
    allowed = call.core.events.keeping.destinations
    changed = await call.core.units.write(api_destinations.update, call.caller, _destination(call), allowed)
    return _changed_destination(changed)


async def delete_api_destination(call: Call) -> Output:
    """DeleteApiDestination."""
    await call.core.units.write(api_destinations.delete, call.caller, call.input["Name"])
    return {}


def _draft(call: Call) -> ConnectionDraft:
    inputs.refuse_keys(call)
    if _PRIVATE in call.input:
        raise ParameterInvalid(parameter=_PRIVATE, reason="there are no private networks here")
    given = call.input
    return ConnectionDraft(
        given["Name"], given.get("Description"), given.get("AuthorizationType"), given.get("AuthParameters")
    )


def _changed(found: Connection) -> dict[str, Any]:
    return {
        "ConnectionArn": found.arn,
        "ConnectionState": found.state,
        "CreationTime": found.created_at,
        "LastModifiedTime": found.updated_at,
    }


def _listed(found: Connection) -> dict[str, Any]:
    return {
        **_changed(found),
        "Name": found.key.name,
        "StateReason": found.reason or None,
        "AuthorizationType": found.kind,
        "LastAuthorizedTime": found.authorized_at,
    }


def _destination(call: Call) -> DestinationDraft:
    given = call.input
    return DestinationDraft(
        name=given["Name"],
        description=given.get("Description"),
        connection_arn=given.get("ConnectionArn"),
        endpoint=given.get("InvocationEndpoint"),
        method=given.get("HttpMethod"),
        rate=given.get("InvocationRateLimitPerSecond"),
    )


def _changed_destination(found: ShownDestination) -> dict[str, Any]:
    return {
        "ApiDestinationArn": found.destination.arn,
        "ApiDestinationState": "ACTIVE" if found.active else "INACTIVE",
        "CreationTime": found.destination.created_at,
        "LastModifiedTime": found.destination.updated_at,
    }


def _listed_destination(found: ShownDestination) -> dict[str, Any]:
    destination = found.destination
    return {
        **_changed_destination(found),
        "Name": destination.key.name,
        "ConnectionArn": destination.connection_arn,
        "InvocationEndpoint": destination.endpoint,
        "HttpMethod": destination.method,
        "InvocationRateLimitPerSecond": destination.rate,
    }
