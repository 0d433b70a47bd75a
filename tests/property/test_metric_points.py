"""Points in any order, of any form and resolution, with roll-ups between them: what they say stays the same."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some
from sqlalchemy import delete

from entrepot.core.metrics.points import Window
from entrepot.core.metrics.rollup import RollUp
from entrepot.db.metric_schema import metric_point, metric_series
from entrepot.metrics import sketches, summaries
from entrepot.metrics.summaries import Summary
from tests.factories.metric_database import NOON, MetricDatabase, sqlite_metrics

HOURS = 3
THEN = datetime.fromtimestamp(NOON, UTC)
_EMPTY = {table: delete(table) for table in (metric_point, metric_series)}
numbers = some.floats(-1e6, 1e6).map(lambda value: round(value, 3))
several = some.lists(numbers, min_size=1, max_size=4)
valued = several.map(lambda values: summaries.of_values(values, [1.0] * len(values)))
sets = some.tuples(some.integers(1, 50), numbers, some.floats(0, 100)).map(
    lambda given_: summaries.of_set(float(given_[0]), given_[0] * given_[1], given_[1], given_[1] + given_[2])
)
puts = some.tuples(some.integers(0, HOURS * 3600 - 1), some.sampled_from([1, 60, 300]), valued | sets)
ages = some.integers(0, 60).map(lambda days: timedelta(days=days))


def told(summary: Summary) -> tuple[float, ...]:
    return (summary.count, round(summary.sum, 2), summary.minimum, summary.maximum)


@pytest.fixture(scope="module")
def metrics(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MetricDatabase]:
    made = MetricDatabase(sqlite_metrics(tmp_path_factory.mktemp("metrics")))
    yield made
    made.close()


@given(steps=some.lists(some.one_of(puts, ages), max_size=25))
def test_an_hour_says_the_same_however_its_points_came_and_aged(metrics: MetricDatabase, steps: list[object]):
    hours: dict[int, list[Summary]] = defaultdict(list)
    for table in (metric_point, metric_series):
        metrics.write(lambda tx, table=table: tx.run(_EMPTY[table]))
    for step in steps:
        if isinstance(step, timedelta):
            RollUp(metrics.database).run(THEN + step)
        elif isinstance(step, tuple):
            second, resolution, summary = step
            metrics.put(NOON + second, summary, resolution=resolution)
            hours[NOON + second - second % 3600].append(summary)
    window = Window(NOON, NOON + HOURS * 3600, 3600)
    found, plain = metrics.asked(window), metrics.asked(window, values=False)
    assert found.keys() == plain.keys() == hours.keys()
    for hour, all_of_it in hours.items():
        whole = all_of_it[0]
        for each in all_of_it[1:]:
            whole = whole.merge(each)
        assert told(found[hour]) == told(plain[hour]) == told(whole)
        assert found[hour].has_values <= whole.has_values
        if all(each.has_values for each in all_of_it):
            assert found[hour].buckets == whole.buckets
            assert len(found[hour].buckets) <= sketches.MOST_BUCKETS
