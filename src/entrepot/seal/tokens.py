"""Registry tokens: sealed claims, opaque to clients, without a colon (get-login-password splits there), under 4 KB."""

import base64
import binascii
from datetime import datetime

import msgspec

from entrepot.errors import CredentialInvalid
from entrepot.seal.sealing import Seal, SealBroken

_CONTEXT = b"registry-token"
_LONGEST = 4096


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """Who a token was issued to: a credential of a principal by unique ids, and that credential's epoch.

    `scope` narrows a token to one blob of one repository (a download URL); empty for a login.
    """

    credential_id: str
    principal_id: str
    epoch: int
    region: str
    issued_at: datetime
    expires_at: datetime
    scope: str = ""


_DECODER = msgspec.json.Decoder(Claims)


def issue(seal: Seal, claims: Claims) -> str:
    """The token that says this."""
    return base64.urlsafe_b64encode(seal.seal(msgspec.json.encode(claims), _CONTEXT)).decode().rstrip("=")


def read(seal: Seal, token: str) -> Claims:
    """The claims of a token of ours: CredentialInvalid. Whether they still hold is for the caller to check."""
    if len(token) > _LONGEST:
        raise CredentialInvalid
    try:
        sealed = base64.b64decode(token.encode("ascii") + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
        return _DECODER.decode(seal.open(sealed, _CONTEXT))
    except (binascii.Error, UnicodeError, SealBroken, msgspec.MsgspecError):
        raise CredentialInvalid from None
