"""Connections (EventBridge API reference, "CreateConnection"): how requests to API destinations are authorised.

Their secrets are sealed with the row and never shown again; there is no secret of AWS Secrets Manager behind them.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from entrepot.core import access
from entrepot.core.access import Caller
from entrepot.core.events import places
from entrepot.core.events.connection_secrets import ConnectionSecrets, without_secrets
from entrepot.core.page import Page
from entrepot.db import event_connections as rows
from entrepot.db.database import Reader, Transaction
from entrepot.db.event_records import Connection
from entrepot.errors import (
    EventInputInvalid,
)
from entrepot.outbound import Destinations

__all__ = ["Connection"]

MOST_CONNECTIONS = 3000
Json = Mapping[str, Any]
# the member of AuthParameters that each kind needs
_NEEDED = {
    "BASIC": "BasicAuthParameters",
    "API_KEY": "ApiKeyAuthParameters",
    "OAUTH_CLIENT_CREDENTIALS": "OAuthParameters",
}
_MEMBERS = {
    "BasicAuthParameters": ("Username", "Password"),
    "ApiKeyAuthParameters": ("ApiKeyName", "ApiKeyValue"),
    "OAuthParameters": ("ClientParameters", "AuthorizationEndpoint", "HttpMethod"),
}
_CLIENT = ("ClientID", "ClientSecret")
_ALWAYS = "InvocationHttpParameters"


@dataclass(frozen=True, slots=True)
class ConnectionDraft:
    """What a connection is to be; None is '' of a new one, and what it was of one that is there."""

    name: str
    description: str | None
    kind: str | None
    parameters: Json | None
    id: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass(frozen=True, slots=True)
class Keeping:
    """What a connection is checked and kept with."""

    secrets: ConnectionSecrets
    destinations: Destinations


def create(tx: Transaction, caller: Caller, draft: ConnectionDraft, keeping: Keeping) -> Connection:
    """Make a connection: EventResourceAlreadyExists, EventInputInvalid, EventQuotaExceeded."""
    key = places.own(caller, "connection", draft.name)
    access.require(caller, "CreateConnection", places.resource(caller, "connection", draft.name))
    kind, parameters = draft.kind or "", draft.parameters or {}
    _check(kind, parameters, keeping.destinations)
    places.hold(tx, key.account)
    places.require_new(tx, rows.CONNECTIONS, places.here(caller), draft.name, f"Connection {draft.name}")
    places.require_room(tx, rows.CONNECTIONS, places.here(caller), "Connections", MOST_CONNECTIONS)
    made = _authorized(
        Connection(
            id=draft.id,
            key=key,
            description=draft.description or "",
            kind=kind,
            shown=without_secrets(parameters),
            sealed=keeping.secrets.seal(draft.id, parameters),
            state="",
            reason="",
            created_at=caller.at,
            updated_at=caller.at,
            authorized_at=None,
        ),
        caller,
    )
    rows.add(tx, made)
    places.changed(tx, caller, "CreateConnection", _told(draft))
    return made


def describe(tx: Reader, caller: Caller, name: str) -> Connection:
    """A connection: EventResourceNotFound."""
    return _require(tx, caller, "DescribeConnection", name)


def list_of(tx: Reader, caller: Caller, prefix: str, state: str | None, limit: int, after: str) -> Page[Connection]:
    """A page of the connections whose names begin so, in a state if one is named, by name."""
    places.allow_account(caller, "ListConnections")

    def wanted(each: Connection) -> bool:
        return state in {None, each.state}

    return places.page(tx, rows.CONNECTIONS, places.here(caller), prefix, limit, after, wanted)


def update(tx: Transaction, caller: Caller, draft: ConnectionDraft, keeping: Keeping) -> Connection:
    """Another description, kind or secret; of the parameters of its kind, those that are not given stay:
    EventResourceNotFound, EventInputInvalid.
    """
    places.hold(tx, caller.principal.account)
    found = _require(tx, caller, "UpdateConnection", draft.name)
    kind = draft.kind or found.kind
    if kind == found.kind and draft.parameters is None:
        changed = replace(found, description=_text(draft, found), updated_at=caller.at)
    else:
        changed = _with_parameters(caller, found, draft, keeping)
    rows.put(tx, changed)
    places.changed(tx, caller, "UpdateConnection", _told(draft))
    return changed


def deauthorize(tx: Transaction, caller: Caller, name: str) -> Connection:
    """Forget a connection's secret: nothing is sent with it until it is given another. EventResourceNotFound."""
    places.hold(tx, caller.principal.account)
    found = _require(tx, caller, "DeauthorizeConnection", name)
    changed = replace(found, sealed=None, shown={}, state="DEAUTHORIZED", reason="", updated_at=caller.at)
    rows.put(tx, changed)
    places.changed(tx, caller, "DeauthorizeConnection", {"name": name})
    return changed


