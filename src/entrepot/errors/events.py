"""What is wrong with events and the rules that want them. The sentences are those that AWS answers with."""

from entrepot.errors.fact import Fact


class EventPatternInvalid(Fact):
    """A text that is not an event pattern (`reason`)."""

    text = "Event pattern is not valid. Reason: {reason}"


class EventBusNotFound(Fact):
    """No such event bus in the account and region."""

    text = "Event bus {name} does not exist."


class EventBusAlreadyExists(Fact):
    """The bus's name is taken; that of the default one always is."""

    text = "Event bus {name} already exists."


class EventRuleNotFound(Fact):
    """A bus without a rule of this name."""

    text = "Rule {name} does not exist on EventBus {bus}."


class EventResourceNotFound(Fact):
    """No such archive, replay, connection, API destination or statement (`resource`: `Archive orders`)."""

    text = "{resource} does not exist."


class EventResourceAlreadyExists(Fact):
    """The name of an archive, replay, connection or API destination is taken (`resource`: `Archive orders`)."""

    text = "{resource} already exists."


class EventQuotaExceeded(Fact):
    """More of something than a region of an account, a bus or a rule may have."""

    text = "The requested resource exceeds the maximum number allowed. ({quota}: {limit})"


class EventInputInvalid(Fact):
    """A value that the operation cannot take (`reason`)."""


class EventBusPolicyTooLarge(Fact):
    """A bus's policy with more characters than it may have."""

    text = "The event bus policy size exceeds the maximum allowed of {limit}."


class ReplayStateIllegal(Fact):
    """A replay that has ended cannot be cancelled."""

    text = "Replay {name} is not in a valid state for this operation."


class TargetInputInvalid(Fact):
    """An Input, InputPath or InputTransformer that makes nothing of an event (`reason`)."""


class ScheduleExpressionInvalid(Fact):
    """A text that is neither a rate nor a cron expression."""

    text = "Parameter ScheduleExpression is not valid."
