"""Who calls the registry: who has logged in, or, for what is public, anybody; and challenges."""

import msgspec
from aiohttp import web

from entrepot.core.access import Caller
from entrepot.core.credentials import Credentials
from entrepot.core.parts import Core
from entrepot.core.principals import ANONYMOUS, Principal
from entrepot.errors import CredentialMissing
from entrepot.http.addressing import Place
from entrepot.http.exchange import Exchange
from entrepot.oci import logins
from entrepot.spec.digest import Digest
from entrepot.spec.repository import RepositoryKey

PUBLIC_SERVICE = "public.ecr.aws"
TOKENS = "public.ecr/token/"  # where the realm of a public registry is, below the server's URL
_ENGINE = "docker/"  # the engine's user agent; docker's own command and build tools ask like everybody else
_READS = ("GET", "HEAD")
_PUBLIC = frozenset({"manifests", "blobs", "tags", "referrers"})  # what anybody may read of a public repository


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
    RequestMalformed; AccessDenied for a key or role that may not log in, and what is wrong with a provider's token.
    """
    login, region = logins.given(request), asked.place.registry.region or core.regions[0]
    if login is not None and not login.is_token:  # whoever has a login may at least read what anybody may
        wanted = () if asked.is_public_read else asked.services
        owner = asked.place.registry.account
        return (await logins.without_token(core, login, exchange, region, wanted, owner))[0]
    principal = await _principal(request, core.credentials, asked, None if login is None else login.password)
    return logins.as_caller(core, principal, exchange, region)


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


async def _principal(request: web.BaseRequest, credentials: Credentials, asked: Asked, token: str | None) -> Principal:
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
