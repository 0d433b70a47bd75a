"""Data points -> the state of an alarm: M out of N, and what counts for points that are missing ("Alarm evaluation",
"Configuring how CloudWatch alarms treat missing data").
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

OK: Final = "OK"
ALARM: Final = "ALARM"
UNKNOWN: Final = "INSUFFICIENT_DATA"
EXTRA: Final = 2  # periods before those evaluated that are looked at for points that exist

COMPARISONS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
TREATMENTS: Final = frozenset({"missing", "ignore", "breaching", "notBreaching"})


class Judge(msgspec.Struct, frozen=True):
    """`datapoints` out of `periods` that breach make an alarm."""

    comparison: str
    threshold: float
    periods: int
    datapoints: int
    missing: str = "missing"


class Verdict(msgspec.Struct, frozen=True):
    """The state, None to keep the one there is, and the points that were evaluated: their places in what was given."""

    state: str | None
    evaluated: tuple[int, ...]
    breaching: int


def judge(judge_by: Judge, points: Sequence[float | None]) -> Verdict:
    """The state that the points of an evaluation range make, oldest first; None for one that is missing."""
    breaches = COMPARISONS[judge_by.comparison]
    there = [place for place, value in enumerate(points) if value is not None]
    evaluated = tuple(there[-judge_by.periods :])
    bad = [place for place in evaluated if _breaches(breaches, points[place], judge_by.threshold)]
    missing = judge_by.periods - len(evaluated)
    assumed = missing if judge_by.missing == "breaching" else 0
    if len(bad) + assumed >= judge_by.datapoints:
        return Verdict(ALARM, evaluated, len(bad))
    if missing == 0 or judge_by.missing in {"breaching", "notBreaching"} or len(bad) < len(evaluated):
        return Verdict(OK, evaluated, len(bad))
    return Verdict(_unsure(judge_by, bad, len(points)), evaluated, len(bad))


def _breaches(breaches: Callable[[float, float], bool], value: float | None, threshold: float) -> bool:
    return value is not None and breaches(value, threshold)


def _unsure(judge_by: Judge, bad: Sequence[int], length: int) -> str | None:
    """Too few points, none of them good: an alarm when the oldest has been bad for as long as an alarm takes."""
    if judge_by.missing == "ignore":
        return None
    lasting = bad and length - bad[0] >= judge_by.datapoints
    return ALARM if lasting else UNKNOWN
