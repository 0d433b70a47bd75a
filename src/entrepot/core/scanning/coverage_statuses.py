"""How an enhanced scan of an image stands, in ECR's words, and what Inspector says of the same.

https://docs.aws.amazon.com/inspector/v2/APIReference/API_ScanStatus.html
"""

from typing import Final, NamedTuple

ACTIVE, COMPLETE, PENDING, FAILED = "ACTIVE", "COMPLETE", "PENDING", "FAILED"
UNAVAILABLE, UNSUPPORTED, EXPIRED = "FINDINGS_UNAVAILABLE", "UNSUPPORTED_IMAGE", "SCAN_ELIGIBILITY_EXPIRED"
LIMIT, TOO_LARGE, ARCHIVED = "LIMIT_EXCEEDED", "IMAGE_SIZE_EXCEEDED", "IMAGE_ARCHIVED"

CONTINUOUSLY: Final = "Continuous scan is selected for image."
WAITS: Final = "The image is waiting to be scanned."
IS_OVER: Final = (
    "The image was pushed, pulled or used too long ago to be scanned continuously still: see the re-scan duration. "
    "It is scanned again when it is pushed, pulled or used."
)
WAS_BEFORE: Final = "The image was pushed before enhanced scanning was enabled, and is too old to be picked up."
NOT_SELECTED: Final = "No rule says that images of the repository are scanned."
NO_IMAGE: Final = "The image has no layers of files, as a signature, an SBOM or a chart has none."


class Coverage(NamedTuple):
    """Inspector's ScanStatus: ACTIVE or INACTIVE, and why."""

    code: str
    reason: str


_COVERAGE: Final = {
    ACTIVE: Coverage("ACTIVE", "SUCCESSFUL"),
    COMPLETE: Coverage("INACTIVE", "SCAN_FREQUENCY_SCAN_ON_PUSH"),
    PENDING: Coverage("ACTIVE", "PENDING_INITIAL_SCAN"),
    FAILED: Coverage("INACTIVE", "INTERNAL_ERROR"),
    UNAVAILABLE: Coverage("INACTIVE", "NO_INVENTORY"),
    UNSUPPORTED: Coverage("INACTIVE", "UNSUPPORTED_OS"),
    EXPIRED: Coverage("INACTIVE", "SCAN_ELIGIBILITY_EXPIRED"),
    LIMIT: Coverage("INACTIVE", "STORAGE_LIMIT_EXCEEDED"),
    TOO_LARGE: Coverage("INACTIVE", "IMAGE_SIZE_EXCEEDED"),
    ARCHIVED: Coverage("INACTIVE", "IMAGE_ARCHIVED"),
}


def coverage(status: str, description: str = "") -> Coverage:
    """What Inspector says of an image whose enhanced scan stands so."""
    if status == UNSUPPORTED and description == NO_IMAGE:
        return Coverage("INACTIVE", "UNSUPPORTED_MEDIA_TYPE")
    if description == NOT_SELECTED:
        return Coverage("INACTIVE", "SCAN_FREQUENCY_MANUAL")
    return _COVERAGE.get(status, Coverage("INACTIVE", "INTERNAL_ERROR"))
