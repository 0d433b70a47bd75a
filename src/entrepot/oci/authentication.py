"""Who is calling the registry: `Basic AWS:<token>` or `Bearer <token>`; challenges for those who are nobody yet."""

import base64
import binascii
from functools import lru_cache
from typing import Literal

from aiohttp import web

from entrepot.core.access import Caller
from entrepot.core.credentials import Credentials
from entrepot.core.principals import Principal
from entrepot.errors import CredentialInvalid, CredentialMissing, RequestMalformed
from entrepot.http.exchange import Exchange
from entrepot.spec.digest import Digest
from entrepot.spec.repository import RegistryKey, RepositoryKey

_USER = "AWS"
_READS = ("GET", "HEAD")
_DOOR: Literal["oci"] = "oci"


async def caller(
    request: web.BaseRequest,
    exchange: Exchange,
    credentials: Credentials,
    region: str,
    download: tuple[RegistryKey, str, str] | None,
) -> Caller:
    """The caller of a request: CredentialMissing, CredentialInvalid, CredentialExpired, RequestMalformed.

    `download` is the blob that is asked for, if it is one: a download URL carries a token for it in its query.
    """
    principal = await _principal(request, credentials, download)
    return Caller(
        principal,
        credentials.rights(principal),
        region,
        exchange.source_ip,
        exchange.user_agent,
        exchange.request_id,
        exchange.secure,
        _DOOR,
        exchange.at,
    )


def challenge(exchange: Exchange) -> str:
    """What a client is asked for."""
    return f'Basic realm="{exchange.base_url}/",service="ecr.amazonaws.com"'


async def _principal(
    request: web.BaseRequest, credentials: Credentials, download: tuple[RegistryKey, str, str] | None
) -> Principal:
    lines = request.headers.getall("Authorization", ())
    reads = request.method in _READS  # whoever has a download URL may read the blob and nothing else
    if not lines and reads and download is not None and (token := request.query.get("token")) is not None:
        registry, name, digest = download
        return await credentials.by_download(token, RepositoryKey(registry, name), Digest.parse(digest))
    if not lines:
        raise CredentialMissing
    if len(lines) > 1:
        raise RequestMalformed(reason="several Authorization headers; send one")
    scheme, _, value = lines[0].partition(" ")
    match scheme.lower():
        case "basic":
            return await credentials.by_token(_password(value.strip()))
        case "bearer":
            return await credentials.by_token(value.strip())
        case _:
            raise CredentialInvalid


@lru_cache(maxsize=1024)
def _password(encoded: str) -> str:
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode("ascii").partition(":")
    except (binascii.Error, UnicodeError, ValueError):
        raise CredentialInvalid from None
    if user != _USER:
        raise CredentialInvalid
    return password
