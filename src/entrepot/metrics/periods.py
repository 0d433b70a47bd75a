"""Periods: which there are, where they begin, which a time so long ago still has ("CloudWatch concepts", Periods).

All moments are whole seconds since the epoch.
"""

from typing import Final

from entrepot.errors import PeriodInvalid

HIGH: Final = (1, 5, 10, 20, 30)  # of high-resolution metrics only
MINUTE: Final = 60
FIVE_MINUTES: Final = 300
HOUR: Final = 3600
DAY: Final = 86400
LONGEST: Final = 365 * DAY
# resolution in seconds -> how long it is kept, in seconds
RETENTION: Final = {1: 3 * HOUR, MINUTE: 15 * DAY, FIVE_MINUTES: 63 * DAY, HOUR: 455 * DAY}


def require(period: int) -> int:
    """A period that there is: PeriodInvalid."""
    if period not in HIGH and (period < MINUTE or period % MINUTE or period > LONGEST):
        raise PeriodInvalid(period=period)
    return period


def finest(age: int) -> int:
    """The finest resolution that points so many seconds old still have."""
    return next((resolution for resolution, kept in RETENTION.items() if age <= kept), HOUR)


def floor(moment: int, period: int) -> int:
    """The start of the period that a moment lies in; periods are counted from the epoch."""
    return moment - moment % period


def ceiling(moment: int, period: int) -> int:
    """The first start of a period that is not before a moment."""
    return -(-moment // period) * period


def request_start(start: int, period: int, age: int) -> int:
    """Where a request that starts then begins: on its period when that is below a minute, else on the minute, five
    minutes or hour of the resolution that is kept of a time so many seconds ago.
    """
    if period < MINUTE:
        return floor(start, period)
    return floor(start, max(MINUTE, finest(age)))


def starts(start: int, end: int, period: int) -> range:
    """The starts of the periods in [start, end)."""
    return range(ceiling(start, period), end, period)
