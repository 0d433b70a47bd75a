"""Moments in time: aware datetimes in UTC outside, microseconds since the epoch in rows and records."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY, _SECOND = 86_400_000_000, 1_000_000


def micros(moment_: datetime) -> int:
    """Microseconds since the epoch, exactly."""
    since = moment_ - _EPOCH
    return since.days * _DAY + since.seconds * _SECOND + since.microseconds  # three times as fast as a division


def moment(microseconds: int) -> datetime:
    """The aware datetime of so many microseconds since the epoch."""
    return _EPOCH + timedelta(microseconds=microseconds)


def micros_or_none(moment_: datetime | None) -> int | None:
    """The same of a moment that there may not be."""
    return None if moment_ is None else micros(moment_)


def moment_or_none(microseconds: int | None) -> datetime | None:
    """The same of a moment that there may not be."""
    return None if microseconds is None else moment(microseconds)
