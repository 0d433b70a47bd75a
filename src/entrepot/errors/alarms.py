"""Alarms, dashboards, plots of metrics."""

from entrepot.errors.fact import Fact


class AlarmNotFound(Fact):
    """No such alarm in this account and region."""

    text = "Unknown alarm {name}"


class AlarmInvalid(Fact):
    """An alarm that could not be watched as it is described (`reason`)."""


class AlarmInUse(Fact):
    """A composite alarm that stays has the alarm in its rule."""

    text = "Cannot delete {name}: composite alarm {parent} depends on it"


class AlarmsTooMany(Fact):
    """More of something about alarms and dashboards than one account may have."""

    text = "The quota of {limit} {what} has been reached"


class AlarmReasonInvalid(Fact):
    """Data of a state's reason that are no JSON."""

    text = "StateReasonData is not valid JSON"


class AlarmPageTokenInvalid(Fact):
    """A page token that this server did not issue for these parameters."""

    text = "The next token specified is invalid"


class DashboardInvalid(Fact):
    """A dashboard that could not be drawn (`reason`; `messages`: pairs of data path and message)."""


class DashboardNotFound(Fact):
    """No such dashboard in this account."""

    text = "Dashboard {name} does not exist"


class MonitoringInputInvalid(Fact):
    """A value that a dashboard's or a tag's operation cannot take (`reason`)."""


class MonitoredResourceNotFound(Fact):
    """No alarm or dashboard has this ARN."""

    text = "Resource {arn} does not exist"


class WidgetInvalid(Fact):
    """A metric widget that cannot be plotted (`reason`)."""
