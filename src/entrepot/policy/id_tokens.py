"""Tokens of identity providers (OpenID Connect Core, "ID Token"; RFC 7515, 7519, 8725): what they say, once proven.

The header chooses among the algorithms and keys that are known beforehand, and brings none of its own.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeGuard

import jwt
import msgspec

from entrepot.errors import IdentityClaimRejected, IdentityTokenExpired, IdentityTokenInvalid
from entrepot.policy.signing_keys import ALGORITHMS, SigningKeys
from entrepot.spec import strict_json

LEEWAY = timedelta(seconds=30)
TAGS = "https://aws.amazon.com/tags"
SOURCE_IDENTITY = "https://aws.amazon.com/source_identity"
_LONGEST = 20_000
_LONGEST_VALUE = 255
_MOST_VALUES = 20
_MOST_TAGS = 50
_DEEPEST = 12
_LAST_MOMENT = datetime(9999, 1, 1, tzinfo=UTC).timestamp()
_SEGMENTS = 3
_JWS = jwt.PyJWS(algorithms=list(ALGORITHMS))
Pairs = tuple[tuple[str, str], ...]


class Unverified(msgspec.Struct, frozen=True):
    """A token that anyone may have written; `issuer` says whose keys it is to be verified with."""

    token: str
    algorithm: str
    key_id: str | None
    issuer: str


class WebIdentity(msgspec.Struct, frozen=True):
    """Whom a provider vouches for, and until when; `keys` are condition keys without the provider's name."""

    issuer: str
    subject: str
    audience: str
    expires_at: datetime
    keys: Pairs
    tags: Pairs = ()
    transitive: tuple[str, ...] = ()
    source_identity: str = ""


def parse(token: str) -> Unverified:
    """IdentityTokenInvalid for what is no signed token, or is signed in a way that is never accepted."""
    parts = token.split(".")
    if len(token) > _LONGEST or len(parts) != _SEGMENTS or not token.isascii():
        raise IdentityTokenInvalid(reason="The token is not a signed JSON web token")
    header, claims = _segment(parts[0]), _segment(parts[1])
    algorithm, key_id, issuer = header.get("alg"), header.get("kid"), claims.get("iss")
    if algorithm not in ALGORITHMS:
        raise IdentityTokenInvalid(reason=f"The token is not signed with one of {', '.join(ALGORITHMS)}")
    if "crit" in header or header.get("b64", True) is not True:
        raise IdentityTokenInvalid(reason="The token has a header that must be understood, and is not")
    if key_id is not None and not isinstance(key_id, str):
        raise IdentityTokenInvalid(reason="The id of the token's key is not a text")
    if not _is_text(issuer) or not issuer.isascii() or not issuer.startswith("https://"):
        raise IdentityTokenInvalid(reason="The issuer in the token is not an https URL")
    return Unverified(token, algorithm, key_id, issuer)


def verify(unverified: Unverified, keys: SigningKeys, client_ids: Sequence[str], now: datetime) -> WebIdentity:
    """What the token says, if a key of its issuer signed it for one of these clients: IdentityTokenInvalid,
    IdentityTokenExpired, IdentityClaimRejected.
    """
    claims = _proven(unverified, keys)
    expires_at = _moment(claims, "exp")
    if expires_at + LEEWAY <= now:
        raise IdentityTokenExpired(now=now.isoformat(), expired_at=expires_at.isoformat())
    for name in ("nbf", "iat"):
        if (name == "iat" or name in claims) and _moment(claims, name) - LEEWAY > now:
            raise IdentityClaimRejected(reason=f"The token's {name} is in the future")
    audiences = _texts(claims, "aud")
    audience = _audience(claims, audiences, client_ids)
    subject = _text(claims, "sub")
    keys_found = [("sub", subject), ("aud", audience)]
    if "azp" in claims:
        keys_found += [("azp", audience), *(("oaud", each) for each in audiences)]
    if "amr" in claims:
        keys_found += [("amr", each) for each in _texts(claims, "amr")]
    tags, transitive = _tags(claims.get(TAGS))
    source = _text(claims, SOURCE_IDENTITY) if SOURCE_IDENTITY in claims else ""
    return WebIdentity(unverified.issuer, subject, audience, expires_at, tuple(keys_found), tags, transitive, source)


