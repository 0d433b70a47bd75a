"""What is wrong with events and the rules that want them. The sentences are those that AWS answers with."""

from entrepot.errors.fact import Fact


class EventPatternInvalid(Fact):
    """A text that is not an event pattern (`reason`)."""

    text = "Event pattern is not valid. Reason: {reason}"


class TargetInputInvalid(Fact):
    """An Input, InputPath or InputTransformer that makes nothing of an event (`reason`)."""


class ScheduleExpressionInvalid(Fact):
    """A text that is neither a rate nor a cron expression."""

    text = "Parameter ScheduleExpression is not valid."
