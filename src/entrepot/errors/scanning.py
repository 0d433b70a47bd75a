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


class CvssInvalid(Fact):
    """A vector of CVSS that is none (`vector`, or as much of it as is shown, and `reason`)."""

    text = "{vector!r} is no CVSS vector: {reason}"


class VersionInvalid(Fact):
    """A text that is no version in its scheme (`version`, shortened, and `scheme`)."""

    text = "{version} is no version of the scheme {scheme}"


class EcosystemUnknown(Fact):
    """An ecosystem whose versions have no order that is known (`ecosystem`)."""

    text = "The versions of {ecosystem} have no order that is known"
