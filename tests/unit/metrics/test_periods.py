"""Periods: which there are, where requests begin."""

import pytest

from entrepot.errors import PeriodInvalid
from entrepot.metrics import periods
from entrepot.metrics.periods import DAY, HOUR


@pytest.mark.parametrize("period", [1, 5, 10, 20, 30, 60, 120, 300, 3600, 86400])
def test_a_period_is_short_or_whole_minutes(period: int):
    assert periods.require(period) == period


@pytest.mark.parametrize("period", [0, -60, 2, 15, 45, 61, 90, 366 * DAY])
def test_other_periods_are_refused(period: int):
    with pytest.raises(PeriodInvalid):
        periods.require(period)


@pytest.mark.parametrize(
    ("age", "resolution"),
    [(0, 1), (3 * HOUR, 1), (3 * HOUR + 1, 60), (15 * DAY, 60), (15 * DAY + 1, 300), (63 * DAY + 1, 3600)],
)
def test_older_points_are_coarser(age: int, resolution: int):
    assert periods.finest(age) == resolution


def test_a_request_begins_on_what_is_kept():
    at = 10 * HOUR + 7 * 60 + 33
    assert periods.request_start(at, 5, 0) == at - 3
    assert periods.request_start(at, 60, 0) == at - 33
    assert periods.request_start(at, 3600, HOUR) == at - 33
    assert periods.request_start(at, 3600, 20 * DAY) == at - 33 - 2 * 60
    assert periods.request_start(at, 3600, 100 * DAY) == 10 * HOUR


def test_starts_of_periods_lie_within_the_range():
    assert list(periods.starts(61, 300, 60)) == [120, 180, 240]
    assert list(periods.starts(60, 61, 60)) == [60]
    assert periods.floor(119, 60) == 60
