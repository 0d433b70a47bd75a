"""The OCI door: from method and path to one noun's function, and from facts to responses.

The routed path is decoded once; what it holds after that is data and never decoded or joined again.
"""

import re
from collections.abc import Awaitable, Callable
from functools import lru_cache
from http import HTTPStatus
from urllib.parse import unquote

import msgspec
from aiohttp import web

from entrepot.core.access import Caller
from entrepot.core.parts import Core
from entrepot.core.principals import ANONYMOUS
from entrepot.errors import (
    AccessDenied,
    Fact,
    NameInvalid,
    OperationUnsupported,
    RateExceeded,
    Throttled,
    UploadOutOfOrder,
)
from entrepot.http.addressing import Addressing
from entrepot.http.allowance import Allowance
from entrepot.http.answer import AUTHORIZATION_MESSAGE
from entrepot.http.exchange import Exchange, target
from entrepot.http.rates import Rates
from entrepot.http.server import Reply
from entrepot.oci import authentication, blobs, catalog, errors, manifests, ping, referrers, tags, telling, uploads
from entrepot.oci.authentication import Asked
from entrepot.oci.call import Call
from entrepot.oci.telling import Codes
from entrepot.spec.repository import RepositoryKey, parse_name

VERSION = {"Docker-Distribution-Api-Version": "registry/2.0"}
_PATH = re.compile(
    r"(?P<name>[^\s]+?)/(?:(?P<noun>manifests|blobs|referrers)/(?P<reference>[^/]+)|(?P<list>tags/list)"
    r"|blobs/uploads/(?P<upload>[^/]*)|(?P<start>blobs/uploads))\Z"
)
_WITHOUT_ARGUMENT: dict[tuple[str, str], Callable[[Call], Awaitable[Reply]]] = {
    ("GET", "ping"): ping.get,
    ("HEAD", "ping"): ping.get,
    ("GET", "catalog"): catalog.get,
    ("GET", "tags"): tags.get,
    ("POST", "uploads"): uploads.post,
}
_WITH_ARGUMENT: dict[tuple[str, str], Callable[[Call, str], Awaitable[Reply]]] = {
    ("GET", "manifests"): manifests.get,
    ("HEAD", "manifests"): manifests.head,
    ("PUT", "manifests"): manifests.put,
    ("DELETE", "manifests"): manifests.delete,
    ("GET", "blobs"): blobs.get,
    ("HEAD", "blobs"): blobs.head,
    ("DELETE", "blobs"): blobs.delete,
    ("GET", "referrers"): referrers.get,
    ("GET", "upload"): uploads.get,
    ("PATCH", "upload"): uploads.patch,
    ("PUT", "upload"): uploads.put,
    ("DELETE", "upload"): uploads.delete,
}
_MIRRORED = frozenset({"manifests", "blobs", "tags", "referrers"})
_READS = frozenset({"GET", "HEAD"})
ROUTES = frozenset(_WITHOUT_ARGUMENT) | frozenset(_WITH_ARGUMENT)  # (method, noun)


class OciDoor:
    """Answers everything below /v2/."""

    def __init__(self, core: Core, addressing: Addressing, allowance: Allowance, rates: Rates, codes: Codes) -> None:
        """`allowance` is what addresses may ask for without credentials, `codes` are what AWS calls facts."""
        self._core = core
        self._allowance = allowance
        self._rates = rates
        self._addressing = addressing
        self._codes = codes

    async def handle(self, request: web.BaseRequest, exchange: Exchange) -> Reply:
        """One response, whatever is wrong with the request."""
        asked: Asked | None = None
        try:
            asked = self._asked(request, exchange)
            response = await self._answer(request, exchange, asked)
        except Fact as fact:
            response = _show(fact, request, exchange, asked)
            telling.refused(exchange.telling, fact, self._codes, asked)
            if isinstance(fact, AccessDenied) and (message := self._core.credentials.encode_denial(fact)) is not None:
                response.headers[AUTHORIZATION_MESSAGE] = message
        response.headers.update(VERSION)
        return response

    def _asked(self, request: web.BaseRequest, exchange: Exchange) -> Asked:
        path = decoded(target(request).partition("?")[0])
        place, rest = self._addressing.split(exchange.host, path.removeprefix("/v2").removeprefix("/"))
        return Asked(place, request.method, *parse(rest))

    async def _answer(self, request: web.BaseRequest, exchange: Exchange, asked: Asked) -> Reply:
        caller = await authentication.caller(request, exchange, self._core, asked)
        if caller.principal is ANONYMOUS:
            self._allowance.require(exchange.source_ip)
        if "ns=" in target(request):
            asked = await self._mirrored(request, caller, asked)
        telling.begin(exchange.telling, asked, caller.principal, caller.region)
        if wait := self._rates.turn(caller, exchange.telling.service, exchange.telling.operation):
            await self._rates.wait(wait)
        call = Call(request, exchange, self._core, self._addressing, caller, asked.place, asked.name)
        if asked.argument is None:
            if (plain := _WITHOUT_ARGUMENT.get((request.method, asked.noun))) is not None:
                return await plain(call)
        elif (given := _WITH_ARGUMENT.get((request.method, asked.noun))) is not None:
            return await given(call, asked.argument)
        raise OperationUnsupported(operation=f"{request.method} of {asked.noun}")

    async def _mirrored(self, request: web.BaseRequest, caller: Caller, asked: Asked) -> Asked:
        """A node that asks this server in place of a registry means what this registry calls so."""
        host = request.query.get("ns", "")
        if not host or asked.noun not in _MIRRORED or asked.method not in _READS:
            return asked
        key = RepositoryKey(asked.place.registry, parse_name(asked.name))
        return msgspec.structs.replace(asked, name=await self._core.pull_through.pulls.mirrored(caller, key, host))


def _show(fact: Fact, request: web.BaseRequest, exchange: Exchange, asked: Asked | None) -> Reply:
    response = errors.show(fact)
    if asked is not None and response.status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = authentication.challenge(exchange, asked)
    if isinstance(fact, RateExceeded | Throttled):
        response.headers["Retry-After"] = str(fact.seconds)
    if isinstance(fact, UploadOutOfOrder):
        response.headers["Range"] = f"0-{max(int(str(fact.offset)) - 1, 0)}"
        response.headers["Location"] = exchange.base_url + target(request).partition("?")[0]
    return response


@lru_cache(maxsize=512)
def parse(rest: str) -> tuple[str, str, str | None]:
    """(noun, repository name, argument) of a path after the registry's prefix: NameInvalid."""
    if rest == "":
        return "ping", "", None
    if rest == "_catalog":
        return "catalog", "", None
    match = _PATH.fullmatch(rest)
    if match is None:
        raise NameInvalid(name=rest)
    name = match["name"]
    if match["list"] is not None:
        return "tags", name, None
    if match["start"] is not None or match["upload"] == "":
        return "uploads", name, None
    if match["upload"] is not None:
        return "upload", name, match["upload"]
    if match["noun"] == "blobs" and match["reference"] == "uploads":
        return "uploads", name, None
    return match["noun"], name, match["reference"]


def decoded(path: str) -> str:
    """The path with percent-encodings decoded once; an encoded slash or NUL is no path of ours: NameInvalid."""
    if "%" not in path:
        return path
    try:
        text = unquote(path, errors="strict")
    except UnicodeDecodeError:
        raise NameInvalid(name=path) from None
    if text.count("/") != path.count("/") or "\x00" in text:
        raise NameInvalid(name=text)
    return text
