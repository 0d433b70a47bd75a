"""What an image's files say that cannot be used, and what they may not cost."""

from entrepot.errors.fact import Fact


class ScanRefused(Fact):
    """The root of this module's facts: scans and commands tell of them, no request ends in one."""


class FileMalformed(ScanRefused):
    """A file that is not what its name says (`path`, `reason`)."""

    text = "{path} cannot be read: {reason}"


class FileTooLarge(ScanRefused):
    """A file that a reader may not have as a whole (`path`, `size` and `most` in bytes)."""

    text = "{path} has {size} bytes: more than the {most} that are read"


class LayerMalformed(ScanRefused):
    """A layer that is no tar archive, or not a whole one (`reason`)."""

    text = "The layer cannot be read: {reason}"


class BudgetExceeded(ScanRefused):
    """A layer that costs more than a scan may (`what` it has, the `most` there may be)."""

    text = "The layer has more {what} than the {most} that a scan may take"


class CvssInvalid(ScanRefused):
    """A vector of CVSS that is none (`vector`, or as much of it as is shown, and `reason`)."""

    text = "{vector!r} is no CVSS vector: {reason}"


class VersionInvalid(ScanRefused):
    """A text that is no version in its scheme (`version`, shortened, and `scheme`)."""

    text = "{version} is no version of the scheme {scheme}"


class EcosystemUnknown(ScanRefused):
    """An ecosystem whose versions have no order that is known (`ecosystem`)."""

    text = "The versions of {ecosystem} have no order that is known"


class AdvisoryMalformed(ScanRefused):
    """A record of a feed that is none (`reason`)."""

    text = "The advisory cannot be read: {reason}"


class VulnerabilityFileUnusable(ScanRefused):
    """A file that is no vulnerability database of this version's (`path`, `reason`)."""

    text = (
        "the vulnerability database {path} cannot be used: {reason}; "
        "run `entrepot vulndb import --force` with all that it held"
    )


class VulnerabilityImportBusy(ScanRefused):
    """Another process makes a new generation of the vulnerability database."""

    text = "another import into this vulnerability database is running; try again when it has ended"


class VulnerabilityUpdateBusy(ScanRefused):
    """Another process fetches what is new."""

    text = "another update of this vulnerability database is running; try again when it has ended"


class VulnerabilityFileUnknown(ScanRefused):
    """A file that is none of the kinds that can be imported (`path`, `reason`)."""

    text = "{path} is nothing that the vulnerability database can import: {reason}"


class VulnerabilitySourceShrunk(ScanRefused):
    """A whole dump of a source that lacks much of what is known (`source`, `had`, `has`)."""

    text = (
        "{source} would shrink from {had} records to {has}, more than a fifth, and brings nothing new; "
        "import it with --force if that is meant"
    )


class VulnerabilityRollback(ScanRefused):
    """An export that is older than what is there (`source`, `theirs`, `ours`: dates)."""

    text = (
        "the export has {source} of {theirs}, older than that of {ours} which is there; --force takes it nevertheless"
    )


class VulnerabilitySignatureInvalid(ScanRefused):
    """An export that nobody signed whom the operator trusts (`path`, `reason`)."""

    text = "{path} is not trusted: {reason}; name the key of who made it with --trust"


class VulnerabilityArtifactUnusable(ScanRefused):
    """What is in a registry and is no export (`place`, `reason`)."""

    text = "{place} is no export of a vulnerability database: {reason}"


class VulnerabilityUpstreamRefused(ScanRefused):
    """Somebody elsewhere who did not do what was asked (`place`, `reason`)."""

    text = "{place}: {reason}"


class VulnerabilityDatabaseMissing(ScanRefused):
    """Nothing was imported into this deployment's vulnerability database (`data`)."""

    text = "{data} has no vulnerability database; run `entrepot vulndb import`"


class LayerUnreadable(ScanRefused):
    """A layer of which there is no inventory (`digest`, `reason`)."""

    text = "Layer {digest}: {reason}"


class LayerTooLarge(LayerUnreadable):
    """A layer that costs more to read than one may (`digest`, `reason`)."""


class ImageUnusable(ScanRefused):
    """Something that holds no image that can be scanned (`path` or name, `reason`)."""

    text = "{path} cannot be scanned: {reason}"


class AdapterRequestInvalid(ScanRefused):
    """What another registry asks to be scanned, and cannot be (`reason`)."""


class AdapterCapabilityAbsent(ScanRefused):
    """What another registry asks for, and this scanner does not do (`what`)."""

    text = "This scanner does not produce {what}"


class AdapterScanFailed(ScanRefused):
    """A scan for another registry that cannot say what is wrong with an image (`reason`)."""
