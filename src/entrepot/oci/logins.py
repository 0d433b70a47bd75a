"""What a request logs in with: `Basic AWS:<token>`, `Bearer <token>`, a long-term key and its secret, or a role and the
token of an identity provider that the role trusts.
"""

import base64
import binascii
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

import msgspec
from aiohttp import web

from entrepot.core import access_keys, logins, roles
from entrepot.core.access import Caller
from entrepot.core.parts import Core
from entrepot.core.principals import ANONYMOUS, Principal
from entrepot.errors import CredentialInvalid, RequestMalformed
from entrepot.http.exchange import Exchange

_AWS = "AWS"
_KEY_ID = re.compile(r"[A-Za-z0-9]{1,128}")
_ROLE = re.compile(r"(?:arn:aws:iam::[0-9]{12}:role/)?[\w+=,.@/-]{1,576}", re.ASCII)
_IDENTITY_TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*", re.ASCII)
_DOOR: Literal["oci"] = "oci"


class Login(msgspec.Struct, frozen=True):
    """A user's name and password; of tokens AWS, else a role or the id of an access key."""

    user: str
    password: str

    @property
    def is_token(self) -> bool:
        """Whether the password is a token."""
        return self.user == _AWS

    @property
    def is_vouched_for(self) -> bool:
        """Whether the password is a token of an identity provider, and the user a role."""
        return not self.is_token and _IDENTITY_TOKEN.fullmatch(self.password) is not None


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


async def without_token(
    core: Core, login: Login, exchange: Exchange, region: str, services: Sequence[str], account: str
) -> tuple[Caller, str]:
    """(who logs in by a key or a role, the first of some services of which it may have a token): CredentialInvalid,
    AccessDenied, and what is wrong with a provider's token. Without services only the login is looked at.

    A role's name without an ARN is that of a role of `account`.
    """
    if login.is_vouched_for:
        principal = await _by_role(core, login, exchange, region, account)
    else:
        principal = await core.credentials.by_secret(login.user, login.password)
    caller = as_caller(core, principal, exchange, region)
    service = logins.require_any(caller, services) if services else ""
    used = principal.id if login.is_vouched_for else login.user
    if core.credentials.use_is_news(used):
        if login.is_vouched_for:
            core.units.later(roles.note_use, used, region, exchange.at)
        else:
            core.units.later(access_keys.note_use, used, service or "ecr", region, exchange.at)
    return caller, service


async def _by_role(core: Core, login: Login, exchange: Exchange, region: str, account: str) -> Principal:
    arn = login.user if login.user.startswith("arn:") else f"arn:aws:iam::{account}:role/{login.user}"
    asking = as_caller(core, ANONYMOUS, exchange, region)
    return await core.web_identities.log_in(asking, arn, login.password)


@lru_cache(maxsize=1024)
def _basic(encoded: str) -> Login | None:
    """None where name and password are empty, which is how some clients say that they have none."""
    try:
        text = base64.b64decode(encoded, validate=True).decode("ascii")
    except (binascii.Error, UnicodeError, ValueError):
        raise CredentialInvalid from None
    is_arn = text.startswith("arn:")  # which has colons of its own, while no token has one
    user, _, password = text.rpartition(":") if is_arn else text.partition(":")
    if not user and not password:
        return None
    login = Login(user, password)
    if not login.is_token and not (_ROLE if login.is_vouched_for else _KEY_ID).fullmatch(user):
        raise CredentialInvalid
    return login
