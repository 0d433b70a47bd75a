"""Amazon Inspector: filters, configuration, reports."""

from entrepot.errors.fact import Fact


class InspectorInputInvalid(Fact):
    """Something that Inspector cannot do here, or not with these values (`reason`)."""

    text = "{reason}"


class InspectorFilterNotFound(Fact):
    """No such filter in the account and region (`arn`)."""

    text = "The filter {arn} does not exist"


class InspectorFilterAlreadyExists(Fact):
    """The filter's name is taken (`name`)."""

    text = "A filter named {name} exists already; choose another name, or update that one"


class InspectorFiltersTooMany(Fact):
    """As many filters as an account may have in a region (`limit`)."""

    text = "An account cannot have more than {limit} filters in a region; delete one that is not needed"


class InspectorFilterTagsInvalid(Fact):
    """Tags that a filter cannot have (`reason`)."""

    text = "{reason}"


class InspectorReportNotFound(Fact):
    """No such export or report in the account and region (`id`)."""

    text = "The report {id} does not exist"
