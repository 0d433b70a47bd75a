"""Rows of IAM as the rest of the house sees them: immutable, typed, moments as aware datetimes."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Entity:
    """What has a name and a path in an account: a user, group, role, policy, instance profile, provider or device."""

    id: str
    account: str
    kind: str
    name: str
    path: str
    description: str
    boundary: str | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Identity:
    """A user or role by its unique id, as a session names it: `owner` is its path and name, `account_stamp` the stamp
    of its account when it was read.
    """

    id: str
    account: str
    kind: str
    owner: str
    account_stamp: int


@dataclass(frozen=True, slots=True)
class Role:
    """What a role has beside its entity."""

    trust_document: str
    max_session_seconds: int
    service: str | None
    last_used_at: datetime | None
    last_used_region: str | None


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a managed policy: `number` 3 is `v3`."""

    number: int
    document: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ServiceControlPolicy:
    """One of the policies that limit an account as a whole."""

    name: str
    document: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class KeyUse:
    """An access key without its secret; `service` and `region` of its last use."""

    id: str
    account: str
    principal_id: str
    status: str
    created_at: datetime
    last_used_at: datetime | None
    service: str | None
    region: str | None


@dataclass(frozen=True, slots=True)
class LoginProfile:
    """A user's password, as argon2 keeps it."""

    user_id: str
    password: str
    reset_required: bool
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class PasswordPolicy:
    """What an account wants of its users' passwords; `classes` are the kinds of characters that there must be."""

    minimum_length: int
    classes: tuple[str, ...]
    users_may_change: bool
    max_age_days: int | None
    reuse_prevention: int | None
    hard_expiry: bool


@dataclass(frozen=True, slots=True)
class Provider:
    """What an OpenID Connect provider has beside its entity, whose name is its URL without `https://`."""

    client_ids: tuple[str, ...]
    thumbprints: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Device:
    """A virtual MFA device: `seed` is sealed, `last_step` the time step of the last code that was taken."""

    id: str
    seed: bytes
    user_id: str | None
    enabled_at: datetime | None
    last_step: int
