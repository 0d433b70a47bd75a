"""Which operation a request names, in which protocol: X-Amz-Target, the path of RPC v2, Action and Version, or, of a
service that the credential scope names, method and path.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from entrepot.aws.protocol import cbor_protocol, query, rest_json_protocol
from entrepot.aws.protocol.models import ROUTES, Protocol, Route
from entrepot.policy.sigv4 import Received

_RPC_PATH = re.compile(r"/service/([A-Za-z0-9_.]{1,128})/operation/([A-Za-z0-9_]{1,128})")


@dataclass(frozen=True, slots=True)
class Named:
    """An operation of a service; `json_version` of the JSON protocol, `fields` of a form."""

    route: Route
    protocol: Protocol
    operation: str
    json_version: str
    fields: Mapping[str, str]


def name(request: web.BaseRequest, received: Received, body: bytes, signing: str) -> Named | None:
    """The operation that a request names, whose credential scope is for `signing`: RequestMalformed for a form or a
    query that cannot be read.
    """
    if is_rpc(request) or "X-Amz-Target" in request.headers:
        return _by_head(request, received)
    route = _rest(signing)
    if route is not None:
        operation = rest_json_protocol.operation_at(route.name, route.version, received)
        return None if operation is None else Named(route, "rest-json", operation, "", {})
    return by_action(received, body)


def by_action(received: Received, body: bytes, most: int = query.MOST_FIELDS) -> Named | None:
    """The operation that a form names: RequestMalformed for one that cannot be read."""
    text = received.query if received.method == "GET" else body.decode("utf-8", "replace")
    if "Action=" not in text:
        return None
    fields = query.form(text, most)
    for route in ROUTES:
        if "query" in route.protocols and fields.get("Version") == route.version:
            return Named(route, "query", fields.get("Action", ""), "", fields)
    return None


def guess(request: web.BaseRequest, received: Received, signing: str | None) -> Named:
    """How to tell a fact about a request before its body is read: as JSON, unless it is plainly something else.

    `signing` is the service in its credential scope, where it has one.
    """
    if (named := _by_head(request, received)) is not None:
        return named
    if signing is not None and (rest := _rest(signing)) is not None:
        return Named(rest, "rest-json", "", "", {})
    form = is_form(request) or "Action=" in received.query
    protocol: Protocol = "cbor" if is_rpc(request) else "query" if form else "json"
    speaking = [route for route in ROUTES if protocol in route.protocols]
    route = next((route for route in speaking if route.signing == signing), speaking[0])
    return Named(route, protocol, "", "1.1", {})


def is_form(request: web.BaseRequest) -> bool:
    """Whether the body says that it is a form."""
    return request.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded")


def is_rpc(request: web.BaseRequest) -> bool:
    """Whether the request says that it speaks RPC v2."""
    return request.headers.get("smithy-protocol") == cbor_protocol.NAME


def _rest(signing: str) -> Route | None:
    """The service of this name in credential scopes, where it speaks REST."""
    return next((route for route in ROUTES if route.signing == signing and "rest-json" in route.protocols), None)


def _by_head(request: web.BaseRequest, received: Received) -> Named | None:
    """The operation that the head alone names; one that names it in two ways names none."""
    target = request.headers.get("X-Amz-Target")
    if not is_rpc(request):
        return None if target is None else _by_target(request, target)
    found = _RPC_PATH.fullmatch(received.path)
    if found is None or target is not None or received.method != "POST":
        return None
    for route in ROUTES:
        if "cbor" in route.protocols and route.target == found[1]:
            return Named(route, "cbor", found[2], "", {})
    return None


def _by_target(request: web.BaseRequest, target: str) -> Named | None:
    prefix, _, operation = target.rpartition(".")
    version = "1.0" if request.headers.get("Content-Type", "").startswith("application/x-amz-json-1.0") else "1.1"
    for route in ROUTES:
        if "json" in route.protocols and route.target == prefix:
            return Named(route, "json", operation, version, {})
    return None
