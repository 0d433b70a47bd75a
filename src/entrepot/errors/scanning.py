"""What an image's files say that cannot be used, and what they may not cost."""

from entrepot.errors.fact import Fact


class FileMalformed(Fact):
    """A file that is not what its name says (`path`, `reason`)."""

    text = "{path} cannot be read: {reason}"


class FileTooLarge(Fact):
    """A file that a reader may not have as a whole (`path`, `size` and `most` in bytes)."""

    text = "{path} has {size} bytes: more than the {most} that are read"


class LayerMalformed(Fact):
    """A layer that is no tar archive, or not a whole one (`reason`)."""

    text = "The layer cannot be read: {reason}"


class BudgetExceeded(Fact):
    """A layer that costs more than a scan may (`what` it has, the `most` there may be)."""

    text = "The layer has more {what} than the {most} that a scan may take"


class AdvisoryMalformed(Fact):
    """A record of a feed that is none (`reason`)."""

    text = "The advisory cannot be read: {reason}"
