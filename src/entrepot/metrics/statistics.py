"""Statistics by their names: Average, p99, TM(2%:98%) ("CloudWatch statistics definitions").

Sum, SampleCount, Average, Minimum and Maximum are exact; the others are told from buckets: values to `sketches.ERROR`,
and a bound of values (`PR(:300)`) counts whole buckets, its own with the values up to it.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from entrepot.errors import StatisticInvalid
from entrepot.metrics import sketches
from entrepot.metrics.summaries import Summary

_SINGLE: Final = re.compile(r"(p|tm|wm|tc|ts)(\d{1,3}(?:\.\d{1,10})?)", re.ASCII)
_NUMBER: Final = r"-?\d{1,15}(?:\.\d{1,10})?"
_RANGE: Final = re.compile(rf"(TM|WM|TC|TS|PR)\(({_NUMBER}%?)?:({_NUMBER}%?)?\)", re.ASCII)
_LONGEST: Final = 64

_Compute = Callable[[Summary], float | None]


@dataclass(frozen=True, slots=True)
class Statistic:
    """A statistic; `of` a summary is None where its values are not known."""

    name: str
    of: _Compute
    simple: bool  # one of the five that need no values


@dataclass(frozen=True, slots=True)
class Bounds:
    """Between which the values count: percentages of them, or values (the lower excluded, the upper included)."""

    low: float | None
    high: float | None
    percent: bool


SIMPLE: Final[Mapping[str, Statistic]] = {
    name: Statistic(name, compute, simple=True)
    for name, compute in (
        ("SampleCount", lambda found: found.count),
        ("Sum", lambda found: found.sum),
        ("Average", lambda found: found.sum / found.count if found.count else None),
        ("Minimum", lambda found: found.minimum),
        ("Maximum", lambda found: found.maximum),
    )
}


def parse(name: str) -> Statistic:
    """The statistic of this name: StatisticInvalid."""
    return SIMPLE.get(name) or Statistic(name, _valued(_extended(name)), simple=False)


def _extended(name: str) -> _Compute:
    if name in {"IQM", "iqm"}:
        return _RANGED["TM"](Bounds(25.0, 75.0, percent=True))
    if len(name) > _LONGEST:
        raise StatisticInvalid(statistic=name[:_LONGEST])
    single = _SINGLE.fullmatch(name)
    if single and float(single[2]) <= 100:
        percent = float(single[2])
        if single[1] == "p":
            return lambda found: percentile(found, percent)
        return _RANGED[single[1].upper()](Bounds(None, percent, percent=True))
    ranged = _RANGE.fullmatch(name)
    bounds = _bounds(ranged[2], ranged[3]) if ranged else None
    if ranged is None or bounds is None or (ranged[1] == "PR" and bounds.percent):
        raise StatisticInvalid(statistic=name)
    return _RANGED[ranged[1]](bounds)


def _bounds(low: str | None, high: str | None) -> Bounds | None:
    """None for what is no range."""
    given = [text for text in (low, high) if text is not None]
    percent = [text.endswith("%") for text in given]
    if not given or len(set(percent)) > 1:
        return None
    numbers = [float(text.rstrip("%")) for text in given]
    if percent[0] and not all(0 <= number <= 100 for number in numbers):
        return None
    if len(numbers) == 2 and numbers[0] >= numbers[1]:
        return None
    return Bounds(None if low is None else numbers[0], None if high is None else numbers[-1], percent=percent[0])


def _valued(compute: _Compute) -> _Compute:
    return lambda found: compute(found) if found.count > 0 and found.has_values else None


def percentile(found: Summary, percent: float) -> float:
    """The least value that so many percent of the values do not exceed."""
    if percent <= 0:
        return found.minimum
    if percent >= 100:
        return found.maximum
    rank = found.count * percent / 100
    seen = 0.0
    for bucket in sorted(found.buckets):
        seen += found.buckets[bucket]
        if seen >= rank * (1 - 1e-12):
            return _within(found, sketches.middle(bucket))
    return found.maximum


def _within(found: Summary, value: float) -> float:
    return min(max(value, found.minimum), found.maximum)


def _kept(found: Summary, bounds: Bounds) -> Iterator[tuple[float, float]]:
    """The values between the bounds, in order, with how many there are of each."""
    return _kept_by_rank(found, bounds) if bounds.percent else _kept_by_value(found, bounds)


def _kept_by_rank(found: Summary, bounds: Bounds) -> Iterator[tuple[float, float]]:
    first = found.count * (bounds.low or 0.0) / 100
    last = found.count * (100.0 if bounds.high is None else bounds.high) / 100
    seen = 0.0
    for bucket in sorted(found.buckets):
        count = found.buckets[bucket]
        inside = min(seen + count, last) - max(seen, first)
        seen += count
        if inside > 0:
            yield _within(found, sketches.middle(bucket)), inside


def _kept_by_value(found: Summary, bounds: Bounds) -> Iterator[tuple[float, float]]:
    low = None if bounds.low is None else sketches.key(bounds.low)
    high = None if bounds.high is None else sketches.key(bounds.high)
    for bucket in sorted(found.buckets):
        if (low is None or bucket > low) and (high is None or bucket <= high):
            yield _within(found, sketches.middle(bucket)), found.buckets[bucket]


def _trimmed_count(bounds: Bounds) -> _Compute:
    return lambda found: sum(count for _, count in _kept(found, bounds))


def _trimmed_sum(bounds: Bounds) -> _Compute:
    return lambda found: sum(value * count for value, count in _kept(found, bounds))


def _trimmed_mean(bounds: Bounds) -> _Compute:
    def compute(found: Summary) -> float | None:
        kept = list(_kept(found, bounds))
        count = sum(count for _, count in kept)
        return sum(value * count for value, count in kept) / count if count else None

    return compute


def _winsorized_mean(bounds: Bounds) -> _Compute:
    def compute(found: Summary) -> float:
        low, high = _edges(found, bounds)
        total = sum(
            min(max(_within(found, sketches.middle(bucket)), low), high) * count
            for bucket, count in found.buckets.items()
        )
        return total / found.count

    return compute


def _edges(found: Summary, bounds: Bounds) -> tuple[float, float]:
    low = found.minimum if bounds.low is None else bounds.low
    high = found.maximum if bounds.high is None else bounds.high
    if bounds.percent:
        low = found.minimum if bounds.low is None else percentile(found, bounds.low)
        high = found.maximum if bounds.high is None else percentile(found, bounds.high)
    return low, high


def _percentile_rank(bounds: Bounds) -> _Compute:
    return lambda found: 100 * sum(count for _, count in _kept(found, bounds)) / found.count


_RANGED: Final[Mapping[str, Callable[[Bounds], _Compute]]] = {
    "TM": _trimmed_mean,
    "WM": _winsorized_mean,
    "TC": _trimmed_count,
    "TS": _trimmed_sum,
    "PR": _percentile_rank,
}