def delete(tx: Transaction, caller: Caller, name: str) -> Connection:
    """Remove a connection with its secret; API destinations that have it become inactive: EventResourceNotFound."""
    places.hold(tx, caller.principal.account)
    found = _require(tx, caller, "DeleteConnection", name)
    rows.remove(tx, found.id)
    places.changed(tx, caller, "DeleteConnection", {"name": name})
    return replace(found, state="DELETING")


def _require(tx: Reader, caller: Caller, operation: str, name: str) -> Connection:
    verb = operation.removesuffix("Connection").lower()
    called = f"Failed to {verb} the connection(s). Connection '{name}'"
    return places.require(tx, caller, operation, rows.CONNECTIONS, "connection", name, called)


def _with_parameters(caller: Caller, found: Connection, draft: ConnectionDraft, keeping: Keeping) -> Connection:
    kind, kept = draft.kind or found.kind, keeping.secrets.open(found)
    if kind != found.kind:
        kept = {name: value for name, value in kept.items() if name == _ALWAYS}
    parameters = _merged(kept, draft.parameters or {})
    _check(kind, parameters, keeping.destinations)
    changed = replace(
        found,
        description=_text(draft, found),
        kind=kind,
        shown=without_secrets(parameters),
        sealed=keeping.secrets.seal(found.id, parameters),
        updated_at=caller.at,
    )
    return _authorized(changed, caller)


def _text(draft: ConnectionDraft, found: Connection) -> str:
    return found.description if draft.description is None else draft.description


def _authorized(kept: Connection, caller: Caller) -> Connection:
    """A connection with new parameters: one of OAuth is authorised once its server has given a token, which a job asks
    for.
    """
    if kept.kind == "OAUTH_CLIENT_CREDENTIALS":
        return replace(kept, state="AUTHORIZING", reason="")
    return replace(kept, state="AUTHORIZED", reason="", authorized_at=caller.at)


def _check(kind: str, parameters: Json, destinations: Destinations) -> None:
    """EventInputInvalid unless these are the parameters of a connection of this kind, all of them."""
    needed = _NEEDED[kind]
    if "ConnectivityParameters" in parameters:
        _refuse("ConnectivityParameters", "there are no private networks here")
    for name in parameters:
        if name not in {needed, _ALWAYS}:
            _refuse(name, f"the connection is of type {kind}")
    _check_members(kind, parameters.get(needed, {}))
    endpoint = parameters[needed].get("AuthorizationEndpoint")
    if endpoint is not None and (refusal := destinations.refusal(endpoint)):
        _refuse(f"{needed}.AuthorizationEndpoint", refusal)


def _check_members(kind: str, own: Json) -> None:
    needed = _NEEDED[kind]
    for name in _MEMBERS[needed]:
        if name not in own:
            _refuse(f"{needed}.{name}", "it must be given")
    for name in _CLIENT if kind == "OAUTH_CLIENT_CREDENTIALS" else ():
        if name not in own["ClientParameters"]:
            _refuse(f"{needed}.ClientParameters.{name}", "it must be given")


def _refuse(parameter: str, reason: str) -> None:
    raise EventInputInvalid(reason=f"Parameter AuthParameters.{parameter} is not valid. Reason: {reason}.")


def _merged(kept: Json, given: Json) -> dict[str, Any]:
    """Parameters with those that are given in the place of those that were kept; lists as a whole."""
    merged = dict(kept)
    for name, value in given.items():
        before = merged.get(name)
        both = isinstance(before, Mapping) and isinstance(value, Mapping) and name != _ALWAYS
        merged[name] = _merged(before, value) if both and before is not None else value
    return merged


def _told(draft: ConnectionDraft) -> Json:
    """What the audit is told: the kind, and no parameter of any kind."""
    told = {"name": draft.name, "description": draft.description, "authorizationType": draft.kind}
    return {name: value for name, value in told.items() if value is not None}
