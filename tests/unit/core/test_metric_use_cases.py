"""Use cases on points of metrics: in the caller's own account and region only, and bounded."""

from datetime import timedelta

import pytest

from entrepot.core.metrics import listing, publishing, queries, reading
from entrepot.core.metrics.listing import Filter
from entrepot.core.metrics.publishing import Datum
from entrepot.core.metrics.queries import Asked, Bounds, Stat
from entrepot.core.metrics.reading import Span
from entrepot.core.metrics.series import metric
from entrepot.errors import ExpressionTooLarge, MetricInputInvalid, MetricQueryInvalid
from entrepot.metrics import summaries
from tests.factories.callers import EPOCH, OTHER_ACCOUNT, caller
from tests.factories.metric_database import MetricDatabase

START = int(EPOCH.timestamp())
OWN = metric("Own", "m")
SPAN = Span(EPOCH, EPOCH + timedelta(minutes=10))


def test_another_account_sees_nothing_of_what_one_put(metrics: MetricDatabase):
    now = EPOCH + timedelta(minutes=5)
    metrics.write(publishing.put, caller(at=now), "Own", [Datum("m", value=1.0)])
    theirs = caller(OTHER_ACCOUNT, now)
    assert metrics.read(listing.list_metrics, theirs, Filter(), listing.START).items == ()
    assert metrics.read(reading.statistics_of, theirs, OWN, SPAN, 60, ["Sum"], None) == []
    (result,) = metrics.read(queries.data, theirs, [Asked("a", Stat(OWN, 60, "Sum"))], SPAN).results
    assert result.points == []
    own = metrics.read(queries.data, caller(at=now), [Asked("a", Stat(OWN, 60, "Sum"))], SPAN)
    assert [list(each.points) for each in own.results] == [[(START + 300, 1.0)]]


def test_one_bad_datum_leaves_nothing_of_the_good_ones(metrics: MetricDatabase):
    with pytest.raises(MetricInputInvalid):
        metrics.write(publishing.put, caller(), "Own", [Datum("m", value=1.0), Datum("m", value=float("inf"))])
    assert metrics.read(listing.list_metrics, caller(), Filter(), listing.START).items == ()


def test_an_account_has_so_many_metrics_and_no_more(metrics: MetricDatabase):
    metrics.write(publishing.put, caller(), "Own", [Datum("a", value=1.0), Datum("b", value=1.0)], most_series=2)
    with pytest.raises(MetricInputInvalid, match="2 metrics"):
        metrics.write(publishing.put, caller(), "Own", [Datum("c", value=1.0)], most_series=2)
    metrics.write(publishing.put, caller(), "Own", [Datum("a", value=1.0)], most_series=2)
    assert len(metrics.read(listing.list_metrics, caller(), Filter(), listing.START).items) == 2


def test_seconds_that_are_no_longer_kept_are_put_as_minutes(metrics: MetricDatabase):
    old = EPOCH - timedelta(hours=4, seconds=7)
    data = [Datum("m", value=1.0, at=old, resolution=1), Datum("m", value=1.0, at=EPOCH, resolution=1)]
    metrics.write(publishing.put, caller(), "Own", data)
    span = Span(EPOCH - timedelta(hours=5), EPOCH + timedelta(seconds=1))
    found = metrics.read(reading.statistics_of, caller(), OWN, span, 60, ["Sum"], None)
    assert [each.at for each in found] == [START - 4 * 3600 - 60, START]


def test_a_period_begins_where_the_request_does(metrics: MetricDatabase):
    for minute in range(10):
        metrics.put(START + 60 * minute, summaries.of_value(1.0), OWN)
    now = caller(at=EPOCH + timedelta(hours=1))
    span = Span(EPOCH + timedelta(minutes=2, seconds=30), EPOCH + timedelta(minutes=9))
    found = metrics.read(reading.statistics_of, now, OWN, span, 300, ["Sum"], None)
    assert [(each.at - START, each.values["Sum"]) for each in found] == [(120, 5.0), (420, 2.0)]
    asked = [Asked("a", Stat(OWN, 300, "Sum")), Asked("b", expression="FILL(a, 0) + TIME_SERIES(1)")]
    results = {each.id: each.points for each in metrics.read(queries.data, now, asked, span, ascending=True).results}
    assert list(results["a"]) == [(START + 120, 5.0), (START + 420, 2.0)]
    assert list(results["b"]) == [(START + 120, 6.0), (START + 420, 3.0)]


def test_a_request_reads_a_bounded_number_of_points(metrics: MetricDatabase):
    for minute in range(10):
        metrics.put(START + 60 * minute, summaries.of_value(1.0), OWN)
    now, bounds = caller(at=EPOCH + timedelta(hours=1)), Bounds(read=25)
    two = [Asked(each, Stat(OWN, 60, "Sum")) for each in "ab"]
    assert len(metrics.read(queries.data, now, two, SPAN, bounds=bounds).results) == 2
    three = [*two, Asked("c", Stat(OWN, 60, "Sum"))]
    with pytest.raises(ExpressionTooLarge):
        metrics.read(queries.data, now, three, SPAN, bounds=bounds)


def test_a_request_for_too_many_periods_is_refused(metrics: MetricDatabase):
    span = Span(EPOCH - timedelta(days=400), EPOCH)
    with pytest.raises(MetricQueryInvalid, match="periods"):
        metrics.read(queries.data, caller(), [Asked("a", Stat(OWN, 1, "Sum"))], span)


def test_a_search_that_finds_too_much_says_so(metrics: MetricDatabase):
    for name in ("a1", "a2", "a3"):
        metrics.put(START, summaries.of_value(1.0), metric("Own", name))
    asked = [Asked("s", expression="SEARCH('Namespace=\"Own\"', 'Sum', 60)")]
    now = caller(at=EPOCH + timedelta(minutes=5))
    answer = metrics.read(queries.data, now, asked, SPAN, bounds=Bounds(found=2))
    assert [each.label for each in answer.results] == ["a1", "a2"]
    assert [code for code, _ in answer.messages] == ["MaxMetricsExceeded"]
