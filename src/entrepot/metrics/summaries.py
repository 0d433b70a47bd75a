"""What is kept of many values: how many, their sum, extremes, and a sketch of how they lie. Mergeable in any order."""

import math
from collections.abc import Sequence
from typing import Final

import msgspec

from entrepot.metrics import sketches
from entrepot.metrics.sketches import Buckets

_SLACK: Final = 1e-9  # relative; what floating-point sums of counts may be off


class Summary(msgspec.Struct, frozen=True):
    """A statistic set with the buckets of its values; a set that came without its values has none."""

    count: float
    sum: float
    minimum: float
    maximum: float
    buckets: Buckets

    def merge(self, other: "Summary") -> "Summary":
        """Both together."""
        return Summary(
            self.count + other.count,
            self.sum + other.sum,
            min(self.minimum, other.minimum),
            max(self.maximum, other.maximum),
            sketches.merged(self.buckets, other.buckets),
        )

    @property
    def has_values(self) -> bool:
        """Whether all values are in the buckets: percentiles can be told only then."""
        return math.isclose(sum(self.buckets.values()), self.count, rel_tol=_SLACK)


def of_value(value: float) -> Summary:
    """One value."""
    return Summary(1.0, value, value, value, {sketches.key(value): 1.0})


def of_values(values: Sequence[float], counts: Sequence[float]) -> Summary:
    """Values, of which there is at least one, each standing `count` times."""
    total = math.fsum(value * count for value, count in zip(values, counts, strict=True))
    return Summary(math.fsum(counts), total, min(values), max(values), sketches.sketch(values, counts))


def of_set(count: float, total: float, minimum: float, maximum: float) -> Summary:
    """A statistic set: its values are known only when they are all the same ("Requirements to use percentiles")."""
    same = minimum == maximum and math.isclose(total, minimum * count, rel_tol=_SLACK)
    return Summary(count, total, minimum, maximum, {sketches.key(minimum): count} if same else {})
