"""Rows of exceptions, standings and admission as the rest of the house sees them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

import msgspec

from entrepot.db.scan_records import ScanKey

ExceptionStatus = Literal["accepted", "not_affected", "fixed", "affected", "under_investigation"]
AdmissionMode = Literal["audit", "enforce"]
Unscanned = Literal["allow", "deny"]


@dataclass(frozen=True, slots=True)
class VulnerabilityException:
    """What somebody says of a vulnerability in images of one or several repositories.

    `repository_id` is '' unless a referrer says so; `digest`, `package` are '' where each image, each package is meant.
    """

    id: str
    account: str
    region: str
    repository: str
    repository_id: str
    digest: str
    vulnerability: str
    aliases: Sequence[str]
    package: str
    status: ExceptionStatus
    justification: str
    statement: str
    owner: str
    origin: str
    said_at: datetime
    created_at: datetime
    expires_at: datetime | None


class Worst(msgspec.Struct, frozen=True, array_like=True):
    """A finding that counts."""

    name: str
    severity: str
    package: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What is left of the findings of an image's last scan that ended, the worst of it first; until `due_at`."""

    key: ScanKey
    status: str
    description: str
    raw: Mapping[str, int]
    effective: Mapping[str, int]
    worst: Sequence[Worst]
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Admission:
    """Which images of a repository are handed out: none with a finding above `max_severity`; `grace_seconds` is how
    long after its push one may be unscanned nevertheless; by digest only, where it says so; and only those that one of
    `keys` (PEM) or one of `profiles` (ARNs) has signed, where there are any.
    """

    mode: AdmissionMode
    max_severity: str
    unscanned: Unscanned
    grace_seconds: int
    owner: str
    updated_at: datetime
    digest_only: bool = False
    keys: Sequence[str] = ()
    profiles: Sequence[str] = ()


class SignatureWait(NamedTuple):
    """An image that is to be looked at for a signature; `due_at` in microseconds."""

    repository_id: str
    digest: str
    signed: str
    tries: int
    due_at: int


class VexTrust(NamedTuple):
    """Who has a repository believe documents, since when, and only those that one of these keys (PEM) has signed."""

    owner: str
    since: datetime
    keys: Sequence[str]


class VexReferrer(NamedTuple):
    """A document that was pushed to a repository that trusts it."""

    repository_id: str
    digest: str
    owner: str
    outcome: str
    tries: int
    due_at: datetime | None
