"""Who calls the registry: `Basic AWS:<token>`, `Bearer <token>`, or, for what is public, anybody; and challenges."""

import base64
import binascii
from functools import lru_cache
from typing import Literal

import msgspec
from aiohttp import web

from entrepot.core.access import Caller
from entrepot.core.credentials import Credentials
from entrepot.core.parts import Core
from entrepot.core.principals import ANONYMOUS, Principal
from entrepot.errors import CredentialInvalid, CredentialMissing, RequestMalformed
from entrepot.http.addressing import Place
from entrepot.http.exchange import Exchange
from entrepot.spec.digest import Digest
from entrepot.spec.repository import RepositoryKey

PUBLIC_SERVICE = "public.ecr.aws"
TOKENS = "public.ecr/token/"  # where the realm of a public registry is, below the server's URL
_ENGINE = "docker/"  # the engine's user agent; docker's own command and build tools ask like everybody else
_USER = "AWS"
_READS = ("GET", "HEAD")
_PUBLIC = frozenset({"manifests", "blobs", "tags", "referrers"})  # what anybody may read of a public repository
_DOOR: Literal["oci"] = "oci"


class Asked(msgspec.Struct, frozen=True):
    """What a request is about: enough to know whose credentials will do."""

    place: Place
    method: str
    noun: str
    name: str
    argument: str | None

    @property
    def is_public_read(self) -> bool:
        """Whether it needs no credentials."""
        return self.place.registry.kind == "public" and self.method in _READS and self.noun in _PUBLIC

    @property
    def is_for_anybody(self) -> bool:
        """Whether a token of nobody in particular will do."""
        return self.is_public_read or (self.noun == "ping" and self.place.registry.kind == "public")

    @property
    def services(self) -> tuple[str, ...]:
        """Whose login's token will do, the one to ask for first: clients keep one for each host."""
        if self.place.registry.kind == "private":
            return ("ecr", "ecr-public") if self.place.shared and self.noun == "ping" else ("ecr",)
        return ("ecr-public", "ecr") if self.is_public_read else ("ecr-public",)


async def caller(request: web.BaseRequest, exchange: Exchange, core: Core, asked: Asked) -> Caller:
    """The caller of a request: CredentialMissing, CredentialInvalid, CredentialMisplaced, CredentialExpired,
    RequestMalformed.
    """
    principal = await _principal(request, core.credentials, asked)
    return Caller(
        principal,
        core.credentials.rights(principal),
        asked.place.registry.region or core.regions[0],
        exchange.source_ip,
        exchange.user_agent,
        exchange.request_id,
        exchange.secure,
        _DOOR,
        exchange.at,
    )


def challenge(exchange: Exchange, asked: Asked) -> str:
    """What a client is asked for."""
    place = asked.place
    if place.registry.kind == "private" and not _is_engine_at_the_door(exchange, asked):
        return f'Basic realm="{exchange.base_url}/",service="ecr.amazonaws.com"'
    scope = "aws"
    if asked.name:
        scope = f"repository:{place.prefix}{asked.name}:{'pull' if asked.is_public_read else 'pull,push'}"
    return f'Bearer realm="{exchange.base_url}/{TOKENS}",service="{PUBLIC_SERVICE}",scope="{scope}"'


def _is_engine_at_the_door(exchange: Exchange, asked: Asked) -> bool:
    """Whether Docker's engine asks how it is to log in, before it says what it wants from a host with both registries.

    It sends nothing without credentials to a host that asks for Basic ones, not even to pull what is public.
    """
    return asked.noun == "ping" and asked.place.shared and exchange.user_agent.startswith(_ENGINE)


async def _principal(request: web.BaseRequest, credentials: Credentials, asked: Asked) -> Principal:
    token = given_token(request)
    if token is None:
        if (download := request.query.get("token")) is not None and asked.noun == "blobs" and request.method in _READS:
            key = RepositoryKey(asked.place.registry, asked.name)  # whoever has a download URL may read this blob
            return await credentials.by_download(download, key, Digest.parse(asked.argument or ""))
        if asked.is_public_read:
            return ANONYMOUS
        raise CredentialMissing
    principal = await credentials.by_token(token, asked.services)
    if principal is ANONYMOUS and not asked.is_for_anybody:
        raise CredentialMissing  # a token, and nobody's
    return principal


def given_token(request: web.BaseRequest) -> str | None:
    """The token or password that a request carries; None without one: CredentialInvalid, RequestMalformed."""
    lines = request.headers.getall("Authorization", ())
    if len(lines) > 1:
        raise RequestMalformed(reason="several Authorization headers; send one")
    if not lines:
        return None
    scheme, _, value = lines[0].partition(" ")
    match scheme.lower():
        case "basic":
            return _password(value.strip())
        case "bearer":
            return value.strip()
        case _:
            raise CredentialInvalid


@lru_cache(maxsize=1024)
def _password(encoded: str) -> str | None:
    """The password; None where name and password are empty, which is how some clients say that they have none."""
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode("ascii").partition(":")
    except (binascii.Error, UnicodeError, ValueError):
        raise CredentialInvalid from None
    if not user and not password:
        return None
    if user != _USER:
        raise CredentialInvalid
    return password
