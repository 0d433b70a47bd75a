"""What a request logs in with: `Basic AWS:<token>`, `Bearer <token>`, or a long-term key and its secret."""

import base64
import binascii
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

import msgspec
from aiohttp import web

from entrepot.core import access_keys, logins
from entrepot.core.access import Caller
from entrepot.core.parts import Core
from entrepot.core.principals import Principal
from entrepot.errors import CredentialInvalid, RequestMalformed
from entrepot.http.exchange import Exchange

_AWS = "AWS"
_LONGEST_NAME = 128  # of a user, which is the id of an access key
_DOOR: Literal["oci"] = "oci"


class Login(msgspec.Struct, frozen=True):
    """A user's name and password; the user of tokens is AWS, and any other name is the id of an access key."""

    user: str
    password: str

    @property
    def is_token(self) -> bool:
        """Whether the password is a token."""
        return self.user == _AWS


def given(request: web.BaseRequest) -> Login | None:
    """What a request carries; None for nothing: CredentialInvalid, RequestMalformed."""
    lines = request.headers.getall("Authorization", ())
    if len(lines) > 1:
        raise RequestMalformed(reason="several Authorization headers; send one")
    if not lines:
        return None
    scheme, _, value = lines[0].partition(" ")
    match scheme.lower():
        case "basic":
            return _basic(value.strip())
        case "bearer":
            return Login(_AWS, value.strip())
        case _:
            raise CredentialInvalid


def as_caller(core: Core, principal: Principal, exchange: Exchange, region: str) -> Caller:
    """A principal with its rights, in the circumstances of a request."""
    return Caller(
        principal,
        core.credentials.rights(principal),
        region,
        exchange.source_ip,
        exchange.user_agent,
        exchange.request_id,
        exchange.secure,
        _DOOR,
        exchange.at,
    )


async def by_key(
    core: Core, login: Login, exchange: Exchange, region: str, services: Sequence[str]
) -> tuple[Caller, str]:
    """(who logs in by a key, the first of some services of which it may have a token): CredentialInvalid,
    AccessDenied. Without services only the key is looked at.
    """
    principal = await core.credentials.by_secret(login.user, login.password)
    caller = as_caller(core, principal, exchange, region)
    service = logins.require_any(caller, services) if services else ""
    if core.credentials.use_is_news(login.user):
        core.units.later(access_keys.note_use, login.user, service or "ecr", region, exchange.at)
    return caller, service


@lru_cache(maxsize=1024)
def _basic(encoded: str) -> Login | None:
    """None where name and password are empty, which is how some clients say that they have none."""
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode("ascii").partition(":")
    except (binascii.Error, UnicodeError, ValueError):
        raise CredentialInvalid from None
    if not user and not password:
        return None
    if user != _AWS and not (user.isalnum() and len(user) <= _LONGEST_NAME):
        raise CredentialInvalid
    return Login(user, password)