def _proven(unverified: Unverified, keys: SigningKeys) -> dict[str, Any]:
    for key in keys.having(unverified.key_id, unverified.algorithm):
        try:
            found = _JWS.decode_complete(unverified.token, key, algorithms=[unverified.algorithm])
        except (jwt.PyJWTError, ValueError, TypeError):
            continue
        claims = _decoded(found["payload"])
        if claims.get("iss") == unverified.issuer:
            return claims
    raise IdentityTokenInvalid(reason="The signature of the token does not fit a key of its issuer")


def _segment(text: str) -> dict[str, Any]:
    try:
        return _decoded(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except binascii.Error:
        raise IdentityTokenInvalid(reason="The token is not a signed JSON web token") from None


def _decoded(content: bytes) -> dict[str, Any]:
    try:
        found = strict_json.decode(content.decode(), _DEEPEST)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise IdentityTokenInvalid(reason="The token's parts are not JSON objects")
    return found


def _audience(claims: Mapping[str, Any], audiences: Sequence[str], client_ids: Sequence[str]) -> str:
    """For which client the token is: one audience must be a client of the provider, and so must `azp` where it is said,
    as it must be for several audiences.
    """
    party = _text(claims, "azp") if "azp" in claims else audiences[0]
    if len(audiences) > 1 and "azp" not in claims:
        raise IdentityClaimRejected(reason="The token has several audiences and no azp")
    if party not in client_ids or not set(audiences) & set(client_ids):
        raise IdentityTokenInvalid(reason="Incorrect token audience")
    return party


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not _is_text(value):
        raise IdentityClaimRejected(reason=f"The token's {name} is not a text of 1 to {_LONGEST_VALUE} characters")
    return value


def _texts(claims: Mapping[str, Any], name: str) -> Sequence[str]:
    value = claims.get(name)
    values = [value] if isinstance(value, str) else value
    if (
        not isinstance(values, list)
        or not 0 < len(values) <= _MOST_VALUES
        or not all(_is_text(each) for each in values)
    ):
        raise IdentityClaimRejected(reason=f"The token's {name} is neither a text nor a list of texts")
    return values


def _is_text(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_VALUE and value.isprintable()


def _moment(claims: Mapping[str, Any], name: str) -> datetime:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise IdentityClaimRejected(reason=f"The token's {name} is not a moment")
    return datetime.fromtimestamp(min(max(value, 0), _LAST_MOMENT), UTC)


def _tags(claim: object) -> tuple[Pairs, tuple[str, ...]]:
    """Session tags and the keys of those that are transitive (STS user guide, "Passing session tags")."""
    if claim is None:
        return (), ()
    found = claim if isinstance(claim, dict) else {}
    tags, transitive = found.get("principal_tags", {}), found.get("transitive_tag_keys", [])
    if (
        not isinstance(claim, dict)
        or not isinstance(tags, dict)
        or not isinstance(transitive, list)
        or len(tags) > _MOST_TAGS
        or not all(_is_tag(key, values) for key, values in tags.items())
        or not all(isinstance(each, str) and each in tags for each in transitive)
    ):
        raise IdentityClaimRejected(reason=f"The token's {TAGS} does not say session tags")
    return tuple((key, values[0]) for key, values in tags.items()), tuple(transitive)


def _is_tag(key: str, values: object) -> bool:
    if not isinstance(values, list) or len(values) != 1 or not isinstance(values[0], str):
        return False
    return 0 < len(key) <= 128 and len(values[0]) <= 256 and (key + values[0]).isprintable()
