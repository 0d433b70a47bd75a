"""The AWS door: from a signed request to an operation's function, and from its answer or fact to the wire.

A request names its service by X-Amz-Target, or by Action and Version; the credential scope must agree.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from entrepot.aws.protocol import errors, json_protocol, models, payload, query, told, unsigned
from entrepot.aws.protocol.call import Call, Services
from entrepot.aws.protocol.models import ROUTES, Route
from entrepot.core import access_keys, roles, sessions
from entrepot.core.access import Caller
from entrepot.core.parts import Core
from entrepot.core.principals import ANONYMOUS, Principal
from entrepot.errors import (
    AccessDenied,
    CredentialMissing,
    Fact,
    OperationUnsupported,
    PublicRegionNotServed,
    RegionNotServed,
    SignatureInvalid,
)
from entrepot.http.addressing import Addressing
from entrepot.http.allowance import Allowance
from entrepot.http.answer import AUTHORIZATION_MESSAGE, Answer
from entrepot.http.body import read
from entrepot.http.exchange import Exchange, as_text, target
from entrepot.policy import sigv4
from entrepot.policy.sigv4 import Received, Signature

LARGEST_BODY = 30 * 1024 * 1024  # UploadLayerPart: 20 MiB in base64
_LARGE = 1024 * 1024
_LARGE_AT_ONCE = 8
_COVERAGE = "docs/coverage.md"


@dataclass(frozen=True, slots=True)
class _Named:
    """Which operation a request names; `version` of the JSON protocol, fields of a form."""

    route: Route
    operation: str
    json_version: str
    fields: Mapping[str, str]


class AwsDoor:
    """Answers the AWS APIs."""

    def __init__(self, core: Core, addressing: Addressing, services: Services) -> None:
        self._core = core
        self._addressing = addressing
        self._services = services
        self._turnstile = Allowance(unsigned.RATE, unsigned.BURST)
        self._large = asyncio.Semaphore(_LARGE_AT_ONCE)

    async def handle(self, request: web.BaseRequest, exchange: Exchange) -> Answer:
        """One response, whatever is wrong with the request."""
        length = request.headers.get("Content-Length", "")
        if length.isdigit() and int(length) <= _LARGE:
            return await self._handle(request, exchange)
        async with self._large:
            return await self._handle(request, exchange)

    async def _handle(self, request: web.BaseRequest, exchange: Exchange) -> Answer:
        named: _Named | None = None
        try:
            received = _received(request)
            if _is_unsigned_form(request, received):
                named = await self._unsigned(request, received, exchange)
                return await self._run(named, b"", ANONYMOUS, self._core.regions[0], exchange)
            signature = sigv4.find(received)
            principal, secret = await self._signer(signature)
            body = await read(request, LARGEST_BODY, "the request body")
            named = _name(request, received, body, signature)
            self._authenticate(received, signature, secret, body, exchange)
            self._note_use(principal, signature, exchange)
            content = payload.content(signature, secret, body)
            return await self._run(named, content, principal, signature.region, exchange)
        except Fact as fact:
            told.refused(exchange.telling, fact, None if named is None else named.route.name)
            answer = _show_fact(fact, named or _guess(request), exchange)
            if isinstance(fact, AccessDenied) and (message := self._core.credentials.encode_denial(fact)) is not None:
                answer.headers[AUTHORIZATION_MESSAGE] = message
            return answer

    async def _unsigned(self, request: web.BaseRequest, received: Received, exchange: Exchange) -> _Named:
        """The operation that a form names: CredentialMissing unless it is one that nobody signs; RateExceeded."""
        body = await read(request, unsigned.LARGEST_BODY, "the request body")
        named = _by_action(received, body)
        if named is None or (named.route.name, named.operation) not in unsigned.OPERATIONS:
            raise CredentialMissing
        self._turnstile.require(exchange.source_ip)
        return named

    async def _signer(self, signature: Signature) -> tuple[Principal, str]:
        if signature.session_token is None:
            return await self._core.credentials.signing_key(signature.access_key_id)
        return await self._core.credentials.session_key(signature.access_key_id, signature.session_token)

    def _authenticate(
        self, received: Received, signature: Signature, secret: str, body: bytes, exchange: Exchange
    ) -> None:
        hashed = payload.declared_hash(signature, body)
        sigv4.verify(received, signature, secret, hashed, exchange.at, exchange.hosts)

    def _require_region(self, route: Route, region: str) -> None:
        if route.regions and region not in route.regions:
            raise PublicRegionNotServed(region=region, served=", ".join(route.regions))
        if not route.regions and not route.any_region and region not in self._core.regions:
            raise RegionNotServed(region=region, served=", ".join(self._core.regions))

    def _note_use(self, principal: Principal, signature: Signature, exchange: Exchange) -> None:
        role = principal.kind == "role session"
        used = principal.id if role else principal.credential_id
        if not self._core.credentials.use_is_news(used):
            return
        if role:
            self._core.units.later(roles.note_use, used, signature.region, exchange.at)
        elif principal.session is None:
            self._core.units.later(access_keys.note_use, used, signature.service, signature.region, exchange.at)

    async def _run(
        self, named: _Named, content: bytes, principal: Principal, region: str, exchange: Exchange
    ) -> Answer:
        route = named.route
        self._require_region(route, region)
        model = models.load(route.name, route.version)
        operation = self._services.get(route.name, {}).get(named.operation)
        if named.operation not in model.operations:
            raise OperationUnsupported(operation=f"{route.name}:{named.operation[:64]}")
        if operation is None:
            raise OperationUnsupported(operation=f"{route.name}:{named.operation} is not built yet ({_COVERAGE}); it")
        caller = Caller(
            principal,
            self._core.credentials.rights(principal),
            region,
            exchange.source_ip,
            exchange.user_agent,
            exchange.request_id,
            exchange.secure,
            "aws",
            exchange.at,
        )
        told.begin(exchange.telling, route.name, named.operation, caller)
        sessions.require_usable(caller, route.name, named.operation)
        parsed = (
            json_protocol.parse(model, named.operation, content)
            if route.protocol == "json"
            else query.parse(model, named.operation, named.fields)
        )
        told.asked(exchange.telling, model, parsed)
        output = await operation(Call(self._core, self._addressing, exchange, caller, region, parsed))
        told.answered(exchange.telling, model, output)
        if route.protocol == "json":
            return json_protocol.show(model, named.operation, output, named.json_version)
        return query.show(model, named.operation, output, exchange.request_id)


def _received(request: web.BaseRequest) -> Received:
    path, _, text = as_text(target(request)).partition("?")  # what is not UTF-8 fits no signature
    headers = [(name.decode("latin-1"), value.decode("utf-8", "replace")) for name, value in request.raw_headers]
    return Received(request.method, path, text, headers)


def _is_unsigned_form(request: web.BaseRequest, received: Received) -> bool:
    if "Authorization" in request.headers or "X-Amz-Target" in request.headers or "X-Amz-Signature" in received.query:
        return False
    return "Action=" in received.query if received.method == "GET" else _is_form(request)


def _name(request: web.BaseRequest, received: Received, body: bytes, signature: Signature) -> _Named:
    """The operation that a request names: OperationUnsupported; SignatureInvalid for another service's scope."""
    header = request.headers.get("X-Amz-Target")
    named = _by_target(request, header) if header is not None else _by_action(received, body)
    if named is None:
        raise OperationUnsupported(operation=f"{received.method} {received.path[:64]}")
    if signature.service != named.route.signing:
        raise SignatureInvalid(reason=f"the credential scope names {signature.service}, not {named.route.signing}")
    return named


