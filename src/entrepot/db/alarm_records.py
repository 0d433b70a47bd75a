"""Rows of alarms as the rest of the house sees them."""

from dataclasses import dataclass
from typing import NamedTuple


class AlarmKey(NamedTuple):
    """Where an alarm is, and its name."""

    account: str
    region: str
    name: str


@dataclass(frozen=True, slots=True)
class AlarmRow:
    """An alarm; moments in microseconds, texts '' where there is nothing."""

    key: AlarmKey
    kind: str
    metric: str
    definition: str
    actions_enabled: bool
    configured_at: int
    state: str
    reason: str
    reason_data: str
    updated_at: int
    transitioned_at: int
    evaluation: str
    changes: int
    acted: str
    suppressed_by: str
    suppressed_at: int


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """Something that happened to an alarm."""

    id: str
    key: AlarmKey
    kind: str
    at: int
    item: str
    summary: str
    data: str


@dataclass(frozen=True, slots=True)
class DashboardRow:
    """A dashboard of an account."""

    account: str
    name: str
    body: str
    modified_at: int
