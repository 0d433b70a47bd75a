"""Harbor's scanner API, below /scanner-adapter/: metadata, a request for a scan, its report (OpenAPI file of v1.2).

Who asks proves it with one secret, as Harbor sends it: Bearer, the password of Basic, or its API key header.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Awaitable, Callable
from datetime import datetime

import msgspec
from aiohttp import web

from entrepot.core.adapter.desk import OF_VULNERABILITIES, VULNERABILITY_REPORTS, Desk, Failed, Pending
from entrepot.core.adapter.reporting import SCANNER
from entrepot.errors import Fact, ParameterInvalid
from entrepot.errors.scanning import AdapterCapabilityAbsent, AdapterRequestInvalid
from entrepot.http.answer import Answer
from entrepot.http.body import read
from entrepot.http.exchange import Exchange
from entrepot.spec import media_type as types
from entrepot.spec import scanner_adapter as wire
from entrepot.spec.strict_json import nests_deeper

PREFIX = "/scanner-adapter/"
REFRESH_SECONDS = 2
_LARGEST = 64 * 1024
_DEEPEST = 16
_REPORT = re.compile(r"api/v1/scan/([^/]{1,64})/report")
_CONSUMED = (types.OCI_MANIFEST, types.DOCKER_MANIFEST)
_REQUEST = msgspec.json.Decoder(wire.ScanRequest).decode
Respond = Callable[[web.BaseRequest], Awaitable[Answer]]


class HarborDoor:
    """Answers Harbor."""

    def __init__(self, desk: Desk, secret: bytes, updated_at: Callable[[], Awaitable[datetime | None]]) -> None:
        """`updated_at` tells until when what is known of vulnerabilities goes."""
        self._desk = desk
        self._secret = secret
        self._updated_at = updated_at

    async def handle(self, request: web.BaseRequest, _: Exchange) -> Answer:
        """One response, whatever is wrong with the request."""
        if not self._knows(request):
            refused = _error(401, "the scanner's secret is missing, or another one")
            refused.headers["WWW-Authenticate"] = 'Basic realm="scanner-adapter"'
            return refused
        try:
            return await self._answer(request, request.path.removeprefix(PREFIX))
        except AdapterCapabilityAbsent as fault:
            return _error(501, str(fault))
        except AdapterRequestInvalid as fault:
            return _error(422, str(fault))
        except Fact as fault:  # of a body that is too large, or ends early
            return _error(400, str(fault))

    async def _answer(self, request: web.BaseRequest, path: str) -> Answer:
        if (request.method, path) == ("GET", "api/v1/metadata"):
            return await self._metadata()
        if (request.method, path) == ("POST", "api/v1/scan"):
            return await self._scan(request)
        found = _REPORT.fullmatch(path)
        if request.method == "GET" and found is not None:
            return await self._report(request, found[1])
        return _error(404, f"there is no {request.method} of this path")

    async def _metadata(self) -> Answer:
        properties = {wire.SCANNER_TYPE: "os-package-vulnerability"}
        updated_at = await self._updated_at()
        if updated_at is not None:
            properties[wire.UPDATED_AT] = updated_at.isoformat()
        capabilities: list[dict[str, object]] = [
            {"type": "vulnerability", "consumes_mime_types": _CONSUMED, "produces_mime_types": VULNERABILITY_REPORTS}
        ]
        if self._desk.sboms:
            forms = {"sbom_media_types": self._desk.sboms}
            sbom = {"type": "sbom", "consumes_mime_types": _CONSUMED, "produces_mime_types": [wire.SBOM]}
            capabilities.append({**sbom, "additional_attributes": forms})
        body = {"scanner": SCANNER, "capabilities": capabilities, "properties": properties}
        return Answer(200, {"Content-Type": wire.METADATA}, msgspec.json.encode(body))

    async def _scan(self, request: web.BaseRequest) -> Answer:
        body = await read(request, _LARGEST, "the request body")
        if nests_deeper(body.decode("utf-8", "replace"), _DEEPEST):
            return _error(400, f"the body is nested more than {_DEEPEST} levels deep")
        try:
            asked = _REQUEST(body)
        except (msgspec.MsgspecError, UnicodeDecodeError) as fault:
            return _error(400, f"the body is no scan request: {fault}")
        scan_id = await self._desk.accept(asked)
        if scan_id is None:
            return _error(500, "too many scans wait; ask again later")
        return Answer(202, {"Content-Type": wire.SCAN_RESPONSE}, msgspec.json.encode(wire.ScanResponse(scan_id)))

    async def _report(self, request: web.BaseRequest, scan_id: str) -> Answer:
        media_type, form = _wanted(request)
        outcome = await self._desk.outcome(scan_id, form)
        if outcome is None:
            return _error(404, "there is no such scan, or no such report of it; reports are kept for half an hour")
        if isinstance(outcome, Pending):
            return Answer(302, {"Location": request.path_qs, "Refresh-After": str(REFRESH_SECONDS)})
        if isinstance(outcome, Failed):
            return _error(500, outcome.error)
        return Answer(200, {"Content-Type": media_type}, outcome)

    def _knows(self, request: web.BaseRequest) -> bool:
        """Whether the request carries the secret."""
        given = request.headers.get(wire.API_KEY, "")
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            given = value.strip()
        elif scheme.lower() == "basic":
            given = _password(value.strip())
        return hmac.compare_digest(given.encode("utf-8", "replace"), self._secret)


def _wanted(request: web.BaseRequest) -> tuple[str, str]:
    """The media type of the report that is asked for, and the form that it is kept under: AdapterCapabilityAbsent,
    ParameterInvalid.
    """
    accepted = request.headers.get("Accept", "")
    for each in VULNERABILITY_REPORTS:
        if wire.same_type(accepted, each):
            return each, OF_VULNERABILITIES
    if not wire.same_type(accepted, wire.SBOM):
        raise AdapterCapabilityAbsent(what=f"reports of the type '{accepted[:128]}'")
    form = request.query.get("sbom_media_type", "")
    if form not in wire.SBOM_TYPES:
        raise ParameterInvalid(parameter="sbom_media_type", reason=f"expected one of {', '.join(wire.SBOM_TYPES)}")
    return wire.SBOM, form


def _password(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _error(status: int, message: str) -> Answer:
    body = wire.ErrorResponse(wire.Fault(message))
    return Answer(status, {"Content-Type": wire.ERROR}, msgspec.json.encode(body))
