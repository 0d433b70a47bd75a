"""Points of metrics over every engine: put together, read, rolled up, listed; by several at once."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from entrepot.core.metrics import listing
from entrepot.core.metrics.listing import Filter
from entrepot.core.metrics.places import Place
from entrepot.core.metrics.points import Window
from entrepot.core.metrics.rollup import RollUp
from entrepot.core.metrics.series import metric
from entrepot.db import metric_gauges, metric_series, migrate
from entrepot.db.journals import METRICS
from entrepot.db.metric_gauges import Gauge
from entrepot.metrics import statistics, summaries
from tests.factories.callers import ACCOUNT, OTHER_ACCOUNT, REGION
from tests.factories.databases import Opening
from tests.factories.metric_database import NOON, MetricDatabase
from tests.factories.postgresql import Cluster

THEN = datetime.fromtimestamp(NOON, UTC)
HOUR = Window(NOON, NOON + 3600, 3600)


@pytest.fixture
def metrics(opening: Opening) -> MetricDatabase:
    return MetricDatabase(opening(migrate.METRICS))


def test_all_chains_may_share_one_database(postgresql: Cluster):
    address = postgresql.database()
    for chain in (migrate.EVENTS, migrate.AUDIT, migrate.METRICS):
        assert migrate.upgrade_postgresql(address, chain) == ("none", chain.head)
    postgresql.drop(address)


@pytest.mark.parametrize("values", [True, False])
def test_points_are_put_together_and_read_by_period(metrics: MetricDatabase, values):
    for minute in range(10):
        for value in (1.0, 3.0):
            metrics.put(NOON + 60 * minute, summaries.of_value(value))
    found = metrics.asked(Window(NOON, NOON + 600, 300), values=values)
    assert {at: (each.count, each.sum, each.minimum, each.maximum) for at, each in found.items()} == {
        NOON: (10.0, 20.0, 1.0, 3.0),
        NOON + 300: (10.0, 20.0, 1.0, 3.0),
    }


def test_percentiles_are_kept_where_values_are_and_lost_where_they_are_not(metrics: MetricDatabase):
    for value in (1.0, 2.0, 3.0, 4.0):
        metrics.put(NOON, summaries.of_value(value))
    p75 = statistics.parse("p75")
    assert p75.of(metrics.asked(HOUR)[NOON]) == pytest.approx(3.0, rel=0.01)
    metrics.put(NOON, summaries.of_set(2, 9, 4, 5))
    assert p75.of(metrics.asked(HOUR)[NOON]) is None


def test_sets_without_values_are_put_together_in_one_statement(metrics: MetricDatabase):
    metrics.put(NOON, summaries.of_set(2, 9, 4, 5))
    metrics.put(NOON, summaries.of_set(1, 3, 3, 3))
    metrics.put(NOON, summaries.of_set(2, 12, 5, 7))
    (found,) = metrics.asked(HOUR).values()
    assert (found.count, found.sum, found.minimum, found.maximum) == (5.0, 24.0, 3.0, 7.0)
    assert not found.has_values


def test_what_is_put_by_many_at_once_is_all_there(metrics: MetricDatabase):
    def put(start: int) -> None:
        for number in range(20):
            metrics.put(NOON + number % 2 * 60, summaries.of_value(float(start + number)))

    threads = [threading.Thread(target=put, args=(100 * each,)) for each in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (found,) = metrics.asked(HOUR).values()
    assert (found.count, found.has_values, found.minimum, found.maximum) == (80.0, True, 100.0, 419.0)


def test_points_are_moved_while_others_are_put(metrics: MetricDatabase):
    for minute in range(30):
        metrics.put(NOON + 60 * minute, summaries.of_value(1.0))
    later = THEN + timedelta(days=16)
    rolling = threading.Thread(target=lambda: RollUp(metrics.database).run(later))
    rolling.start()
    for minute in range(30):
        metrics.put(NOON + 60 * minute, summaries.of_value(1.0))
    rolling.join()
    RollUp(metrics.database).run(later)
    assert metrics.sums(HOUR) == {NOON: 60.0}


def test_what_holds_is_seen_again(metrics: MetricDatabase):
    metrics.put(NOON, summaries.of_value(5.0), resolution=1, hold=900)
    found = metrics.asked(Window(NOON, NOON + 1800, 300))
    assert {(at - NOON) // 300: each.maximum for at, each in found.items()} == {0: 5.0, 1: 5.0, 2: 5.0}


def test_metrics_are_listed_in_order_and_in_pages(metrics: MetricDatabase):
    names = [("a", "x"), ("a", "y"), ("b", "x"), ("b", "x~"), ("b", "\u00e9")]
    for namespace, name in names:
        for unit in ("Count", "Bytes"):
            metrics.put(NOON, summaries.of_value(1.0), metric(namespace, name, {"d": "v"}), unit=unit)

    def listed(wanted: Filter, now: datetime = THEN) -> list[tuple[str, str]]:
        found = metrics.read(lambda tx: list(listing.present(tx, Place(ACCOUNT, REGION), now, wanted, at_once=2)))
        return [(each.namespace, each.name) for _, each in found]

    assert listed(Filter()) == names
    assert listed(Filter("b")) == names[2:]
    assert listed(Filter("b", "x")) == [("b", "x")]
    assert listed(Filter(recent=True), THEN + timedelta(hours=4)) == []
    assert listed(Filter(), THEN + timedelta(days=13)) == names
    assert listed(Filter(), THEN + timedelta(days=15)) == []


def test_more_series_than_a_quota_are_seen(metrics: MetricDatabase):
    for number in range(3):
        metrics.put(NOON, summaries.of_value(1.0), metric("n", f"m{number}"))
    assert metrics.read(metric_series.exceeds, ACCOUNT, REGION, 2)
    assert not metrics.read(metric_series.exceeds, ACCOUNT, REGION, 3)
    assert not metrics.read(metric_series.exceeds, OTHER_ACCOUNT, REGION, 0)


def test_offsets_of_journals_advance_by_compare_and_set(metrics: MetricDatabase):
    assert metrics.write(METRICS.advance, "j", 0, 10) is True
    assert metrics.write(METRICS.advance, "j", 0, 10) is False
    assert metrics.write(METRICS.advance, "j", 9, 20) is False
    assert metrics.write(METRICS.advance, "j", 10, 20) is True
    assert metrics.read(METRICS.all) == {"j": 20}
    metrics.write(METRICS.forget, "j")
    assert metrics.read(METRICS.all) == {}


def test_what_was_told_is_known_by_subject(metrics: MetricDatabase):
    first, again = Gauge("s", "[]", 1, 2), Gauge("s", "[]", 3, 4)
    metrics.write(metric_gauges.note, first)
    metrics.write(metric_gauges.note, again)
    assert metrics.read(metric_gauges.find_all) == {"s": again}
    metrics.write(metric_gauges.forget, "s")
    assert metrics.read(metric_gauges.find_all) == {}
