"""Which images are scanned continuously: those pushed, pulled or used lately enough (Inspector user guide, "Configuring
Amazon ECR re-scan duration"). Pure.
"""

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from entrepot.core.scanning.configuration import CONTINUOUS, MANUAL
from entrepot.core.scanning.coverage_statuses import (
    ACTIVE,
    COMPLETE,
    EXPIRED,
    IS_OVER,
    LIMIT,
    NOT_SELECTED,
    PENDING,
    UNAVAILABLE,
    WAITS,
    WAS_BEFORE,
)
from entrepot.db.enhanced_scans import Swept

PICKED_UP: Final = timedelta(days=14)  # images that are not older when enhanced scanning is enabled
_LIFETIME: Final = "LIFETIME"
_BY_USE: Final = "LAST_IN_USE_AT"
_ONCE: Final = "The image was scanned; it is not scanned continuously."


class Windows(NamedTuple):
    """For how long after a push (None: for ever), and after a pull or use, images are scanned continuously."""

    pushed: timedelta | None
    used: timedelta
    by_use: bool  # what runs counts, and a pull only of what was never seen to run


class Step(NamedTuple):
    """How an image's scan stands from now on; PENDING: it is to be scanned."""

    status: str
    description: str


def windows(pushed: str, used: str, mode: str) -> Windows:
    """Those of Inspector's words: DAYS_14, LIFETIME; LAST_IN_USE_AT, LAST_PULL_DATE."""
    return Windows(None if pushed == _LIFETIME else _days(pushed), _days(used), mode == _BY_USE)


def step(seen: Swept, frequency: str, within: Windows, now: datetime) -> Step | None:
    """What follows for an image that a sweep has seen; None: it stays as it is."""
    if frequency == MANUAL:
        return _not_selected(seen)
    if seen.status is None:
        return Step(PENDING, WAITS) if _is_picked_up(seen, within, now) else Step(EXPIRED, WAS_BEFORE)
    if seen.status == LIMIT or (seen.status == PENDING and not seen.waits) or seen.description == NOT_SELECTED:
        return Step(PENDING, WAITS)
    if frequency != CONTINUOUS:
        return Step(COMPLETE, _ONCE) if seen.status == ACTIVE else None
    return _continuous(seen, within, now)


def is_eligible(seen: Swept, within: Windows, now: datetime) -> bool:
    """Whether an image was pushed, pulled or used lately enough."""
    if within.pushed is None or seen.pushed_at > now - within.pushed:
        return True
    last = _last_used(seen, within)
    return last is not None and last > now - within.used


def _continuous(seen: Swept, within: Windows, now: datetime) -> Step | None:
    eligible = is_eligible(seen, within, now)
    if seen.status == ACTIVE:
        return None if eligible else Step(EXPIRED, IS_OVER)
    if seen.status == COMPLETE:
        return Step(PENDING, WAITS) if eligible else Step(EXPIRED, IS_OVER)
    if seen.status == EXPIRED and eligible and (seen.description != WAS_BEFORE or _is_used_since(seen, within)):
        return Step(PENDING, WAITS)
    return None


def _is_picked_up(seen: Swept, within: Windows, now: datetime) -> bool:
    last = _last_used(seen, within)
    return any(at is not None and at > now - PICKED_UP for at in (seen.pushed_at, last))


def _is_used_since(seen: Swept, within: Windows) -> bool:
    last = _last_used(seen, within)
    return last is not None and seen.queued_at is not None and last > seen.queued_at


def _last_used(seen: Swept, within: Windows) -> datetime | None:
    if within.by_use:
        return seen.last_in_use_at or seen.last_pulled_at
    return seen.last_pulled_at


def _not_selected(seen: Swept) -> Step | None:
    if seen.status in (ACTIVE, COMPLETE) and seen.description != NOT_SELECTED:
        return Step(COMPLETE, NOT_SELECTED)
    if seen.status == PENDING:
        return Step(UNAVAILABLE, NOT_SELECTED)
    return None


def _days(told: str) -> timedelta:
    return timedelta(days=int(told.partition("_")[2]))
