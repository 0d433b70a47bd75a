"""Logins of registries that are ECR's, or speak as ECR does: tokens that a signed call gives (Amazon ECR API reference,
GetAuthorizationToken), with keys that a role's may be (AWS STS API reference, AssumeRole).

Signatures go to the API that a registry's own name tells of, and to no other.
"""

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from urllib.parse import urlencode, urlsplit

import msgspec

from entrepot.outbound.client import Outbound
from entrepot.outbound.exchange import Response
from entrepot.outbound.faults import AnswerUnusable, CredentialsRefused, RequestsTooMany
from entrepot.outbound.registry_answers import refusal
from entrepot.outbound.registry_logins import Login
from entrepot.outbound.signing import Keys, signed

_HOST = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr(?:-fips)?\.(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)\.(?P<domain>[a-z0-9.-]+)"
)
_AMAZON = frozenset({"amazonaws.com", "amazonaws.com.cn"})
_TARGET = "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken"
_MOST_BYTES = 256 * 1024
_MOST_KEPT = 1024
_EARLY = timedelta(minutes=5)  # what is nearly over is fetched anew
_SESSION_SECONDS = 3600
_Key = TypeVar("_Key")
_Value = TypeVar("_Value")
_DENIED = ("AccessDenied", "UnrecognizedClient", "InvalidSignature", "InvalidClientTokenId", "ExpiredToken",
           "SignatureDoesNotMatch", "IncompleteSignature", "MissingAuthenticationToken")  # fmt: skip
_BUSY = ("Throttl", "TooManyRequests", "RequestLimitExceeded", "LimitExceeded")


@dataclass(frozen=True, slots=True)
class EcrApi:
    """The API of a registry: where ECR and STS are asked, in which region."""

    ecr_url: str
    sts_url: str
    region: str

    @classmethod
    def of(cls, registry_url: str) -> "EcrApi | None":
        """That of a registry named `<account>.dkr.ecr.<region>.<domain>`; None for any other name."""
        parts = urlsplit(registry_url)
        found = _HOST.fullmatch(parts.hostname or "")
        if found is None:
            return None
        region, domain = found["region"], found["domain"]
        port = f":{parts.port}" if parts.port else ""
        ecr = f"{parts.scheme}://api.ecr.{region}.{domain}{port}/"
        sts = f"{parts.scheme}://sts.{region}.{domain}{port}/" if domain in _AMAZON else ecr
        return cls(ecr, sts, region)


class _Granted(msgspec.Struct, rename="camel"):
    authorization_token: str
    expires_at: float


class _Answer(msgspec.Struct, rename="camel"):
    authorization_data: list[_Granted]


class EcrLogins:
    """Logins and sessions of roles, each kept until it is nearly over. Every method raises OutboundFault."""

    def __init__(self, outbound: Outbound, clock: Callable[[], datetime]) -> None:
        self._outbound = outbound
        self._clock = clock
        self._logins: dict[tuple[EcrApi, Keys], tuple[Login, datetime]] = {}
        self._sessions: dict[tuple[EcrApi, Keys, str, str], tuple[Keys, datetime]] = {}

    async def login(self, api: EcrApi, keys: Keys) -> Login:
        """Who the owner of the keys is at the registries of this API."""
        known = self._logins.get((api, keys))
        if known is not None and known[1] > self._clock():
            return known[0]
        headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": _TARGET}
        answer = await self._called(api.ecr_url, headers, b"{}", keys, api.region, "ecr")
        try:
            (granted, *_) = msgspec.json.decode(answer.body, type=_Answer).authorization_data
            user, _, password = base64.b64decode(granted.authorization_token, validate=True).decode().partition(":")
            ends = datetime.fromtimestamp(granted.expires_at, UTC)
        except (ValueError, OverflowError, OSError, binascii.Error):  # msgspec's faults are ValueErrors
            raise AnswerUnusable(f"{_host(api.ecr_url)} gives no token that can be read") from None
        login = Login(user, password)
        self._keep(self._logins, (api, keys), (login, ends - _EARLY))
        return login

    async def session(self, api: EcrApi, role_arn: str, name: str, keys: Keys) -> Keys:
        """The keys of a session of a role."""
        known = self._sessions.get((api, keys, role_arn, name))
        if known is not None and known[1] > self._clock():
            return known[0]
        form = {"Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": role_arn, "RoleSessionName": name,
                "DurationSeconds": str(_SESSION_SECONDS)}  # fmt: skip
        headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
        answer = await self._called(api.sts_url, headers, urlencode(form).encode(), keys, api.region, "sts")
        session = _credentials(_host(api.sts_url), answer.body)
        ends = self._clock() + timedelta(seconds=_SESSION_SECONDS) - _EARLY
        self._keep(self._sessions, (api, keys, role_arn, name), (session, ends))
        return session

    async def _called(
        self, url: str, headers: dict[str, str], body: bytes, keys: Keys, region: str, service: str
    ) -> Response:
        given = signed("POST", url, headers, body, keys=keys, region=region, service=service, now=self._clock())
        answer = await self._outbound.send("POST", url, most_bytes=_MOST_BYTES, body=body, headers=given)
        if answer.status == 200:
            return answer
        host, text = _host(url), answer.body[:4096].decode("utf-8", "replace")
        if any(code in text for code in _BUSY):
            raise RequestsTooMany(host, answer.status, "", None)
        if answer.status < 500 and any(code in text for code in _DENIED):
            raise CredentialsRefused(host, answer.status, "")
        raise refusal(host, answer.status, b"", answer.headers)

    @staticmethod
    def _keep(kept: dict[_Key, _Value], key: _Key, value: _Value) -> None:
        while len(kept) >= _MOST_KEPT:
            kept.pop(next(iter(kept)))
        kept[key] = value


def _credentials(host: str, body: bytes) -> Keys:
    texts = {
        name: found[1].decode("utf-8", "replace")
        for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")
        if (found := re.search(rb"<%b>([A-Za-z0-9+/=_.:-]{1,8192})</" % name.encode(), body))
    }
    if len(texts) < 3:
        raise AnswerUnusable(f"{host} gives no session that can be read")
    return Keys(texts["AccessKeyId"], texts["SecretAccessKey"], texts["SessionToken"])


def _host(url: str) -> str:
    return urlsplit(url).hostname or "nobody"
