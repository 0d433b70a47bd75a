"""What is found in an image, and who finds it: the seam between scans as state and the engine that reads layers.

Where nothing is known of vulnerabilities an analyst says so, and never that nothing is wrong with an image.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import msgspec

from entrepot.core.scanning.enhanced_findings import Found
from entrepot.core.scanning.enhanced_shown import Texts
from entrepot.db.records import Blob
from entrepot.spec.digest import Digest
from entrepot.spec.manifest import Descriptor, Manifest
from entrepot.spec.repository import RepositoryKey

SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED")  # the worst first
IN_PROGRESS, COMPLETE, FAILED = "IN_PROGRESS", "COMPLETE", "FAILED"
SUCCESS = "The scan was completed successfully."
UNSUPPORTED = "UnsupportedImageError: The operating system and/or package manager are not supported."
NO_DATABASE = (
    "Nothing is known of vulnerabilities here: no usable database has been imported. Run `entrepot vulndb import`; the "
    "image is scanned again then."
)
Attributes = tuple[tuple[str, str], ...]


class Finding(msgspec.Struct, frozen=True, array_like=True):
    """A vulnerability of a package, as ECR's basic scanning shows one: `name` is the CVE where one exists.

    `packages` are the URLs of the packages that were built of it, `aliases` other names; exceptions may name these.
    """

    name: str
    severity: str  # of SEVERITIES
    description: str = ""
    uri: str = ""
    attributes: Attributes = ()  # package_name, package_version, CVSS3_SCORE, CVSS3_VECTOR, …
    packages: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Analysis:
    """How the scan of one image ended. Of one that failed nothing was found, and `description` says why.

    `lacking`: nothing was known of vulnerabilities; the scan is done again when something is. One that is not `counted`
    failed for no reason of the image's: it may be started again within its 24 hours.
    """

    status: str = COMPLETE
    description: str = SUCCESS
    findings: Sequence[Finding] = ()
    source_updated_at: datetime | None = None
    lacking: bool = False
    found: Sequence[Found] | None = None  # of an enhanced scan, None where nothing could be looked for
    generation: int = 0  # of what was known; 0 where nothing was asked
    inventory: bytes = b""  # what the image holds (kept_images.py); empty where that was not looked at
    concerned: frozenset[str] | None = None  # the vulnerabilities that `found` is about; None: all that there are
    counted: bool = True


@dataclass(frozen=True, slots=True)
class ImageLayer:
    """A layer of an image and the bytes that it is: None where they are not in the registry, or damaged."""

    descriptor: Descriptor
    blob: Blob | None


@dataclass(frozen=True, slots=True)
class Content:
    """An image that is to be analysed; layers from the lowest."""

    repository: RepositoryKey
    digest: Digest
    manifest: Manifest
    layers: Sequence[ImageLayer]
    kind: str = "BASIC"  # of scanning
    pushed_at: int = 0  # in microseconds
    config: Blob | None = None


class Analyst(Protocol):
    """Finds what is wrong with images."""

    @property
    def generation(self) -> str:
        """What it knows of vulnerabilities at this moment: another text after each change, '' while it is nothing."""

    async def analyse(self, content: Content) -> Analysis:
        """What is found in an image. Whatever is wrong with the image itself is a failed Analysis; what is raised is
        this server's fault, and the scan is tried again. It may be cancelled, and leaves nothing running then.
        """


class EnhancedAnalyst(Analyst, Protocol):
    """Finds all that enhanced scanning looks for, and knows its texts."""

    async def texts(self, advisories: Sequence[str]) -> Mapping[str, Texts]:
        """What these advisories say at length, as far as they are known."""
