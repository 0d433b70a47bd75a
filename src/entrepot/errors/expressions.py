"""What metrics are asked for: statistics, periods, expressions."""

from entrepot.errors.fact import Fact


class StatisticInvalid(Fact):
    """Not a statistic that there is."""

    text = "The value {statistic} is not a supported statistic"


class PeriodInvalid(Fact):
    """Not a period that there is."""

    text = "The value {period} for parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60"


class ExpressionInvalid(Fact):
    """A text that is not a math or search expression, or not one over what it is asked about (`reason`)."""


class ExpressionTooLarge(Fact):
    """An expression that would take more time series or data points than one may (`reason`)."""
