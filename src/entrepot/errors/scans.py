"""Scans of images, and how registries are scanned."""

from entrepot.errors.fact import Fact


class ScanNotFound(Fact):
    """An image that has not been scanned."""

    text = (
        "Image scan does not exist for the image with '{{imageDigest:'{digest}', imageTag:'{tag}'}}' in the repository "
        "with name '{name}' in the registry with id '{account}'"
    )


class ImageScanned(Fact):
    """An image that was scanned less than 24 hours ago."""

    text = "The scan quota per image has been exceeded. Wait and try again."


class ScansTooMany(Fact):
    """A registry that has begun as many scans as it may in 24 hours."""

    text = "The scan quota of the registry has been exceeded: {limit} images in 24 hours. Wait and try again."


class ImageNotScannable(Fact):
    """A manifest that is no image: an artifact, an attestation, an index of such."""

    text = (
        "The image '{digest}' cannot be scanned: it has no layers of files, as a signature, an SBOM or a chart has none"
    )


class ScanningConfigurationInvalid(Fact):
    """A configuration of scanning that says nothing that could be done (`reason`)."""


class EnhancedScanningAbsent(Fact):
    """Enhanced scanning is asked for, and this server has none."""

    text = "scanType ENHANCED is not supported by this server yet; it scans as BASIC says"