def _by_target(request: web.BaseRequest, target: str) -> _Named | None:
    prefix, _, operation = target.rpartition(".")
    version = "1.0" if request.headers.get("Content-Type", "").startswith("application/x-amz-json-1.0") else "1.1"
    for route in ROUTES:
        if route.target is not None and route.target == prefix:
            return _Named(route, operation, version, {})
    return None


def _by_action(received: Received, body: bytes) -> _Named | None:
    text = received.query if received.method == "GET" else body.decode("utf-8", "replace")
    if "Action=" not in text:
        return None
    fields = query.form(text)
    for route in ROUTES:
        if route.protocol == "query" and fields.get("Version") == route.version:
            return _Named(route, fields.get("Action", ""), "", fields)
    return None


def _guess(request: web.BaseRequest) -> _Named:
    """How to tell a fact about a request that could not be read: as JSON, unless it is plainly a form."""
    named = next(route for route in ROUTES if route.protocol == ("query" if _is_form(request) else "json"))
    return _Named(named, "", "1.1", {})


def _is_form(request: web.BaseRequest) -> bool:
    return request.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded")


def _show_fact(fact: Fact, named: _Named, exchange: Exchange) -> Answer:
    code, status = errors.TABLE[type(fact)]
    if named.route.protocol == "json":
        account = str(fact.fields.get("account", ""))
        return json_protocol.show_error(code, str(fact), errors.members(fact, account), status, named.json_version)
    model = models.load(named.route.name, named.route.version)
    code, status = (
        errors.QUERY_FACTS.get(type(fact)) or model.wire_error(code) or (errors.QUERY_CODES.get(code, code), status)
    )
    return query.show_error(model.metadata["xmlNamespace"], code, str(fact), status, exchange.request_id)
