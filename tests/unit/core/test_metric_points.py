"""Points are put together in whichever order they come, and read for each period as if they had come one by one."""

import random

import pytest

from entrepot.core.metrics.points import Window
from entrepot.core.metrics.series import metric
from entrepot.metrics import statistics, summaries
from tests.factories.callers import OTHER_ACCOUNT
from tests.factories.metric_database import NOON, MetricDatabase

P90 = statistics.parse("p90")


def test_points_of_one_minute_are_put_together(metrics: MetricDatabase):
    for at in (NOON, NOON + 59, NOON + 60):
        metrics.put(at, summaries.of_value(1.0))
    assert metrics.asked(Window(NOON, NOON + 120, 60)) == {
        NOON: summaries.of_values([1.0], [2.0]),
        NOON + 60: summaries.of_value(1.0),
    }


@pytest.mark.parametrize("values", [True, False])
def test_a_period_has_what_its_minutes_have(metrics: MetricDatabase, values):
    for minute in range(10):
        metrics.put(NOON + 60 * minute, summaries.of_value(float(minute)))
    found = metrics.asked(Window(NOON + 60, NOON + 660, 300), values=values)
    assert {at: (each.count, each.sum, each.minimum, each.maximum) for at, each in found.items()} == {
        NOON + 60: (5.0, 15.0, 1.0, 5.0),
        NOON + 360: (4.0, 30.0, 6.0, 9.0),
    }


def test_the_end_of_a_window_is_not_in_it(metrics: MetricDatabase):
    metrics.put(NOON, summaries.of_value(1.0))
    assert metrics.asked(Window(NOON - 60, NOON, 60)) == {}
    assert metrics.asked(Window(NOON + 60, NOON + 120, 60)) == {}


def test_percentiles_survive_the_order_in_which_values_come(metrics: MetricDatabase):
    chance = random.Random(7)
    told = [chance.lognormvariate(3, 1) for _ in range(400)]
    for value in told:
        metrics.put(NOON, summaries.of_value(value))
    (found,) = metrics.asked(Window(NOON, NOON + 60, 60)).values()
    assert found.buckets == summaries.of_values(told, [1.0] * 400).buckets
    exact = sorted(told)[359]
    assert P90.of(found) == pytest.approx(exact, rel=0.02)


def test_a_set_without_values_leaves_percentiles_unknown(metrics: MetricDatabase):
    metrics.put(NOON, summaries.of_value(1.0))
    metrics.put(NOON, summaries.of_set(3, 9, 2, 5))
    (found,) = metrics.asked(Window(NOON, NOON + 60, 60)).values()
    assert (found.count, found.sum, found.minimum, found.maximum) == (4.0, 10.0, 1.0, 5.0)
    assert P90.of(found) is None


def test_equal_values_have_percentiles_without_a_sketch(metrics: MetricDatabase):
    for _ in range(3):
        metrics.put(NOON, summaries.of_value(4.0))
    (found,) = metrics.asked(Window(NOON, NOON + 60, 60)).values()
    assert P90.of(found) == 4.0


def test_finer_points_count_in_coarser_periods(metrics: MetricDatabase):
    for second in range(90):
        metrics.put(NOON + second, summaries.of_value(1.0), resolution=1)
    metrics.put(NOON, summaries.of_value(1.0))
    found = metrics.asked(Window(NOON, NOON + 120, 60))
    assert {at: each.count for at, each in found.items()} == {NOON: 61.0, NOON + 60: 30.0}
    assert len(metrics.asked(Window(NOON, NOON + 120, 10))) == 9


def test_units_are_kept_apart_and_read_together(metrics: MetricDatabase):
    metrics.put(NOON, summaries.of_value(1.0), unit="Bytes")
    metrics.put(NOON, summaries.of_value(2.0), unit="Count")
    window = Window(NOON, NOON + 60, 60)
    assert metrics.asked(window)[NOON].sum == 3.0
    assert metrics.asked(window, unit="Count")[NOON].sum == 2.0
    assert metrics.asked(window, unit="Seconds") == {}


def test_what_is_new_says_so_once(metrics: MetricDatabase):
    assert metrics.put(NOON, summaries.of_value(1.0))
    assert not metrics.put(NOON + 60, summaries.of_value(1.0))
    assert metrics.put(NOON, summaries.of_value(1.0), unit="Count")


def test_another_account_and_other_dimensions_are_other_metrics(metrics: MetricDatabase):
    metrics.put(NOON, summaries.of_value(1.0))
    window = Window(NOON, NOON + 60, 60)
    assert metrics.asked(window, account=OTHER_ACCOUNT) == {}
    assert metrics.asked(window, metric("AWS/ECR", "RepositoryPullCount")) == {}
    assert metrics.asked(window, metric("AWS/ECR", "RepositoryPullCount", {"RepositoryName": "two"})) == {}


def test_dimensions_have_no_order():
    assert metric("n", "m", {"b": "1", "a": "2"}) == metric("n", "m", {"a": "2", "b": "1"})


def test_a_value_that_holds_is_seen_each_five_minutes_until_it_is_told_again_or_too_old(metrics: MetricDatabase):
    metrics.put(NOON, summaries.of_value(3.0), hold=3600)
    metrics.put(NOON + 660, summaries.of_value(4.0), hold=3600)
    found = metrics.asked(Window(NOON, NOON + 7200, 300), values=False)
    assert {(at - NOON) // 300: each.maximum for at, each in found.items()} == {
        0: 3.0,
        1: 3.0,
        **dict.fromkeys(range(2, 15), 4.0),
    }


def test_a_value_does_not_hold_in_the_future(metrics: MetricDatabase):
    metrics.put(NOON, summaries.of_value(3.0), hold=3600)
    found = metrics.asked(Window(NOON, NOON + 3600, 300, NOON + 700))
    assert {(at - NOON) // 300 for at in found} == {0, 1, 2}


def test_a_value_that_holds_is_seen_in_a_window_that_begins_after_it(metrics: MetricDatabase):
    metrics.put(NOON, summaries.of_value(3.0), hold=3600)
    assert metrics.asked(Window(NOON + 900, NOON + 1200, 300)) == {NOON + 900: summaries.of_value(3.0)}
