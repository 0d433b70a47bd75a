"""What a connection adds to a request of an API destination (docs: "Connections for API targets"): API key, basic, or
a token of an OAuth server, which is asked for with the client's credentials and kept until it expires.

Secrets are opened when a request is made, and are in no message of a failure.
"""

import asyncio
import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec

from entrepot.core.events import outcomes
from entrepot.core.events.connection_secrets import ConnectionSecrets
from entrepot.core.events.outcomes import NO_PERMISSIONS, Failure
from entrepot.core.recent import Recent
from entrepot.db.event_records import Connection
from entrepot.outbound import OutboundFault, Sender
from entrepot.seal import SealBroken

_MOST_ANSWER = 64 * 1024
_MOST_TOKENS = 1024
_DEFAULT_LIFE = timedelta(hours=1)
_LEAST_LEFT = timedelta(seconds=30)
_LONGEST_LIFE = 7 * 24 * 3600


@dataclass(slots=True)
class Additions:
    """Headers, parameters of the query, and members of the body that a connection adds."""

    headers: dict[str, str] = field(default_factory=dict)
    query: list[tuple[str, str]] = field(default_factory=list)
    body: dict[str, str] = field(default_factory=dict)

    def take(self, parameters: Mapping[str, Any]) -> None:
        """Add AWS's ConnectionHttpParameters."""
        for each in parameters.get("HeaderParameters") or ():
            self.headers[str(each["Key"])] = str(each.get("Value", ""))
        self.query += [
            (str(each["Key"]), str(each.get("Value", ""))) for each in parameters.get("QueryStringParameters") or ()
        ]
        self.body |= {str(each["Key"]): str(each.get("Value", "")) for each in parameters.get("BodyParameters") or ()}


class Unauthorized(Exception):
    """Why there is nothing to add; the failure says no secret."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


@dataclass(slots=True)
class _Token:
    """The token of one state of a connection; `lock` is held by who asks for one."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    value: str = ""
    until: datetime | None = None


class Authorizations:
    """The tokens of one process."""

    def __init__(self, secrets: ConnectionSecrets, clock: Callable[[], datetime]) -> None:
        self._secrets = secrets
        self._clock = clock
        self._tokens: Recent[tuple[str, datetime], _Token] = Recent(_MOST_TOKENS)

    async def additions(self, sender: Sender, connection: Connection) -> Additions:
        """What a request through this connection carries: Unauthorized."""
        given = self._opened(connection)
        added = Additions()
        match connection.kind:
            case "API_KEY":
                key = given["ApiKeyAuthParameters"]
                added.headers[key["ApiKeyName"]] = key["ApiKeyValue"]
            case "BASIC":
                basic = given["BasicAuthParameters"]
                added.headers["Authorization"] = _basic(basic["Username"], basic["Password"])
            case _:
                token = await self._token(sender, connection, given["OAuthParameters"])
                added.headers["Authorization"] = f"Bearer {token}"
        added.take(given.get("InvocationHttpParameters") or {})
        return added

    def renew(self, connection: Connection) -> bool:
        """Forget a token that was refused; False where there is none to renew."""
        if connection.kind != "OAUTH_CLIENT_CREDENTIALS":
            return False
        self._tokens.drop((connection.id, connection.updated_at))
        return True

    async def ask(self, sender: Sender, connection: Connection) -> None:
        """Ask the authorization server of a connection for a token: Unauthorized."""
        given = self._opened(connection)
        self.renew(connection)
        await self._token(sender, connection, given["OAuthParameters"])

    def _opened(self, connection: Connection) -> dict[str, Any]:
        if connection.sealed is None:
            raise Unauthorized(Failure(NO_PERMISSIONS, "the connection is not authorized", True))
        try:
            return self._secrets.open(connection)
        except SealBroken:
            failure = Failure(NO_PERMISSIONS, "the secret of the connection cannot be opened", False)
            raise Unauthorized(failure) from None

    async def _token(self, sender: Sender, connection: Connection, given: Mapping[str, Any]) -> str:
        key = connection.id, connection.updated_at
        kept = self._tokens.get(key)
        if kept is None:
            kept = _Token()
            self._tokens.put(key, kept)
        async with kept.lock:
            if kept.until is None or kept.until - self._clock() < _LEAST_LEFT:
                kept.value, life = await _ask(sender, given)
                kept.until = self._clock() + life
        return kept.value


async def _ask(sender: Sender, given: Mapping[str, Any]) -> tuple[str, timedelta]:
    """A token and its life, by the client's credentials (RFC 6749, 4.4): Unauthorized."""
    client = given["ClientParameters"]
    more = Additions()
    more.take(given.get("OAuthHttpParameters") or {})
    form = {"grant_type": "client_credentials"} | more.body
    headers = {"Accept": "application/json", "Authorization": _basic(client["ClientID"], client["ClientSecret"])}
    url, method = given["AuthorizationEndpoint"], given["HttpMethod"]
    query, body = list(more.query), b""
    if method == "GET":
        query += form.items()
    else:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        body = urlencode({**form, "client_id": client["ClientID"], "client_secret": client["ClientSecret"]}).encode()
    if query:
        url += ("&" if urlsplit(url).query else "?") + urlencode(query)
    try:
        answer = await sender.send(method, url, most_bytes=_MOST_ANSWER, body=body, headers=headers | more.headers)
    except OutboundFault as fault:
        raise Unauthorized(outcomes.of_fault(fault)) from None
    host = urlsplit(url).hostname or ""
    failure = outcomes.of_status(answer.status, answer.headers, host)
    if failure is not None:
        raise Unauthorized(Failure(NO_PERMISSIONS, f"the authorization server {failure.message}", failure.retriable))
    return _read(answer.body, host)


def _read(body: bytes, host: str) -> tuple[str, timedelta]:
    try:
        told = msgspec.json.decode(body, type=dict)
        token, life = told["access_token"], told.get("expires_in", _DEFAULT_LIFE.seconds)
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise ValueError
        return token, timedelta(seconds=min(max(float(life), 0.0), _LONGEST_LIFE))
    except (msgspec.MsgspecError, KeyError, TypeError, ValueError):
        failure = Failure(NO_PERMISSIONS, f"the authorization server {host} gives no token", True)
        raise Unauthorized(failure) from None


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
