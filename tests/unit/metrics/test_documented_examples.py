"""What "Metric math syntax and functions" and "Using IF expressions" give as examples, value by value."""

import pytest

from tests.unit.metrics.mathing import Row, arrayed, computed, evaluated, series

MISSING = None


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("(metric1 < metric2)", [0, 0, 1, 0]),
        ("(metric1 >= 30)", [1, 0, 0, 0]),
        ("(metric1 > 15 AND metric2 > 15)", [1, 0, 0, 0]),
        ("(metric1 > 15 && metric2 > 15)", [1, 0, 0, 0]),
        ("metric1 > 15 || metric2 > 15", [1, 1, 1, 0]),
    ],
)
def test_comparisons_take_what_is_missing_for_zero(expression: str, expected: Row):
    assert computed(expression, metric1=[30, 20, 0, 0], metric2=[20, MISSING, 20, MISSING]) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("IF(metric1, metric2, metric3)", [30, 0, 20, MISSING, MISSING]),
        ("IF(metric1, 5, metric3)", [5, 5, 20, MISSING, MISSING]),
        ("IF(metric1, metric2, 5)", [30, 0, 5, 5, MISSING]),
        ("IF(metric1, metric2)", [30, 0, MISSING, MISSING, MISSING]),
        ("IF(metric1, 5)", [5, 5, MISSING, MISSING, MISSING]),
        ("IF(metric1, 5, 6)", [5, 5, 6, 6, MISSING]),
        ("IF(1, metric2, metric3)", [30, MISSING, 0, 0, 30]),
        ("IF(0, metric2, metric3)", [0, 0, 20, MISSING, 20]),
        ("IF(0, metric2)", [MISSING, MISSING, MISSING, MISSING, MISSING]),
        ("IF(metric2<20, metric2)", [MISSING, MISSING, 0, 0, MISSING]),
        ("IF(metric2<20, 10, 2)", [2, MISSING, 10, 10, 2]),
    ],
)
def test_if_chooses_moment_by_moment(expression: str, expected: Row):
    given: dict[str, Row] = {
        "metric1": [1, 1, 0, 0, MISSING],
        "metric2": [30, MISSING, 0, 0, 30],
        "metric3": [0, 0, 20, MISSING, 20],
    }
    assert computed(expression, **given) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("PERIOD(m1)/60 + 0*m1", [1, 1, 1, MISSING]),
        ("5 * m1", [5, 20, 45, MISSING]),
        ("m1 - m2", [-1, 2, 9, -4]),
        ("SUM(100/[m1, m2])", [150, 75, 100 / 9, 25]),
        ("AVG([m1,m2]/m3)", [0.75, 1.5, 2.25, MISSING]),
        ("-5*m1", [-5, -20, -45, MISSING]),
        ("SUM(-[m1, m2])", [-3, -6, -9, -4]),
        ("ABS(m1-m2)", [1, 2, 9, 4]),
        ("MIN(ABS([m1, m2]))", [1, 2, 0, 4]),
        ("SUM([m1,m2])/AVG(m2)", [3 / 2, 6 / 2, 9 / 2, 4 / 2]),
        ("SUM(m1) / DATAPOINT_COUNT(m1) + 0*m1", [14 / 3, 14 / 3, 14 / 3, MISSING]),
        ("DATAPOINT_COUNT(METRICS())", [3, 3, 3, 1]),
        ("CEIL(m1/2)", [1, 2, 5, MISSING]),
        ("FLOOR(m1/2)", [0, 2, 4, MISSING]),
        ("DIFF(m1)", [MISSING, 3, 5, MISSING]),
        ("DIFF_TIME(m1)", [MISSING, 60, 60, MISSING]),
        ("RATE(m1)", [MISSING, 3 / 60, 5 / 60, MISSING]),
        ("RUNNING_SUM(m1)", [1, 5, 14, MISSING]),
        ("FILL(m1, 10)", [1, 4, 9, 10]),
        ("FILL(m1, MIN(m1))", [1, 4, 9, 1]),
        ("FILL(m1, REPEAT)", [1, 4, 9, 9]),
        ("FILL(m1, m2)", [1, 4, 9, 4]),
        ("LOG10(100^m3)", [4, 4, 4, MISSING]),
        ("MAX(m1)/m1", [9, 9 / 4, 1, MISSING]),
        ("m1-MIN(m1)", [0, 3, 8, MISSING]),
        ("m1/METRIC_COUNT(METRICS())", [1 / 3, 4 / 3, 3, MISSING]),
        ("TIME_SERIES(MAX(m1))", [9, 9, 9, 9]),
        ("SUM(METRICS(\"1\"))/SUM(METRICS('2'))*100", [50, 200, MISSING, 0]),
        ('SUM([METRICS("m1"), METRICS("m2")])', [3, 6, 9, 4]),
        ("IF(FIRST(SORT(METRICS(), AVG, DESC))>3, 1, 0)", [0, 1, 1, MISSING]),
    ],
)
def test_functions_give_what_they_are_documented_to_give(expression: str, expected: Row):
    found = computed(expression, m1=[1, 4, 9, MISSING], m2=[2, 2, 0, 4], m3=[2, 2, 2, MISSING])
    assert found == [value if value is None else pytest.approx(value) for value in expected]


def test_linear_filling_draws_a_line_inside_gaps_only():
    assert computed("FILL(m1, LINEAR)", m1=[MISSING, 1, MISSING, MISSING, 4, MISSING]) == [MISSING, 1, 2, 3, 4, MISSING]


def test_arrays_are_sorted_cut_and_counted():
    given: dict[str, Row] = {"m1": [1, 1], "m2": [5, MISSING], "m3": [2, 2], "m4": [MISSING, MISSING]}
    assert arrayed("SORT(METRICS(), SUM, DESC)", **given) == [[5, MISSING], [2, 2], [1, 1], [MISSING, MISSING]]
    assert arrayed("SORT(METRICS(), MAX, ASC, 2)", **given) == [[1, 1], [2, 2]]
    assert arrayed("SLICE(SORT(METRICS(), SUM, DESC), 0, 1)", **given) == [[5, MISSING]]
    assert arrayed("SLICE(METRICS(), 2)", **given) == [[2, 2], [MISSING, MISSING]]
    assert arrayed("REMOVE_EMPTY(METRICS())", **given) == [[1, 1], [5, MISSING], [2, 2]]
    assert arrayed("METRICS()/100", **given) == [[0.01, 0.01], [0.05, MISSING], [0.02, 0.02], [MISSING, MISSING]]
    assert computed('LAST(METRICS("3"))', **given) == [2, 2]


def test_moments_are_those_of_utc():
    # the epoch was a Thursday
    assert computed("DAY(m1)", m1=[1, MISSING]) == [4, 4]
    assert computed("MINUTE(m1)", m1=[MISSING, 1]) == [0, 1]
    assert computed("EPOCH(m1) + HOUR(m1) + DATE(m1) + MONTH(m1) + YEAR(m1)", m1=[1, 1]) == [1972, 2032]
    assert computed("IF(DAY(m1)<6 AND (HOUR(m1)>=9 AND HOUR(m1)<17), m1)", m1=[7]) == [MISSING]


def test_an_array_is_labelled_by_its_expression_and_its_metrics():
    value = evaluated("SEARCH('{Demo}', 'Sum', 60)", {}, find=lambda _: (series([1], "a"), series([2], "b")))
    assert isinstance(value, tuple)
    assert [each.label for each in value] == ["a", "b"]
