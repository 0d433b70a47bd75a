"""When a scheduled rule fires: rate and cron expressions (docs: "Using cron and rate expressions to schedule rules in
Amazon EventBridge"). All times are UTC, to the minute.
"""

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from entrepot.errors import ScheduleExpressionInvalid

LONGEST = 256
_RATE = re.compile(r"rate\((?P<value>[1-9][0-9]{0,8}) +(?P<unit>minute|hour|day)(?P<many>s?)\)")
_CRON = re.compile(r"cron\((?P<fields>[^()]+)\)")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_FIRST_YEAR, _LAST_YEAR = 1970, 2199
_MINUTE = timedelta(minutes=1)
_ITEM = re.compile(r"(?P<first>\*|[0-9]{1,4}|[A-Z]{3})(?:-(?P<last>[0-9]{1,4}|[A-Z]{3}))?(?:/(?P<step>[0-9]{1,4}))?")
_DaysOf = Callable[[int, int], frozenset[int]]  # of a year and month


class Schedule(Protocol):
    """When something fires, and again."""

    def next_after(self, moment: datetime) -> datetime | None:
        """The first time later than a moment; None when there is none any more."""


def parse(text: str) -> Schedule:
    """The schedule of an expression: ScheduleExpressionInvalid."""
    if len(text) <= LONGEST:
        if (rate := _RATE.fullmatch(text)) is not None:
            return _rate(rate)
        if (cron := _CRON.fullmatch(text)) is not None:
            return _cron(cron["fields"].upper().split())
    raise ScheduleExpressionInvalid


@dataclass(frozen=True, slots=True)
class Rate:
    """Every so often, counted from the last time."""

    every: timedelta

    def next_after(self, moment: datetime) -> datetime | None:
        """The moment that much later."""
        try:
            return moment + self.every
        except OverflowError:
            return None


@dataclass(frozen=True, slots=True)
class Cron:
    """At certain minutes of certain days."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: _DaysOf
    months: tuple[int, ...]
    years: tuple[int, ...]

    def next_after(self, moment: datetime) -> datetime | None:
        """The first of these minutes later than a moment."""
        start = moment.replace(second=0, microsecond=0) + _MINUTE
        for year in self.years:
            for month in self.months:
                if (year, month) < (start.year, start.month):
                    continue
                found = self._in(year, month, start)
                if found is not None:
                    return found
        return None

    def _in(self, year: int, month: int, start: datetime) -> datetime | None:
        for day in sorted(self.days(year, month)):
            midnight = start.replace(year=year, month=month, day=day, hour=0, minute=0)
            if midnight.date() < start.date():
                continue
            for hour in self.hours:
                for minute in self.minutes:
                    found = midnight.replace(hour=hour, minute=minute)
                    if found >= start:
                        return found
        return None


def _rate(match: re.Match[str]) -> Rate:
    value, many = int(match["value"]), match["many"] == "s"
    if many != (value > 1):
        raise ScheduleExpressionInvalid
    unit = {"minute": _MINUTE, "hour": timedelta(hours=1), "day": timedelta(days=1)}[match["unit"]]
    try:
        return Rate(value * unit)
    except OverflowError:
        raise ScheduleExpressionInvalid from None


def _cron(fields: list[str]) -> Cron:
    if len(fields) != 6:
        raise ScheduleExpressionInvalid
    minutes, hours, days, months, weekdays, years = fields
    if (days == "?") == (weekdays == "?"):  # one says which days, the other that it does not
        raise ScheduleExpressionInvalid
    return Cron(
        tuple(sorted(_values(minutes, 0, 59))),
        tuple(sorted(_values(hours, 0, 23))),
        _days_of_month(days) if weekdays == "?" else _days_of_week(weekdays),
        tuple(sorted(_values(months, 1, 12, _MONTHS))),
        tuple(sorted(_values(years, _FIRST_YEAR, _LAST_YEAR))),
    )


def _values(field: str, least: int, most: int, names: tuple[str, ...] = ()) -> frozenset[int]:
    """What a list of numbers, names, ranges and steps stands for; a range may go round the end."""
    return frozenset(value for item in field.split(",") for value in _item(item, least, most, names))


def _item(item: str, least: int, most: int, names: tuple[str, ...]) -> list[int]:
    match = _ITEM.fullmatch(item)
    if match is None or (match["first"] == "*" and match["last"]):
        raise ScheduleExpressionInvalid
    step = int(match["step"]) if match["step"] else None
    if step == 0:
        raise ScheduleExpressionInvalid
    if match["first"] == "*":
        return list(range(least, most + 1, step or 1))
    first = _number(match["first"], least, most, names)
    if match["last"] is None:
        return list(range(first, most + 1, step)) if step else [first]
    last = _number(match["last"], least, most, names)
    if last < first:
        last += most - least + 1
    return [(value - least) % (most - least + 1) + least for value in range(first, last + 1, step or 1)]


def _number(text: str, least: int, most: int, names: tuple[str, ...]) -> int:
    value = names.index(text) + 1 if text in names else int(text) if text.isdigit() else -1
    if not least <= value <= most:
        raise ScheduleExpressionInvalid
    return value


def _days_of_month(field: str) -> _DaysOf:
    if field == "L":
        return lambda year, month: frozenset({_length(year, month)})
    if field == "LW":
        return lambda year, month: frozenset({_nearest_weekday(year, month, _length(year, month))})
    if field.endswith("W"):
        wanted = _number(field[:-1], 1, 31, ())
        return lambda year, month: (
            frozenset({_nearest_weekday(year, month, wanted)}) if wanted <= _length(year, month) else frozenset()
        )
    every = _values(field, 1, 31)
    return lambda year, month: frozenset(day for day in every if day <= _length(year, month))


def _days_of_week(field: str) -> _DaysOf:
    if field == "L":
        return _weekdays(frozenset({7}))
    if field.endswith("L"):
        day = _number(field[:-1], 1, 7, _DAYS)
        return lambda year, month: frozenset({max(_weekdays(frozenset({day}))(year, month))})
    name, hash_, instance = field.partition("#")
    if hash_:
        day, which = _number(name, 1, 7, _DAYS), _number(instance, 1, 5, ())
        return lambda year, month: frozenset(sorted(_weekdays(frozenset({day}))(year, month))[which - 1 : which])
    return _weekdays(_values(field, 1, 7, _DAYS))


def _weekdays(wanted: frozenset[int]) -> _DaysOf:
    """The days of a month that are such days of the week: 1 is Sunday."""

    def days(year: int, month: int) -> frozenset[int]:
        first = calendar.weekday(year, month, 1) + 1  # 1 is Monday
        return frozenset(day for day in range(1, _length(year, month) + 1) if (first + day - 1) % 7 + 1 in wanted)

    return days


def _length(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1]


def _nearest_weekday(year: int, month: int, day: int) -> int:
    """The day from Monday to Friday that is nearest, within the month."""
    weekday = calendar.weekday(year, month, day)
    if weekday == 5:
        return day - 1 if day > 1 else day + 2
    if weekday == 6:
        return day + 1 if day < _length(year, month) else day - 2
    return day
