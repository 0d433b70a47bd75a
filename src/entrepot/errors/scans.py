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


class ManualScanUnavailable(Fact):
    """A scan is started in a registry whose images are scanned by themselves."""

    text = (
        "This feature is disabled: the registry's scanType is ENHANCED, which scans images when they are pushed and "
        "when something else becomes known; see DescribeImageScanFindings"
    )
