"""Points of metrics, as they are put and asked for."""

from entrepot.errors.fact import Fact


class MetricInputInvalid(Fact):
    """A value that cannot be kept, or be asked for (`reason`)."""


class MetricInputMissing(Fact):
    """Something without which nothing can be done."""

    text = "The parameter {parameter} is required."


class MetricInputConflict(Fact):
    """Values that do not go together (`reason`)."""


class MetricQueryInvalid(Fact):
    """A request for data that cannot be answered as a whole (`reason`)."""


class MetricPageTokenInvalid(Fact):
    """A page token that this server did not issue for these parameters."""

    text = "The next token specified is invalid"
