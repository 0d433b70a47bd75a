"""Who a registry of others takes this server for: Basic credentials, or a token of the service that it names
(CNCF Distribution, "Token Authentication Specification" and "Oauth2 Token Authentication").

Credentials go to that registry and, where it is reached over TLS, to a token service that is too.
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

import msgspec

from entrepot.outbound.client import Outbound
from entrepot.outbound.exchange import Response, parsed
from entrepot.outbound.faults import AnswerUnusable

_MOST_BYTES = 256 * 1024
_CLIENT = "entrepot"
_BEARER = re.compile(r"(?i)(?:\A|,\s*)bearer\s+(.*)", re.DOTALL)
_BASIC = re.compile(r"(?i)(?:\A|,\s*)basic(?:\s|\Z)")
_PARAMETER = re.compile(r'(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
_TOKEN = re.compile(r"[\x21-\x7e]+")
_OK = 200


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


class Authorizing:
    """The Authorization headers of one client of one registry; tokens are kept until they are refused."""

    def __init__(self, outbound: Outbound, login: Login, *, secure: bool) -> None:
        self._outbound = outbound
        self._login = login
        self._secure = secure
        self._known: dict[str, str] = {}  # by scope

    def headers(self, scope: str) -> dict[str, str]:
        """What a request of this scope carries by what is known so far."""
        value = self._login.header or self._known.get(scope, "")
        return {"Authorization": value} if value else {}

    async def challenged(self, challenge: str, scope: str) -> bool:
        """Take what a registry says with 401; whether it is worth asking again: OutboundFault."""
        bearer, value = _BEARER.search(challenge), ""
        if self._login.header:
            return False
        if bearer:
            value = f"Bearer {await self._token(_parameters(bearer[1]), scope)}"
        elif _BASIC.search(challenge):
            value = self._login.basic
        if not value or self._known.get(scope) == value:
            return False
        self._known[scope] = value
        return True

    async def _token(self, parameters: Mapping[str, str], scope: str) -> str:
        realm = parameters.get("realm", "")
        if self._secure and parsed(realm).scheme != "https":
            raise AnswerUnusable("the registry names a token service without TLS")
        asked = {"scope": scope, "client_id": _CLIENT}
        if parameters.get("service"):
            asked["service"] = parameters["service"]
        host = parsed(realm).host or "nobody"
        answer = await (self._refreshed(realm, asked) if self._login.identity_token else self._issued(realm, asked))
        if answer.status != _OK:
            raise AnswerUnusable(f"{host} gives no token: status {answer.status}")
        try:
            told = msgspec.json.decode(answer.body, type=_Token)
        except msgspec.MsgspecError:
            raise AnswerUnusable(f"{host} gives no token that can be read") from None
        token = told.token or told.access_token
        if not _TOKEN.fullmatch(token):
            raise AnswerUnusable(f"{host} gives no token that can be read")
        return token

    async def _issued(self, realm: str, asked: Mapping[str, str]) -> Response:
        headers = {"Authorization": self._login.basic} if self._login.basic else {}
        url = f"{realm}{'&' if '?' in realm else '?'}{urlencode(asked)}"
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
