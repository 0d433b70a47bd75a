"""States of alarms, by the documented tables: 0 does not breach, X does, - is missing."""

import pytest

from entrepot.metrics.verdicts import Judge, judge

POINTS = {"0": 0.0, "X": 2.0, "-": None}
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")
UNSURE = ("INSUFFICIENT_DATA", None, "ALARM", "OK")


def states(points: str, datapoints: int) -> tuple[str | None, ...]:
    row = [POINTS[each] for each in points.split()]
    judges = [Judge("GreaterThanThreshold", 1.0, 3, datapoints, treatment) for treatment in TREATMENTS]
    return tuple(judge(each, row).state for each in judges)


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ("0 - X - X", ("OK",) * 4),
        ("0 - - - -", ("OK",) * 4),
        ("- - - - 0", ("OK",) * 4),
        ("- - - - -", UNSURE),
        ("0 X X - X", ("ALARM",) * 4),
        ("- - - - X", UNSURE),
        ("- - X - -", ("ALARM", None, "ALARM", "OK")),
        ("X - - - -", ("ALARM", None, "ALARM", "OK")),
        ("X X X X X", ("ALARM",) * 4),
        ("X X X X 0", ("OK",) * 4),
    ],
)
def test_three_out_of_three(points: str, expected: tuple[str | None, ...]):
    assert states(points, 3) == expected


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ("0 - X - X", ("ALARM",) * 4),
        ("0 0 X 0 X", ("ALARM",) * 4),
        ("0 - X - -", ("OK", "OK", "ALARM", "OK")),
        ("- - - - 0", ("OK", "OK", "ALARM", "OK")),
        ("- - - - X", UNSURE),
        ("- - - X -", ("ALARM", None, "ALARM", "OK")),
    ],
)
def test_two_out_of_three(points: str, expected: tuple[str | None, ...]):
    assert states(points, 2) == expected


@pytest.mark.parametrize(
    ("comparison", "value", "state"),
    [
        ("GreaterThanThreshold", 1.0, "OK"),
        ("GreaterThanOrEqualToThreshold", 1.0, "ALARM"),
        ("LessThanThreshold", 1.0, "OK"),
        ("LessThanOrEqualToThreshold", 1.0, "ALARM"),
        ("LessThanThreshold", 0.5, "ALARM"),
        ("GreaterThanThreshold", 1.5, "ALARM"),
    ],
)
def test_a_point_is_compared_with_the_threshold(comparison: str, value: float, state: str):
    verdict = judge(Judge(comparison, 1.0, 1, 1), [None, value])
    assert (verdict.state, verdict.evaluated) == (state, (1,))
