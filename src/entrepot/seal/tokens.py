"""Registry tokens: sealed claims, opaque to clients, without a colon (get-login-password splits there), under 4 KB."""

from datetime import datetime

import msgspec

from entrepot.errors import CredentialInvalid
from entrepot.seal import packing
from entrepot.seal.sealing import Seal
from entrepot.seal.sessions import Session

_CONTEXT = b"registry-token"


class Claims(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who a token was issued to: a credential of a principal by unique ids, and that credential's epoch.

    `scope` narrows a token to one blob of one repository (a download URL); empty for a login. `session` is that of
    the credential, without its secret, where it is a temporary one.
    """

    credential_id: str
    principal_id: str
    epoch: int
    region: str
    issued_at: datetime
    expires_at: datetime
    scope: str = ""
    session: Session | None = None


_DECODER = msgspec.json.Decoder(Claims)


def issue(seal: Seal, claims: Claims) -> str:
    """The token that says this."""
    return packing.issue(seal, claims, _CONTEXT)


def read(seal: Seal, token: str) -> Claims:
    """The claims of a token of ours: CredentialInvalid. Whether they still hold is for the caller to check."""
    found = packing.read(seal, token, _CONTEXT, _DECODER)
    if found is None:
        raise CredentialInvalid
    return found
