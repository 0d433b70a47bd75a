"""The AWS door: from a signed request to an operation's function, and from its answer or fact to the wire.

What a request names (naming.py), the credential scope must agree with.
"""

import asyncio

from aiohttp import web

from entrepot.aws.protocol import models, naming, payload, told, unsigned, wire
from entrepot.aws.protocol.call import Call, Services
from entrepot.aws.protocol.models import Route
from entrepot.aws.protocol.naming import Named
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
    RateExceeded,
    RegionNotServed,
    SignatureInvalid,
    Throttled,
)
from entrepot.http.addressing import Addressing
from entrepot.http.allowance import Allowance
from entrepot.http.answer import AUTHORIZATION_MESSAGE, Answer
from entrepot.http.body import read
from entrepot.http.exchange import Exchange, as_text, target
from entrepot.http.rates import Rates
from entrepot.policy import sigv4
from entrepot.policy.sigv4 import Received, Signature

LARGEST_BODY = 30 * 1024 * 1024  # UploadLayerPart: 20 MiB in base64
_LARGE = 1024 * 1024
_LARGE_AT_ONCE = 8
_COVERAGE = "docs/coverage.md"


class AwsDoor:
    """Answers the AWS APIs."""

    def __init__(self, core: Core, addressing: Addressing, services: Services, rates: Rates) -> None:
        self._core = core
        self._addressing = addressing
        self._services = services
        self._rates = rates
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
        named: Named | None = None
        signature: Signature | None = None
        received = _received(request)
        try:
            if _is_unsigned_form(request, received):
                named = await self._unsigned(request, received, exchange)
                return await self._run(named, received, b"", ANONYMOUS, self._core.regions[0], exchange)
            signature = sigv4.find(received)
            principal, secret = await self._signer(signature)
            body = await read(request, LARGEST_BODY, "the request body")
            self._authenticate(received, signature, secret, body, exchange)
            self._note_use(principal, signature, exchange)
            content = payload.unpacked(received, payload.content(signature, secret, body))
            named = _name(request, received, content, signature)
            return await self._run(named, received, content, principal, signature.region, exchange)
        except Fact as fact:
            named = named or naming.guess(request, received, None if signature is None else signature.service)
            told.refused(exchange.telling, fact, named.route.name)
            return self._refusal(named, fact, exchange)

    def _refusal(self, named: Named, fact: Fact, exchange: Exchange) -> Answer:
        answer = wire.show_fact(named, fact, exchange.request_id)
        if isinstance(fact, AccessDenied) and (message := self._core.credentials.encode_denial(fact)) is not None:
            answer.headers[AUTHORIZATION_MESSAGE] = message
        if isinstance(fact, RateExceeded | Throttled):
            answer.headers["Retry-After"] = str(fact.seconds)
        return answer

    async def _unsigned(self, request: web.BaseRequest, received: Received, exchange: Exchange) -> Named:
        """The operation that a form names: CredentialMissing unless it is one that nobody signs; RateExceeded."""
        body = await read(request, unsigned.LARGEST_BODY, "the request body")
        named = naming.by_action(received, body, unsigned.MOST_FIELDS)
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
        self,
        named: Named,
        received: Received,
        content: bytes,
        principal: Principal,
        region: str,
        exchange: Exchange,
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
        self._rates.require(caller, route.name, named.operation)
        sessions.require_usable(caller, route.name, named.operation)
        parsed = wire.parse(named, received, content)
        told.asked(exchange.telling, model, parsed)
        output = await operation(Call(self._core, self._addressing, exchange, caller, region, parsed))
        told.answered(exchange.telling, model, output)
        return wire.show(named, output, exchange.request_id)


def _received(request: web.BaseRequest) -> Received:
    path, _, text = as_text(target(request)).partition("?")  # what is not UTF-8 fits no signature
    headers = [(name.decode("latin-1"), value.decode("utf-8", "replace")) for name, value in request.raw_headers]
    return Received(request.method, path, text, headers)


def _is_unsigned_form(request: web.BaseRequest, received: Received) -> bool:
    if "Authorization" in request.headers or "X-Amz-Target" in request.headers or "X-Amz-Signature" in received.query:
        return False
    return "Action=" in received.query if received.method == "GET" else naming.is_form(request)


def _name(request: web.BaseRequest, received: Received, content: bytes, signature: Signature) -> Named:
    """The operation that a request names: OperationUnsupported; SignatureInvalid for another service's scope."""
    named = naming.name(request, received, content, signature.service)
    if named is None:
        raise OperationUnsupported(operation=f"{received.method} {received.path[:64]}")
    if signature.service != named.route.signing:
        raise SignatureInvalid(reason=f"the credential scope names {signature.service}, not {named.route.signing}")
    return named
