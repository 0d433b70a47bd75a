"""Metric math, search expressions, rules of alarms and widgets: whatever is written is answered or refused, and what
expressions compute obeys the laws of numbers.
"""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.core.metrics import dashboard_bodies, widgets
from entrepot.errors import AlarmInvalid, ExpressionInvalid, ExpressionTooLarge, StatisticInvalid, WidgetInvalid
from entrepot.metrics import alarm_rules, search, statistics, verdicts
from entrepot.metrics.program import Program, Query
from entrepot.metrics.series import Series, Value
from entrepot.metrics.verdicts import Judge, judge
from tests.factories.callers import EPOCH

MINUTES = 6
PIECES = [
    *("m1", "m2", "e1", "m9", "1", "0", "2.5", "1e300", "-", "+", "*", "/", "^", "==", "<", ">=", "AND", "OR", "&&"),
    *("(", ")", "[", "]", ",", '"m"', "'x'", "AVG", "SUM(", "METRICS()", "IF(", "FILL(", "REPEAT", "LINEAR", "SORT("),
    *(
        "ASC",
        "SLICE(",
        "SEARCH('{A}','Sum',60)",
        "PERIOD(m1)",
        "TIME_SERIES(",
        "RATE(",
        "LOG(",
        "FIRST(",
        "$",
        "é",
        " ",
    ),
]
numbers = st.floats(-1e6, 1e6, allow_nan=False).map(lambda value: round(value, 3))
rows = st.lists(st.none() | numbers, min_size=MINUTES, max_size=MINUTES)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def words(*among: str) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(among)).map(" ".join)


def series(row: list[float | None]) -> Series:
    return Series(60, {60 * place: value for place, value in enumerate(row) if value is not None})


def computed(expression: str, one: list[float | None], two: list[float | None]) -> Value:
    program = Program([Query("m1"), Query("m2"), Query("e1", expression)])
    return program.compute(0, 60 * MINUTES, 60, {"m1": series(one), "m2": series(two)}, lambda _: ())["e1"]


def points(expression: str, one: list[float | None], two: list[float | None]) -> dict[int, float]:
    found = computed(expression, one, two)
    assert isinstance(found, Series)
    return dict(found.points)


@given(st.lists(st.sampled_from(PIECES), max_size=14).map(" ".join) | st.text(max_size=60), rows, rows)
def test_any_text_is_computed_or_refused(text: str, one: list[float | None], two: list[float | None]):
    try:
        found = computed(text, one, two)
    except (ExpressionInvalid, ExpressionTooLarge):
        return
    for each in found if isinstance(found, tuple) else [found]:
        if isinstance(each, Series):
            assert list(each.points) == sorted(each.points)
            assert all(map(math.isfinite, each.points.values()))


@given(rows, rows)
def test_sums_commute_and_differences_undo_them(one: list[float | None], two: list[float | None]):
    assert points("m1 + m2", one, two) == points("m2 + m1", one, two) == points("SUM([m1, m2])", one, two)
    assert points("-(m1 - m2)", one, two) == points("m2 - m1", one, two)
    known = {at: value or 0.0 for at, value in series(one).points.items()}
    there = points("m1 + m2 - m2", one, two)
    assert {at: pytest.approx(value, abs=1e-6) for at, value in known.items()} == {at: there[at] for at in known}


@given(rows, rows)
def test_a_comparison_and_its_opposite_are_one(one: list[float | None], two: list[float | None]):
    both = points("(m1 < m2) + (m1 >= m2)", one, two)
    assert set(both.values()) <= {1.0}
    assert both.keys() == points("m1 + m2", one, two).keys()
    assert points("IF(m1 < m2, m1, m2)", one, two).keys() <= both.keys()


@given(rows, rows)
def test_filling_leaves_no_gap_and_changes_nothing(one: list[float | None], two: list[float | None]):
    filled = points("FILL(m1, 7)", one, two)
    assert len(filled) == MINUTES
    assert series(one).points.items() <= filled.items()
    for how in ("REPEAT", "LINEAR"):
        assert series(one).points.items() <= points(f"FILL(m1, {how})", one, two).items()


@given(rows, rows)
def test_sorting_and_slicing_lose_no_series(one: list[float | None], two: list[float | None]):
    found = computed("SORT(METRICS(), SUM, DESC)", one, two)
    assert isinstance(found, tuple)
    assert sorted(map(str, (each.points for each in found))) == sorted(
        [str(series(one).points), str(series(two).points)]
    )
    assert computed("SLICE(METRICS(), 0, 1)", one, two) != ()


@given(
    st.text(max_size=40)
    | st.lists(st.sampled_from(["{A,B}", '"x"', "NOT", "AND", "OR", "(", ")", "a=", "b"])).map(" ".join)
)
def test_any_search_is_read_or_refused(text: str):
    try:
        wanted = search.parse(text)
    except ExpressionInvalid:
        return
    assert wanted(search.Metric("A", "Name", {"B": "x"})) in {True, False}


@given(st.text(max_size=40) | words("ALARM(a)", "OK", "(", ")", "AND", "OR", "NOT", "TRUE", "AT_LEAST(1,", "a", '"'))
def test_any_rule_is_read_or_refused(text: str):
    try:
        rule = alarm_rules.parse(text)
    except AlarmInvalid:
        return
    for state in alarm_rules.STATES:
        assert rule.holds(dict.fromkeys(rule.names, state)) in {True, False}


@given(st.text(max_size=30) | st.from_regex(r"(p|TM|tc|PR)[(]?[0-9.%:]{0,8}[)]?", fullmatch=True))
def test_any_statistic_is_known_or_refused(name: str):
    try:
        found = statistics.parse(name)
    except StatisticInvalid:
        return
    assert found.name == name


@given(json_values)
def test_any_widget_is_drawn_or_refused(value: Any):
    for widget in (
        value,
        {"metrics": value},
        {"metrics": [["A", "B", value]]},
        {"metrics": [["A", "B"]], "annotations": value},
    ):
        try:
            read = widgets.read(widget)
            widgets.graphed(read)
            widgets.span(read, EPOCH)
        except WidgetInvalid:
            continue
    for body in (value, {"widgets": value}, {"widgets": [{"type": "metric", "properties": value}]}):
        dashboard_bodies.check(json.dumps(body))


@given(
    st.lists(st.none() | st.floats(0, 2), min_size=5, max_size=5),
    st.integers(1, 3),
    st.sampled_from(sorted(verdicts.TREATMENTS)),
    st.sampled_from(sorted(verdicts.COMPARISONS)),
)
def test_a_verdict_is_a_state_that_its_points_allow(
    found: list[float | None], wanted: int, treatment: str, comparison: str
):
    by = Judge(comparison, 1.0, 3, wanted, treatment)
    verdict = judge(by, found)
    assert verdict.state in {"OK", "ALARM", "INSUFFICIENT_DATA", None}
    assert verdict.breaching <= len(verdict.evaluated) <= 3
    if verdict.breaching >= wanted:
        assert verdict.state == "ALARM"
    if all(value is not None for value in found):
        assert verdict.state == ("ALARM" if verdict.breaching >= wanted else "OK")
