"""What rows of keys, their material, aliases and grants hold."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

Context = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Key:
    """A key but for its material."""

    id: str
    account: str
    region: str
    manager: str
    spec: str
    usage: str
    description: str
    state: str
    policy: str
    rotation_days: int
    rotates_at: datetime | None
    created_at: datetime
    deletes_at: datetime | None = None

    @property
    def arn(self) -> str:
        """The ARN."""
        return f"arn:aws:kms:{self.region}:{self.account}:key/{self.id}"


@dataclass(frozen=True, slots=True)
class Material:
    """What a key encrypts or signs with, sealed by the master key; the highest `ordinal` counts."""

    key_id: str
    id: str
    ordinal: int
    made_by: str
    created_at: datetime
    sealed: bytes = field(repr=False)
    public: bytes


@dataclass(frozen=True, slots=True)
class Alias:
    """Another name of a key."""

    account: str
    region: str
    name: str
    key_id: str
    created_at: datetime
    updated_at: datetime

    @property
    def arn(self) -> str:
        """The ARN."""
        return f"arn:aws:kms:{self.region}:{self.account}:{self.name}"


@dataclass(frozen=True, slots=True)
class Grant:
    """What somebody may do with a key; `constraints` are encryption contexts by kind."""

    id: str
    key_id: str
    name: str
    grantee: str
    retiree: str
    operations: tuple[str, ...]
    constraints: Mapping[str, Context]
    issuer: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class RemoteKey:
    """A key that another service has, as that described it last; `public` is empty of one that does not sign."""

    arn: str
    spec: str
    state: str
    public: bytes
