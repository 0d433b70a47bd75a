"""Rate and cron expressions: the documented examples, what is refused, and laws against a search minute by minute."""

import calendar
import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.errors import ScheduleExpressionInvalid
from entrepot.pattern.schedules import parse

THURSDAY = datetime(2026, 11, 26, 21, 4, 30, 5, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# the user guide's examples, and the first times after THURSDAY
@pytest.mark.parametrize(
    ("expression", "times"),
    [
        ("cron(0 10 * * ? *)", ["2026-11-27T10:00", "2026-11-28T10:00"]),
        ("cron(15 12 * * ? *)", ["2026-11-27T12:15", "2026-11-28T12:15"]),
        ("cron(0 18 ? * MON-FRI *)", ["2026-11-27T18:00", "2026-11-30T18:00"]),
        ("cron(0 8 1 * ? *)", ["2026-12-01T08:00", "2027-01-01T08:00"]),
        ("cron(0/15 * * * ? *)", ["2026-11-26T21:15", "2026-11-26T21:30"]),
        ("cron(0/10 * ? * MON-FRI *)", ["2026-11-26T21:10", "2026-11-26T21:20"]),
        ("cron(0/5 8-17 ? * MON-FRI *)", ["2026-11-27T08:00", "2026-11-27T08:05"]),
        ("cron(0/30 20-2 ? * MON-FRI *)", ["2026-11-26T21:30", "2026-11-26T22:00"]),
        ("cron(0 12 * * ? *)", ["2026-11-27T12:00"]),
        ("cron(5,35 14 * * ? *)", ["2026-11-27T14:05", "2026-11-27T14:35"]),
        ("cron(15 10 ? * 6L 2019-2032)", ["2026-11-27T10:15", "2026-12-25T10:15"]),
        ("cron(15 10 ? * 6L 2019-2022)", []),
        ("cron(0 0 ? * 3#2 *)", ["2026-12-08T00:00", "2027-01-12T00:00"]),
        ("cron(0 0 ? * TUE#5 *)", ["2026-12-29T00:00", "2027-03-30T00:00"]),
        ("cron(0 0 ? * L *)", ["2026-11-28T00:00", "2026-12-05T00:00"]),
        ("cron(0 0 3W * ? *)", ["2026-12-03T00:00", "2027-01-04T00:00", "2027-02-03T00:00"]),
        ("cron(0 0 1W 5 ? *)", ["2027-05-03T00:00", "2028-05-01T00:00"]),
        ("cron(0 0 31W 10 ? *)", ["2027-10-29T00:00"]),
        ("cron(0 0 L * ? *)", ["2026-11-30T00:00", "2026-12-31T00:00", "2027-01-31T00:00", "2027-02-28T00:00"]),
        ("cron(0 0 LW * ? *)", ["2026-11-30T00:00", "2026-12-31T00:00", "2027-01-29T00:00"]),
        ("cron(0 0 29 FEB ? *)", ["2028-02-29T00:00", "2032-02-29T00:00"]),
        ("cron(0 0 1 JAN,jul ? 2027/2)", ["2027-01-01T00:00", "2027-07-01T00:00", "2029-01-01T00:00"]),
        ("cron(1/10 0 1 1 ? *)", ["2027-01-01T00:01", "2027-01-01T00:11", "2027-01-01T00:21"]),
        ("cron(59 23 31 12 ? 2199)", ["2199-12-31T23:59"]),
    ],
)
def test_a_cron_expression_fires_when_the_documentation_says(expression, times):
    moment: datetime | None = THURSDAY
    for expected in times:
        assert moment is not None
        moment = parse(expression).next_after(moment)
        assert moment == at(expected)
    if not times or "2199" in expression:
        assert parse(expression).next_after(moment or THURSDAY) is None


@pytest.mark.parametrize(
    ("expression", "every"),
    [
        ("rate(1 minute)", timedelta(minutes=1)),
        ("rate(5 minutes)", timedelta(minutes=5)),
        ("rate(1 hour)", timedelta(hours=1)),
        ("rate(5 hours)", timedelta(hours=5)),
        ("rate(1 day)", timedelta(days=1)),
    ],
)
def test_a_rate_counts_from_the_last_time(expression, every):
    assert parse(expression).next_after(THURSDAY) == THURSDAY + every


def test_a_rate_that_ends_after_time_itself_never_fires():
    assert parse("rate(999999999 days)").next_after(THURSDAY) is None


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "rate(1 minutes)",
        "rate(1 hours)",
        "rate(5 hour)",
        "rate(0 minutes)",
        "rate(-1 minutes)",
        "rate(1 second)",
        "rate(1.5 hours)",
        "rate(5 minutes) ",
        "cron()",
        "cron(* * * * *)",
        "cron(* * * * * *)",
        "cron(* * ? * ? *)",
        "cron(* * 1 * 1 *)",
        "cron(60 * * * ? *)",
        "cron(* 24 * * ? *)",
        "cron(* * 0 * ? *)",
        "cron(* * 32 * ? *)",
        "cron(* * * 13 ? *)",
        "cron(* * ? * 8 *)",
        "cron(* * ? * 0 *)",
        "cron(* * ? * 3#1,6#3 *)",
        "cron(* * ? * 3#6 *)",
        "cron(* * ? * 3W *)",
        "cron(* * 3#1 * ? *)",
        "cron(* * * * ? 1969)",
        "cron(* * * * ? 2200)",
        "cron(0/0 * * * ? *)",
        "cron(*-5 * * * ? *)",
        "cron(1,, * * * ? *)",
        "cron(? * * * ? *)",
        "cron(* * * FOO ? *)",
        "cron(0 0 1 JAN ? MON)",
        "cron(" + "1," * 200 + "1 * * * ? *)",
        "at(2026-11-26T00:00:00)",
    ],
)
def test_what_is_no_schedule_is_refused(expression):
    with pytest.raises(ScheduleExpressionInvalid):
        parse(expression)


