"""API destinations: an event as a request to somebody's HTTP endpoint (docs: "API destinations as targets").

What the target and the connection add are values of the event where they are JSON paths; the connection's stand above
the target's.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from entrepot.core.events import outcomes
from entrepot.core.events.authorizations import Additions, Authorizations, Unauthorized
from entrepot.core.events.outcomes import CLIENT_ERROR, INVALID_PARAMETER, Failure
from entrepot.core.events.target_plans import Plan
from entrepot.errors import TargetInputInvalid
from entrepot.outbound import OutboundFault, Response, Sender
from entrepot.pattern.paths import MISSING, Path

_MOST_ANSWER = 64 * 1024
_AGENT = "Amazon/EventBridge/ApiDestinations"
_BODILESS = frozenset({"GET", "HEAD"})
# what nobody may set: they are of the connection, not of the request
_OWN_HEADERS = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "te", "trailer", "upgrade", "expect"}
)


class Invocations:
    """Invokes API destinations, each at most as often as it says."""

    def __init__(self, authorizations: Authorizations) -> None:
        self._authorizations = authorizations

    async def invoke(self, sender: Sender, plan: Plan, event: Mapping[str, Any], text: str) -> Failure | None:
        """Send an event, of which the target gets this text; None when it was taken."""
        destination, connection = plan.destination, plan.connection
        if destination is None or connection is None:
            return plan.refusal or Failure(CLIENT_ERROR, "there is no such API destination", False)
        try:
            added = await self._authorizations.additions(sender, connection)
            url, headers, body = _request(plan, event, text, added)
            answer = await sender.send(destination.method, url, most_bytes=_MOST_ANSWER, body=body, headers=headers)
        except Unauthorized as refused:
            return refused.failure
        except TargetInputInvalid as invalid:
            return Failure(INVALID_PARAMETER, str(invalid), False)
        except OutboundFault as fault:
            return outcomes.of_fault(fault)
        if answer.status in {401, 407} and self._authorizations.renew(connection):
            return Failure(outcomes.NO_PERMISSIONS, f"the token is refused with status {answer.status}", True)
        return _failure(answer, urlsplit(url).hostname or "")


class Rates:
    """How often each destination may be invoked: its own rate, in bursts of a second's worth."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}  # how many may go at once, as of when

    def take(self, destination: str, rate: int) -> float:
        """0.0 for leave to go; else how many seconds until there is some."""
        now = self._clock()
        left, since = self._left.get(destination, (float(rate), now))
        left = min(float(rate), left + (now - since) * rate)
        if left < 1.0:
            self._left[destination] = (left, now)
            return (1.0 - left) / rate
        self._left[destination] = (left - 1.0, now)
        return 0.0

    def prune(self) -> None:
        """Forget destinations that have all their leave."""
        now = self._clock()
        self._left = {name: entry for name, entry in self._left.items() if now - entry[1] < 60.0}


def _failure(answer: Response, host: str) -> Failure | None:
    return outcomes.of_status(answer.status, answer.headers, host)


def _request(plan: Plan, event: Mapping[str, Any], text: str, added: Additions) -> tuple[str, dict[str, str], bytes]:
    """URL, headers and body: TargetInputInvalid."""
    if plan.destination is None:
        raise TargetInputInvalid(reason="there is no such API destination")
    given: Mapping[str, Any] = (plan.target.parameters or {}).get("HttpParameters") or {}
    values = [_value(each, event) for each in given.get("PathParameterValues") or ()]
    query = {key: _value(value, event) for key, value in (given.get("QueryStringParameters") or {}).items()}
    url = _url(plan.destination.endpoint, values, [*(query | dict(added.query)).items()])
    headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": _AGENT}
    for name, value in [*_headers(given, event), *added.headers.items()]:
        if name.lower() not in _OWN_HEADERS:
            _set(headers, name, _clean(value))
    body = b"" if plan.destination.method in _BODILESS else _body(text, added.body)
    if not body:
        headers.pop("Content-Type")
    return url, headers, body


def _headers(given: Mapping[str, Any], event: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in (given.get("HeaderParameters") or {}).items():
        yield name, _value(value, event)


def _set(headers: dict[str, str], name: str, value: str) -> None:
    """Names of headers are the same in any case."""
    for present in [each for each in headers if each.lower() == name.lower()]:
        del headers[present]
    headers[name] = value


def _value(given: str, event: Mapping[str, Any]) -> str:
    """A fixed value, or what a JSON path finds in the event: TargetInputInvalid where it finds nothing."""
    if not given.startswith("$"):
        return given
    found = Path(given).of(event)
    if found is MISSING:
        raise TargetInputInvalid(reason=f"the event has no {given}")
    return found if isinstance(found, str) else msgspec.json.encode(found).decode()


def _url(endpoint: str, values: list[str], query: list[tuple[str, str]]) -> str:
    """The endpoint with each `*` of its path filled in, and more parameters behind those that it has."""
    parts = urlsplit(endpoint)
    pieces = parts.path.split("*")
    if len(pieces) - 1 != len(values):
        raise TargetInputInvalid(reason=f"the endpoint has {len(pieces) - 1} path parameters, not {len(values)}")
    encoded = [quote(value, safe="") for value in values]
    if any(value in {"", ".", ".."} for value in values):
        raise TargetInputInvalid(reason="a path parameter is empty, or leads elsewhere")
    path = pieces[0] + "".join(value + piece for value, piece in zip(encoded, pieces[1:], strict=True))
    asked = "&".join(part for part in (parts.query, urlencode(query)) if part)
    return parts._replace(path=path or "/", query=asked, fragment="").geturl()


def _body(text: str, more: Mapping[str, str]) -> bytes:
    """The text, with the connection's members where it is a JSON object."""
    if more:
        try:
            told = msgspec.json.decode(text)
        except msgspec.MsgspecError:
            told = None  # several lines of strings
        if isinstance(told, dict):
            return msgspec.json.encode(told | dict(more))
    return text.encode()


def _clean(value: str) -> str:
    """A header's value on one line of printable ASCII, whatever the event says: TargetInputInvalid for another."""
    if not value.isascii() or not value.isprintable():
        raise TargetInputInvalid(reason="a header's value is not printable ASCII")
    return value
