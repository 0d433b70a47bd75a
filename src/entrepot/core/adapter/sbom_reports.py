"""What an image consists of as Harbor is told it: a document of SPDX 2.3 or CycloneDX 1.6, and who wrote it."""

from datetime import datetime

import msgspec

from entrepot.core.adapter.reporting import SCANNER, encoded
from entrepot.scan.documents import cyclonedx, spdx
from entrepot.scan.documents.subject import Subject
from entrepot.scan.merging import Image
from entrepot.spec.moments import micros
from entrepot.spec.scanner_adapter import SPDX, Artifact, SbomReport


def report(image: Image, form: str, artifact: Artifact, now: datetime) -> bytes:
    """The report with a document of this media type."""
    subject = Subject(artifact.repository, artifact.digest, micros(now), SCANNER.version)
    document = spdx.document(subject, image) if form == SPDX else cyclonedx.document(subject, image, "1.6")
    return encoded(SbomReport(now, artifact, SCANNER, form, msgspec.Raw(document)))
