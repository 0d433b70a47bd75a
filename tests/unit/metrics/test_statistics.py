"""Statistics by name, their documented examples, and how far sketches are off."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.errors import StatisticInvalid
from entrepot.metrics import sketches, statistics, summaries
from entrepot.metrics.summaries import Summary

WHOLE = range(1, 101)
values = st.floats(min_value=-1e12, max_value=1e12, allow_nan=False).map(
    lambda value: 0.0 if abs(value) < 1e-9 else value
)


def of(*found: float) -> Summary:
    return summaries.of_values(found, [1.0] * len(found))


def told(name: str, found: Summary) -> float | None:
    return statistics.parse(name).of(found)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("SampleCount", 100),
        ("Sum", 5050),
        ("Average", 50.5),
        ("Minimum", 1),
        ("Maximum", 100),
        ("p95", 95),
        ("p50", 50),
        ("p0", 1),
        ("p100", 100),
        ("p99.9", 100),
        ("tm90", 45.5),
        ("TM(:90%)", 45.5),
        ("TM(2%:98%)", 50.5),
        ("TM(50:60)", 55.5),
        ("IQM", 50.5),
        ("TM(25%:75%)", 50.5),
        ("wm98", (4851 + 2 * 98) / 100),
        ("WM(10%:90%)", (sum(range(11, 91)) + 10 * 10 + 10 * 90) / 100),
        ("tc90", 90),
        ("TC(10:30)", 20),
        ("TC(:50)", 50),
        ("ts90", 4095),
        ("TS(80%:)", sum(range(81, 101))),
        ("PR(:30)", 30),
        ("PR(10:20)", 10),
        ("PR(90:)", 10),
    ],
)
def test_a_statistic_of_the_numbers_to_a_hundred(name: str, expected: float):
    assert told(name, of(*WHOLE)) == pytest.approx(expected, rel=sketches.ERROR)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "p",
        "p101",
        "p-1",
        "P50",
        "sum",
        "tm(1:2)",
        "TM()",
        "TM(:)",
        "TM(1%:2)",
        "TM(2:1)",
        "TM(:101%)",
        "PR(1%:2%)",
        "PR(5)",
        "tm",
        "p1e1",
        "p99.99999999999",
        "TM(1:2)x",
        "TM(" + "1" * 100 + ":)",
    ],
)
def test_what_is_no_statistic_is_refused(name: str):
    with pytest.raises(StatisticInvalid):
        statistics.parse(name)


def test_a_set_without_its_values_has_no_percentiles():
    found = summaries.of_set(3, 6, 1, 3)
    assert (told("Average", found), told("p50", found), told("tm50", found)) == (2, None, None)
    assert told("p50", found.merge(summaries.of_value(2))) is None


def test_a_set_of_equal_values_has_percentiles():
    assert told("p50", summaries.of_set(3, 6, 2, 2)) == 2


def test_one_value_is_told_exactly():
    for name in ("p50", "tm99", "wm99", "IQM", "Average"):
        assert told(name, summaries.of_value(0.123)) == pytest.approx(0.123)


@given(st.lists(values, min_size=1, max_size=200), st.floats(0.01, 100))
def test_percentiles_are_within_the_bound(found: list[float], percent: float):
    exact = sorted(found)[max(math.ceil(len(found) * percent / 100 * (1 - 1e-12)), 1) - 1]
    estimate = statistics.percentile(of(*found), percent)
    assert abs(estimate - exact) <= sketches.ERROR * abs(exact) * (1 + 1e-9)


@given(st.lists(values, min_size=1, max_size=50), st.lists(values, min_size=1, max_size=50))
def test_merging_is_summing_up_together(one: list[float], other: list[float]):
    together, merged = of(*one, *other), of(*one).merge(of(*other))
    assert merged == of(*other).merge(of(*one))
    assert (merged.count, merged.minimum, merged.maximum) == (together.count, together.minimum, together.maximum)
    assert merged.buckets == together.buckets
    assert math.isclose(merged.sum, together.sum, rel_tol=1e-9, abs_tol=1e-3)


@given(st.lists(st.tuples(values, st.floats(0.1, 1e6)), min_size=1, max_size=100))
def test_buckets_come_back_from_their_bytes(found: list[tuple[float, float]]):
    buckets = sketches.sketch([value for value, _ in found], [count for _, count in found])
    assert sketches.unpacked(sketches.packed(buckets)) == buckets


@given(values, values)
def test_keys_are_in_the_order_of_values(one: float, other: float):
    low, high = sorted((one, other))
    assert sketches.key(low) <= sketches.key(high)


@given(values)
def test_a_bucket_stands_for_its_values(value: float):
    assert math.isclose(sketches.middle(sketches.key(value)), value, rel_tol=sketches.ERROR * (1 + 1e-9))


def test_a_sketch_is_bounded_and_keeps_its_high_percentiles():
    source = random.Random(1)
    found = [10 ** source.uniform(-90, 90) for _ in range(20_000)]
    summary = of(*found)
    assert len(summary.buckets) == sketches.MOST_BUCKETS
    assert len(sketches.packed(summary.buckets)) < 10_000
    assert told("p99", summary) == pytest.approx(sorted(found)[19_799], rel=sketches.ERROR)