NUMBER = {"minute": (0, 59), "hour": (0, 23), "month": (1, 12)}


def field(least: int, most: int) -> st.SearchStrategy[str]:
    number = st.integers(least, most)
    item = st.one_of(
        number.map(str),
        st.tuples(number, number).map(lambda pair: f"{pair[0]}-{pair[1]}"),
        st.tuples(number, st.integers(1, most)).map(lambda pair: f"{pair[0]}/{pair[1]}"),
        st.integers(1, most).map(lambda step: f"*/{step}"),
    )
    return st.one_of(st.just("*"), st.lists(item, min_size=1, max_size=3).map(",".join))


def plain(text: str, value: int, least: int, most: int) -> bool:
    """The naive meaning of one field."""

    def holds(item: str) -> bool:
        match = re.fullmatch(r"(\*|\d+)(?:-(\d+))?(?:/(\d+))?", item)
        assert match is not None
        first = least if match[1] == "*" else int(match[1])
        last = int(match[2]) if match[2] else most if match[1] == "*" or match[3] else first
        size = most - least + 1
        span = (last - first) % size
        step = int(match[3] or 1)
        return (value - first) % size <= span and (value - first) % size % step == 0

    return any(holds(item) for item in text.split(","))


@given(
    minute=field(0, 59),
    hour=field(0, 23),
    month=field(1, 12),
    day=st.integers(1, 31),
    start=st.datetimes(datetime(2020, 1, 1), datetime(2031, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - bounds
)
def test_the_next_time_is_the_first_minute_whose_fields_fit(minute, hour, month, day, start):
    """A search by the day, then by the minute of it, knows nothing of the engine."""
    found = parse(f"cron({minute} {hour} {day} {month} ? *)").next_after(start)
    naive = naive_next(minute, hour, month, day, start)
    if naive is not None:
        assert found == naive
    elif found is not None:
        assert found > start + timedelta(days=800)


def naive_next(minute: str, hour: str, month: str, day: int, start: datetime) -> datetime | None:
    moment = start.replace(second=0, microsecond=0) + timedelta(minutes=1)
    for _ in range(801):
        if moment.day == day and plain(month, moment.month, 1, 12):
            while True:
                if plain(hour, moment.hour, 0, 23) and plain(minute, moment.minute, 0, 59):
                    return moment
                moment += timedelta(minutes=1)
                if moment.hour == moment.minute == 0:
                    break
        else:
            moment = moment.replace(hour=0, minute=0) + timedelta(days=1)
    return None


@given(st.integers(1970, 2199), st.integers(1, 12), st.integers(1, 31))
def test_the_nearest_weekday_is_a_weekday_of_the_month_and_none_is_nearer(year, month, day):
    start = datetime(year, month, 1, tzinfo=UTC) - timedelta(minutes=1)
    found = parse(f"cron(0 0 {day}W {month} ? {year})").next_after(start)
    if day > calendar.monthrange(year, month)[1]:
        assert found is None
        return
    assert found is not None
    assert (found.year, found.month) == (year, month)
    assert found.weekday() < 5
    nearer = [
        each for each in range(1, calendar.monthrange(year, month)[1] + 1) if abs(each - day) < abs(found.day - day)
    ]
    assert all(calendar.weekday(year, month, each) >= 5 for each in nearer)
