"""What EventBridge tells CloudWatch of its work (docs: "Monitoring Amazon EventBridge", namespace AWS/Events)."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from entrepot.spec import event_arns
from entrepot.spec.event_arns import DEFAULT_BUS

NAMESPACE = "AWS/Events"
COUNT, MILLISECONDS = "Count", "Milliseconds"


@dataclass(frozen=True, slots=True)
class Point:
    """What was measured of one metric: how often each value; `at` in microseconds."""

    account: str
    region: str
    name: str
    dimensions: Mapping[str, str]
    values: Mapping[float, int]
    unit: str
    at: int
    namespace: str = NAMESPACE


class Meter(Protocol):
    """Where points go; it never fails those who tell."""

    def tell(self, points: Sequence[Point]) -> None:
        """Take some points, which may be lost with the process."""


class Tally:
    """Counts what happens to events of rules until it is told."""

    def __init__(self) -> None:
        self._counted: dict[tuple[str, str, str], Counter[float]] = defaultdict(Counter)

    def rule(self, rule_arn: str, name: str, value: float = 1.0, unit: str = COUNT, times: int = 1) -> None:
        """Something that happened for a rule."""
        self._counted[rule_arn, name, unit][value] += times

    def tell(self, meter: Meter, now: int) -> None:
        """Hand everything over, and begin anew."""
        if self._counted:
            counted, self._counted = self._counted, defaultdict(Counter)
            points = (_point(*key, values, now) for key, values in counted.items())
            meter.tell([point for point in points if point is not None])


def _point(rule_arn: str, name: str, unit: str, values: Mapping[float, int], now: int) -> Point | None:
    """Of a rule on another bus than the default one both are named."""
    key = event_arns.parse(rule_arn)
    if key is None:
        return None
    bus, rule = key.rule
    dimensions = {"RuleName": rule} if bus == DEFAULT_BUS else {"EventBusName": bus, "RuleName": rule}
    return Point(key.account, key.region, name, dimensions, values, unit, now)
