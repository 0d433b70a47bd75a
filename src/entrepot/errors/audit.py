"""What is wrong with a look into the audit trail."""

from entrepot.errors.fact import Fact


class LookupAttributesInvalid(Fact):
    """More attributes than one, or none that can be looked up (`reason`)."""


class LookupTimesInvalid(Fact):
    """A time range that ends before it begins."""

    text = "StartTime cannot be after EndTime."


class LookupTokenInvalid(Fact):
    """A token of a page that this server did not issue for these parameters."""

    text = "Invalid NextToken."
