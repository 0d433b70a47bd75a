"""Temporary credentials: what a session is, sealed into the token that its holder sends with each request.

Nothing of a session is stored. A registry token that a session asks for says the same, without the secret.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

import msgspec

from entrepot.errors import CredentialInvalid
from entrepot.seal import packing
from entrepot.seal.sealing import Seal

MOST_PACKED = 1536  # bytes of policies and tags: a registry token that holds them still fits into a header of 4 KB
MOST_WHOLE = 2048  # bytes of all that it says, for the same reason
_CONTEXT = b"session-token"


class Session(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who a session is of, until when, and what limits it.

    `owner_id` is the unique id of the role or user, the account for its root. `maker` and `epoch` name the long-term
    key that asked for it: a session of a user, a root or a federated user ends with that key. `policies` are texts,
    `policy_arns` managed policies of the owner's account or of AWS; without any a session is not limited, and that of
    a federated user may do nothing. `keys` are the condition keys that an identity provider's claims gave.
    """

    kind: Literal["role", "federated", "self"]
    account: str
    owner_id: str
    key_id: str
    issued_at: datetime
    expires_at: datetime
    secret: str = ""
    name: str = ""
    maker: str = ""
    epoch: int = 0
    policies: tuple[str, ...] = ()
    policy_arns: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    transitive: tuple[str, ...] = ()
    source_identity: str = ""
    mfa_at: datetime | None = None
    provider: str = ""
    keys: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        return f"Session({self.kind} {self.key_id}, ***)"

    @property
    def packed(self) -> int:
        """How many bytes its policies and tags take."""
        return len(packing.pack((self.policies, self.policy_arns, self.tags, self.transitive)))

    @property
    def whole(self) -> int:
        """How many bytes all of it takes, without the secret."""
        return len(packing.pack(msgspec.structs.replace(self, secret="")))

    def condition_keys(self) -> dict[str, tuple[str, ...]]:
        """`keys` in lower case; a key that stands several times has several values."""
        return grouped(self.keys)


def grouped(keys: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """Condition keys in lower case, each with all its values."""
    found: dict[str, tuple[str, ...]] = {}
    for key, value in keys:
        found[key.lower()] = (*found.get(key.lower(), ()), value)
    return found


_DECODER = msgspec.json.Decoder(Session)


def issue(seal: Seal, session: Session) -> str:
    """The token of a session."""
    return packing.issue(seal, session, _CONTEXT)


def read(seal: Seal, token: str) -> Session:
    """The session of a token of ours: CredentialInvalid. Whether it still holds is for the caller to check."""
    found = packing.read(seal, token, _CONTEXT, _DECODER)
    if found is None:
        raise CredentialInvalid
    return found
