"""When a trail logs, and how its delivery goes.

A trail keeps the periods in which it logged until what happened in them has been delivered: a record belongs to it when
its moment lies in one of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from entrepot.core.access import Caller
from entrepot.core.audit import trails
from entrepot.db import trail_files
from entrepot.db import trails as rows
from entrepot.db.database import Transaction
from entrepot.db.trail_records import Delivery, Period, Trail
from entrepot.errors import TrailBusy

LATEST = timedelta(hours=24)  # a record is not awaited for longer after its period has ended
_MOST_PERIODS = 100


@dataclass(frozen=True, slots=True)
class TrailStatus:
    """A trail, and how its delivery goes in the caller's region."""

    trail: Trail
    delivery: Delivery


def start(tx: Transaction, caller: Caller, named: str) -> None:
    """Log from now on: TrailNotFound, TrailElsewhere, TrailBusy."""
    found = trails.require_locked(tx, caller, "StartLogging", named)
    if not found.logging:
        if len(found.periods) >= _MOST_PERIODS:
            raise TrailBusy(name=found.name)
        periods = (*found.periods, (caller.at, None))
        rows.set_logging(tx, replace(found, logging=True, started_at=caller.at, periods=periods))
    trails.told(tx, caller, "StartLogging", {"name": named})


def stop(tx: Transaction, caller: Caller, named: str) -> None:
    """Log no more from now on: TrailNotFound, TrailElsewhere."""
    found = trails.require_locked(tx, caller, "StopLogging", named)
    rows.set_logging(tx, trails.stopped(found, caller.at))
    trails.told(tx, caller, "StopLogging", {"name": named})


def status(tx: Transaction, caller: Caller, named: str) -> TrailStatus:
    """Whether the trail logs, since when, what was delivered last and what could not be: TrailNotFound."""
    found = trails.require(tx, caller, "GetTrailStatus", named)
    return TrailStatus(found, trail_files.delivery(tx, found.id, caller.region))


def is_logging(tx: Transaction, account: str, region: str) -> bool:
    """Whether any trail logs what happens in this account and region now."""
    return rows.logging(tx, account, region)


def covers(periods: Sequence[Period], at: datetime) -> bool:
    """Whether a moment lies in one of the periods."""
    return any(start <= at and (end is None or at < end) for start, end in periods)


def still_awaited(periods: Sequence[Period], now: datetime) -> tuple[Period, ...]:
    """The periods of which records may still come."""
    return tuple((start, end) for start, end in periods if end is None or now - end < LATEST)
