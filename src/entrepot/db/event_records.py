"""Rows of EventBridge's configuration as the rest of the house sees them: immutable, typed, aware datetimes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from entrepot.spec.event_arns import BusKey, EventKey

InputKind = Literal["event", "constant", "path", "transformer"]
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Bus:
    """An event bus; `policy` is its resource policy, as it is kept. The default one was always there."""

    key: BusKey
    description: str = ""
    policy: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of a bus, with an event pattern, a schedule, or both."""

    id: str
    bus: BusKey
    name: str
    pattern: str | None
    schedule: str | None
    state: str
    description: str
    role_arn: str | None
    created_by: str
    created_at: datetime
    updated_at: datetime

    @property
    def arn(self) -> str:
        """The Amazon Resource Name."""
        return self.bus.rule_arn(self.name)

    @property
    def enabled(self) -> bool:
        """Whether it sees events, those of CloudTrail that only read included or not."""
        return self.state != "DISABLED"


@dataclass(frozen=True, slots=True)
class Target:
    """A target of a rule: where events go, as what, and for how long that is tried.

    `input` is the constant, the path, or the JSON of a transformer {InputPathsMap, InputTemplate}; `parameters` holds
    AWS's HttpParameters, KinesisParameters and SqsParameters where they were given.
    """

    rule_id: str
    id: str
    arn: str
    role_arn: str | None = None
    input_kind: InputKind = "event"
    input: str = ""
    parameters: Json | None = None
    dead_letter_arn: str | None = None
    most_attempts: int | None = None
    longest_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """A rule with its targets."""

    rule: Rule
    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive of a bus's events; without a pattern, of all of them; `retention_days` 0 is for ever."""

    id: str
    key: EventKey
    bus: str
    description: str
    pattern: str | None
    retention_days: int
    created_at: datetime

    @property
    def source(self) -> BusKey:
        """The bus whose events it keeps."""
        return BusKey(self.key.account, self.key.region, self.bus)


@dataclass(frozen=True, slots=True)
class Replay:
    """A replay of an archive's events of [from_at, to_at) to its bus; of no filter, to every rule of it."""

    id: str
    key: EventKey
    description: str
    archive_id: str
    archive: str
    bus: str
    filter_arns: tuple[str, ...]
    from_at: datetime
    to_at: datetime
    state: str
    reason: str
    last_at: datetime | None
    started_at: datetime
    ended_at: datetime | None

    @property
    def source_arn(self) -> str:
        """The ARN of the archive."""
        return EventKey(self.key.account, self.key.region, "archive", self.archive).arn

    @property
    def bus_arn(self) -> str:
        """The ARN of the bus."""
        return BusKey(self.key.account, self.key.region, self.bus).arn


@dataclass(frozen=True, slots=True)
class Connection:
    """How requests of API destinations are authorised; `sealed` opens with `secret_context(id)`."""

    id: str
    key: EventKey  # its name is without the id
    description: str
    kind: str
    shown: Json
    sealed: bytes | None
    state: str
    reason: str
    created_at: datetime
    updated_at: datetime
    authorized_at: datetime | None

    @property
    def arn(self) -> str:
        """The Amazon Resource Name."""
        return f"{self.key.arn}/{self.id}"


@dataclass(frozen=True, slots=True)
class ApiDestination:
    """An HTTP endpoint that is a target; `rate` is the invocations a second that it takes at most."""

    id: str
    key: EventKey  # its name is without the id
    description: str
    connection_arn: str
    endpoint: str
    method: str
    rate: int
    created_at: datetime
    updated_at: datetime

    @property
    def arn(self) -> str:
        """The Amazon Resource Name."""
        return f"{self.key.arn}/{self.id}"


def secret_context(connection_id: str) -> bytes:
    """What a connection's secret is sealed for: no other row's opens as this one's."""
    return f"event-connection/{connection_id}".encode()
