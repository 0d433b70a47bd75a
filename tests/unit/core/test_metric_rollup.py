"""Points become fewer as they become older, and say the same sums whenever they are asked."""

from datetime import UTC, datetime, timedelta

import pytest

from entrepot.core.metrics import rollup
from entrepot.core.metrics.points import MICROS, Window
from entrepot.core.metrics.rollup import RollUp
from entrepot.core.metrics.series import metric
from entrepot.db import metric_points, metric_series
from entrepot.metrics import statistics, summaries
from tests.factories.callers import ACCOUNT, REGION
from tests.factories.metric_database import NOON, PULLS, MetricDatabase

THEN = datetime.fromtimestamp(NOON, UTC)
HOURS = Window(NOON, NOON + 7200, 3600)
DAYS_OF = {1: 3 / 24, 60: 15, 300: 63, 3600: 455}


def resolutions(metrics: MetricDatabase) -> set[int]:
    """Those of the points that are kept."""
    found = set()
    for resolution in metric_points.RESOLUTIONS:
        if any(oldest for _, oldest in metrics.read(metric_points.oldest, resolution, "", 1000)):
            found.add(resolution)
    return found


@pytest.mark.parametrize(("finer", "coarser"), [(1, {60}), (60, {300}), (300, {3600}), (3600, set())], ids=str)
def test_a_resolution_is_kept_as_long_as_cloudwatch_keeps_it(metrics: MetricDatabase, finer, coarser):
    metrics.put(NOON, summaries.of_value(1.0), resolution=finer)
    kept = timedelta(days=DAYS_OF[finer])
    RollUp(metrics.database).run(THEN + kept)
    assert resolutions(metrics) == {finer}
    RollUp(metrics.database).run(THEN + kept + timedelta(hours=1))
    assert resolutions(metrics) == coarser


def test_sums_and_percentiles_are_the_same_at_every_age(metrics: MetricDatabase):
    for second in range(7200):
        metrics.put(NOON + second, summaries.of_value(float(second % 100 + 1)), resolution=1)
    before = metrics.asked(HOURS)
    for days in (1, 16, 64, 400):
        assert RollUp(metrics.database).run(THEN + timedelta(days=days)) > 0 or days == 400
        after = metrics.asked(HOURS)
        assert {at: (each.count, each.sum, each.minimum, each.maximum) for at, each in after.items()} == {
            at: (each.count, each.sum, each.minimum, each.maximum) for at, each in before.items()
        }
        assert statistics.parse("p50").of(after[NOON]) == statistics.parse("p50").of(before[NOON])
    assert resolutions(metrics) == {3600}


def test_a_late_point_joins_those_that_were_rolled_up(metrics: MetricDatabase):
    metrics.put(NOON, summaries.of_value(1.0))
    later = THEN + timedelta(days=16)
    RollUp(metrics.database).run(later)
    metrics.put(NOON + 60, summaries.of_value(2.0))
    assert metrics.sums(HOURS) == {NOON: 3.0}
    RollUp(metrics.database).run(later)
    assert metrics.sums(HOURS) == {NOON: 3.0}
    assert resolutions(metrics) == {300}


def test_work_is_done_in_small_transactions(metrics: MetricDatabase):
    for number in range(5):
        for minute in range(10):
            metrics.put(NOON + 60 * minute, summaries.of_value(1.0), metric("N", f"m{number}"))
    assert RollUp(metrics.database, most_points=7).run(THEN + timedelta(days=16)) == 50
    for number in range(5):
        assert metrics.sums(HOURS, metric("N", f"m{number}")) == {NOON: 10.0}
    assert resolutions(metrics) == {300}


def test_a_metric_of_which_nothing_is_left_is_forgotten(metrics: MetricDatabase):
    metrics.put(NOON, summaries.of_value(1.0))
    metrics.put(NOON + 400 * 86400, summaries.of_value(1.0), metric("N", "newer"))
    RollUp(metrics.database).run(THEN + timedelta(days=456))
    listed = metrics.read(metric_series.page, ACCOUNT, REGION, ("", "", ""), 10, 0)
    assert [row.name for row in listed] == ["newer"]
    assert metrics.put(NOON + 456 * 86400, summaries.of_value(1.0), PULLS)


def test_what_is_moved_while_others_put_is_neither_lost_nor_doubled(metrics: MetricDatabase):
    for minute in range(20):
        metrics.put(NOON + 60 * minute, summaries.of_value(1.0))
    half = (NOON + 600) * MICROS
    (series, _), *_ = metrics.read(metric_points.oldest, 60, "", 1)
    assert metrics.write(rollup.move, [series], 60, 300, half, 100) == (10, [])
    metrics.put(NOON, summaries.of_value(1.0))
    assert metrics.sums(HOURS) == {NOON: 21.0}
