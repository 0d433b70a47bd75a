"""Rows of trails as records."""

from dataclasses import dataclass, field
from datetime import datetime

Period = tuple[datetime, datetime | None]


@dataclass(frozen=True, slots=True)
class Trail:
    """A trail; `validated_at` is since when digest files are made, None for never.

    `selectors` and `plan` are JSON, '' for none; `cursor` is the last block of records that was delivered.
    """

    id: str
    account: str
    region: str
    name: str
    bucket: str
    prefix: str
    multi_region: bool
    global_events: bool
    validated_at: datetime | None
    created_at: datetime
    selectors: str = ""
    logging: bool = False
    started_at: datetime | None = None
    stopped_at: datetime | None = None
    periods: tuple[Period, ...] = ()
    cursor: int | None = None
    plan: str = ""
    failures: int = 0
    retry_at: datetime | None = None
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """How delivery goes in one region of a trail: when files were last stored, and what went wrong since."""

    delivered_at: datetime | None = None
    delivery_error: str = ""
    digested_at: datetime | None = None
    digest_error: str = ""


@dataclass(frozen=True, slots=True)
class LogFile:
    """A log file that is stored and in no digest file; `hash` is of what is compressed."""

    trail_id: str
    region: str
    bucket: str
    key: str
    hash: str
    oldest_at: datetime
    newest_at: datetime
    delivered_at: datetime


@dataclass(frozen=True, slots=True)
class DigestHead:
    """The last digest file of a chain; `hash` is of what is compressed, `signature` in hex."""

    bucket: str
    key: str
    hash: str
    signature: str


@dataclass(frozen=True, slots=True)
class Chain:
    """Digest files of one trail in one region, each of which names the one before.

    `next_at` is where the next one begins; `planned_at` where the one that is being stored ends, under `planned_key`.
    """

    id: str
    trail_id: str
    account: str
    home_region: str
    region: str
    name: str
    prefix: str
    started_at: datetime
    next_at: datetime
    planned_at: datetime | None = None
    planned_key: str = ""
    head: DigestHead | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An RSA key pair of a region's digest files; `private` is sealed."""

    fingerprint: str
    region: str
    public: bytes
    private: bytes = field(repr=False)
    valid_from: datetime
    valid_until: datetime
