"""What EventBridge tells CloudWatch of its work (docs: "Monitoring Amazon EventBridge", namespace AWS/Events)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from entrepot.spec import event_arns
from entrepot.spec.event_arns import DEFAULT_BUS

NAMESPACE = "AWS/Events"
COUNT, MILLISECONDS = "Count", "Milliseconds"


@dataclass(frozen=True, slots=True)
class Point:
    """One value of one metric; `at` in microseconds."""

    account: str
    region: str
    name: str
    dimensions: Mapping[str, str]
    value: float
    unit: str
    at: int
    namespace: str = NAMESPACE


class Meter(Protocol):
    """Where points go; it never fails those who tell."""

    def tell(self, points: Sequence[Point]) -> None:
        """Take some points, which may be lost with the process."""


class Unmeasured:
    """Takes nothing down."""

    def tell(self, points: Sequence[Point]) -> None:
        """Forget them."""


@dataclass(slots=True)
class Tally:
    """Counts what happens to events of rules until it is told."""

    points: list[Point] = field(default_factory=list)

    def rule(self, rule_arn: str, name: str, at: int, value: float = 1.0, unit: str = COUNT) -> None:
        """Something that happened for a rule: told by rule, of one on another bus than the default by both."""
        key = event_arns.parse(rule_arn)
        if key is not None:
            bus, rule = key.rule
            dimensions = {"RuleName": rule} if bus == DEFAULT_BUS else {"EventBusName": bus, "RuleName": rule}
            self.points.append(Point(key.account, key.region, name, dimensions, value, unit, at))

    def tell(self, meter: Meter) -> None:
        """Hand everything over, and begin anew."""
        if self.points:
            told, self.points = self.points, []
            meter.tell(told)
