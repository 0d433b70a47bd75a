"""Expressions that are refused, and where."""

import pytest

from entrepot.errors import ExpressionInvalid, ExpressionTooLarge, PeriodInvalid, StatisticInvalid
from entrepot.metrics.program import Program, Query, shown
from tests.unit.metrics.mathing import computed, series


def program(expression: str) -> Program:
    return Program([Query("m1"), Query("m2"), Query("e1", expression)])


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("", "Unexpected 'the end' at position 1"),
        ("m1 +", "Unexpected 'the end' at position 5"),
        ("m1 m2", "Unexpected 'm2' at position 4"),
        ("m1 $ m2", "Unexpected '$' at position 4"),
        ("(m1", "Expected ')', not 'the end', at position 4"),
        ("SUM(m1", "Expected ')', not 'the end', at position 7"),
        ("m9 + m1", "Undeclared identifier m9"),
        ("sum(m1)", "Unexpected '(' at position 4"),
        ("TOTAL(m1)", "Unknown function TOTAL at position 1"),
        ("SUM", "SUM stands without arguments at position 1"),
        ("SUM(m1, m2)", "Function SUM: takes 1 arguments, not 2, at position 1"),
        ("SUM(5)", "Function SUM: takes a time series or an array of them at position 1"),
        ("FIRST(m1)", "Function FIRST: takes an array of time series at position 1"),
        ("[m1, 5]", "An array holds time series, not scalars: at position 1"),
        ("m1 + [m1] * [m2]", "Operator '*' between two arrays of time series at position 11"),
        ("IF([m1], 1)", "Function IF: does not take an array of time series at position 1"),
        ('m1 + "text"', "A string stands where a value is expected at position 6"),
        ("PERIOD(m1 + 1) * m1", "Function PERIOD: takes a metric, not an expression at position 1"),
        ("SORT(METRICS(), STDDEV, ASC)", "Function SORT: takes one of AVG, MAX, MIN, SUM there at position 1"),
        ("FILL(m1, AVG)", "Function FILL: takes one of LINEAR, REPEAT there at position 1"),
        ("SLICE(METRICS(), 1.5)", "Function SLICE: takes a whole number there at position 1"),
        ("m1 AND", "Unexpected 'the end' at position 7"),
        ("TIME_SERIES(m1)", "Function TIME_SERIES: takes a scalar there at position 1"),
        (
            "SERVICE_QUOTA(m1)",
            "Function SERVICE_QUOTA is not available: usage has no quotas here, at position 1",
        ),
        (
            "ANOMALY_DETECTION_BAND(m1, 2)",
            "Function ANOMALY_DETECTION_BAND is not available: there are no anomaly detectors, at position 1",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(expression: str, reason: str):
    with pytest.raises(ExpressionInvalid) as refused:
        program(expression)
    assert str(refused.value) == f"Error in expression 'e1': {reason}"


def test_a_metrics_insights_query_is_refused_by_name():
    with pytest.raises(ExpressionInvalid, match=r"\(SELECT\) are not available"):
        program("SELECT AVG(CPUUtilization) FROM SCHEMA")


def test_a_scalar_is_no_result():
    checked = program("SUM(m1)")
    results = checked.compute(0, 60, 60, {"m1": series([1]), "m2": series([1])}, lambda _: ())
    with pytest.raises(ExpressionInvalid, match="gives a scalar"):
        shown(results, "e1")


def test_search_names_a_statistic_and_a_period_that_there_are():
    with pytest.raises(StatisticInvalid):
        program("SEARCH('{A}', 'Mode', 60)")
    with pytest.raises(PeriodInvalid):
        program("SEARCH('{A}', 'Sum', 61)")


def test_expressions_do_not_name_each_other_in_a_circle():
    with pytest.raises(ExpressionInvalid, match="name each other"):
        Program([Query("e1", "e2 + 1"), Query("e2", "e1 + 1")])


@pytest.mark.parametrize("name", ["M1", "1m", "m-1", "", "m" * 256])
def test_ids_begin_with_a_lower_case_letter(name: str):
    with pytest.raises(ExpressionInvalid, match="is not valid"):
        Program([Query(name)])


def test_an_id_stands_once():
    with pytest.raises(ExpressionInvalid, match="stands twice"):
        Program([Query("m1"), Query("m1")])


def test_nesting_and_length_are_bounded():
    assert computed("(" * 40 + "m1" + ")" * 40, m1=[1]) == [1]
    for hostile in ("(" * 60 + "m1" + ")" * 60, "-" * 600 + "m1", "ABS(" * 400, "1^" * 400 + "m1", "[" * 1000):
        with pytest.raises(ExpressionInvalid, match="Nested more than 50 levels deep"):
            program(hostile)
    assert computed("m1" + "+1" * 1000, m1=[1]) == [1001]
    with pytest.raises(ExpressionInvalid, match="2048"):
        program("m1" + "+1" * 2000)


def test_expressions_cannot_multiply_themselves_without_end():
    many = ",".join(["METRICS()"] * 100)
    growing = [Query(f"e{index}", f"[{','.join([f'e{index - 1}'] * 100)}]") for index in range(1, 5)]
    with pytest.raises(ExpressionTooLarge, match="at most 500"):
        Program([Query("m1"), Query("e0", f"[{many}]"), *growing])


def test_the_points_that_one_request_computes_are_bounded():
    long = series([1] * 100_000)
    with pytest.raises(ExpressionTooLarge, match="too many data points"):
        program("m1" + "+m1" * 500).compute(0, 60, 60, {"m1": long, "m2": long}, lambda _: ())


@pytest.mark.parametrize("expression", ["m1^9999", "1e300*1e300*m1", "LOG(0*m1)", "m1/0", "(0-8)^0.5*m1", "0^(0-1)*m1"])
def test_what_is_no_number_is_dropped(expression: str):
    assert computed(expression, m1=[2, 3]) == [None, None]
