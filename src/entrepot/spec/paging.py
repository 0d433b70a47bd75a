"""Page tokens: opaque to clients, and valid only with the parameters that they were issued for."""

import base64
import binascii
import hashlib
from collections.abc import Sequence

import msgspec

from entrepot.errors import PageTokenInvalid

_LONGEST = 4096


class _Token(msgspec.Struct, array_like=True, frozen=True):
    key: list[str]
    scope: str


_DECODER = msgspec.json.Decoder(_Token)


def encode_token(key: Sequence[str], scope: Sequence[str]) -> str:
    """A token that continues after `key`, for the same `scope` (operation and parameters) only."""
    body = msgspec.json.encode(_Token([str(part) for part in key], _digest(scope)))
    return base64.urlsafe_b64encode(body).decode()


def decode_token(token: str, scope: Sequence[str]) -> list[str]:
    """The key of a token: PageTokenInvalid for one that was not issued for this scope."""
    if len(token) > _LONGEST:
        raise PageTokenInvalid
    try:
        decoded = _DECODER.decode(base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True))
    except (binascii.Error, UnicodeError, msgspec.MsgspecError):
        raise PageTokenInvalid from None
    if decoded.scope != _digest(scope) or any("\0" in part for part in decoded.key):  # PostgreSQL's text has no NUL
        raise PageTokenInvalid
    return decoded.key


def _digest(scope: Sequence[str]) -> str:
    return hashlib.sha256(msgspec.json.encode(list(scope))).hexdigest()[:16]
