"""Who a registry of others takes this server for: Basic credentials, or a token of the service that it names
(CNCF Distribution, "Token Authentication Specification" and "Oauth2 Token Authentication").

Credentials go to that registry and to the token service that is its own, never to whom it merely names.
"""

import asyncio
import base64
import re
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

import msgspec

from entrepot.outbound.client import Outbound
from entrepot.outbound.exchange import Response, parsed
from entrepot.outbound.faults import AnswerUnusable, DestinationForbidden, RequestsTooMany, Unavailable
from entrepot.outbound.registry_answers import refusal

_MOST_BYTES = 256 * 1024
_MOST_TOKENS = 4096
_CLIENT = "entrepot"
_BEARER = re.compile(r"(?i)(?:\A|,\s*)bearer\s+(.*)", re.DOTALL)
_BASIC = re.compile(r"(?i)(?:\A|,\s*)basic(?:\s|\Z)")
_PARAMETER = re.compile(r'(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
_TOKEN = re.compile(r"[\x21-\x7e]+")
_OK = 200
_SHORTEST_LIFE, _LONGEST_LIFE = 60.0, 12 * 3600.0  # seconds; who says none means the shortest
_SPENT = 0.9  # of a token's life: what is left is for the request that carries it
_BASIC_LIFE = 12 * 3600.0
_KNOWN_SERVICES = frozenset({("registry-1.docker.io", "auth.docker.io"), ("registry.gitlab.com", "gitlab.com")})


@dataclass(frozen=True, slots=True)
class Login:
    """Who pulls or pushes: a user with a password, a refresh token (docker's "identity token"), or an Authorization
    header as it is to be sent; nobody without any.
    """

    username: str = ""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)
    header: str = field(default="", repr=False)

    @property
    def basic(self) -> str:
        """The header of Basic credentials, '' without any."""
        if not self.username:
            return ""
        return f"Basic {base64.b64encode(f'{self.username}:{self.password}'.encode()).decode()}"


ANONYMOUS = Login()


class _Token(msgspec.Struct):
    token: str = ""
    access_token: str = ""
    expires_in: float = _SHORTEST_LIFE


@dataclass(slots=True)
class _Known:
    """An Authorization header, until when it serves, and who is fetching the next one."""

    value: str = ""
    until: float = 0.0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Tokens:
    """What registries have let this process have, by registry, login and scope, for as long as each lives; those that
    were used longest ago go first.
    """

    def __init__(self, most: int = _MOST_TOKENS) -> None:
        self._most = most
        self._known: OrderedDict[tuple[str, Login, str], _Known] = OrderedDict()

    def of(self, key: tuple[str, Login, str]) -> _Known:
        """The place of one token."""
        known = self._known.setdefault(key, _Known())
        self._known.move_to_end(key)
        while len(self._known) > self._most:
            self._known.popitem(last=False)
        return known


class Authorizing:
    """The Authorization headers of one login at one registry."""

    def __init__(self, outbound: Outbound, url: str, login: Login, tokens: Tokens | None = None) -> None:
        self._outbound = outbound
        self._url = parsed(url)
        self._login = login
        self._tokens = tokens or Tokens()

    def header(self, scope: str) -> str:
        """What a request of this scope carries by what is known so far, '' for nothing."""
        known = self._place(scope)
        return self._login.header or (known.value if time.monotonic() < known.until else "")

    async def challenged(self, challenge: str, scope: str, refused: str) -> bool:
        """Take what a registry says with 401 to a request that carried `refused`; whether it is worth asking again:
        OutboundFault. Of many that are refused at once, one asks for a token.
        """
        if self._login.header:
            return False
        known = self._place(scope)
        async with known.turn:
            if known.value not in {"", refused} and time.monotonic() < known.until:
                return True
            bearer, value, life = _BEARER.search(challenge), "", _BASIC_LIFE
            if bearer:
                value, life = await self._token(_parameters(bearer[1]), scope)
            elif _BASIC.search(challenge):
                value = self._login.basic
            if not value or value == refused:
                return False
            known.value, known.until = value, time.monotonic() + life
            return True

    def _place(self, scope: str) -> _Known:
        return self._tokens.of((str(self._url), self._login, scope))

    async def _token(self, parameters: Mapping[str, str], scope: str) -> tuple[str, float]:
        """A Bearer header, and for how many seconds."""
        realm = parameters.get("realm", "")
        self._require_own(realm)
        asked = {"scope": scope, "client_id": _CLIENT}
        if parameters.get("service"):
            asked["service"] = parameters["service"]
        host = parsed(realm).host or "nobody"
        answer = await (self._refreshed(realm, asked) if self._login.identity_token else self._issued(realm, asked))
        if answer.status != _OK:
            fault = refusal(host, answer.status, answer.body, answer.headers)
            if isinstance(fault, (Unavailable, RequestsTooMany)) or answer.status in {401, 403}:
                raise fault
            raise AnswerUnusable(f"{host} gives no token: status {answer.status}")
        try:
            told = msgspec.json.decode(answer.body, type=_Token, strict=False)
        except msgspec.MsgspecError:
            raise AnswerUnusable(f"{host} gives no token that can be read") from None
        token = told.token or told.access_token
        if not _TOKEN.fullmatch(token):
            raise AnswerUnusable(f"{host} gives no token that can be read")
        return f"Bearer {token}", min(max(told.expires_in, _SHORTEST_LIFE), _LONGEST_LIFE) * _SPENT

    def _require_own(self, realm: str) -> None:
        """DestinationForbidden for a token service that is not this registry's: any that it may name would get the
        credentials.
        """
        named, here = parsed(realm), (self._url.host or "nobody").lower()
        host = (named.host or "no host").lower()
        if self._url.scheme == "https" and named.scheme != "https":
            raise AnswerUnusable("the registry names a token service without TLS")
        known = host == here or (here, host) in _KNOWN_SERVICES
        if not known and not self._outbound.destinations.is_token_service(here, host):
            raise DestinationForbidden(
                f"{here} names a token service at {host[:256]}, which is not its own; list {here}={host[:256]} in "
                "token_services if it may have the credentials"
            )

    async def _issued(self, realm: str, asked: Mapping[str, str]) -> Response:
        headers = {"Authorization": self._login.basic} if self._login.basic else {}
        scopes = [("scope", each) for each in asked["scope"].split()]  # one each here, in one line in a form
        others = [(name, text) for name, text in asked.items() if name != "scope"]
        url = f"{realm}{'&' if '?' in realm else '?'}{urlencode([*scopes, *others])}"
        return await self._outbound.send("GET", url, most_bytes=_MOST_BYTES, headers=headers)

    async def _refreshed(self, realm: str, asked: Mapping[str, str]) -> Response:
        form = {**asked, "grant_type": "refresh_token", "refresh_token": self._login.identity_token}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        body = urlencode(form).encode()
        return await self._outbound.send("POST", realm, most_bytes=_MOST_BYTES, body=body, headers=headers)


def _parameters(text: str) -> dict[str, str]:
    """The parameters of a challenge (RFC 9110, 11.2)."""
    return {
        name.lower(): re.sub(r"\\(.)", r"\1", quoted) or plain
        for name, quoted, plain in _PARAMETER.findall(text[:8192])
    }
