"""SBOMs of images, from what is kept of their layers: no blob is read, and nothing is waited for.

The moment that an SBOM names is the push of its image: the same image makes the same SBOM whenever it is asked for.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from entrepot import __version__
from entrepot.core.scanning import inventories
from entrepot.core.scanning.layer_programs import VERSION
from entrepot.db import blobs
from entrepot.db.database import Transaction
from entrepot.db.records import Repository, StoredManifest
from entrepot.scan.documents import cyclonedx, spdx
from entrepot.scan.documents.subject import Subject
from entrepot.scan.merging import Image, merge
from entrepot.scan.packages import Layer
from entrepot.spec.manifest import Manifest
from entrepot.spec.moments import micros

CYCLONEDX_1_4, CYCLONEDX_1_6, SPDX_2_3 = "CYCLONEDX_1_4", "CYCLONEDX_1_6", "SPDX_2_3"
_WRITERS: Final[Mapping[str, Callable[[Subject, Image], bytes]]] = {
    CYCLONEDX_1_4: lambda subject, image: cyclonedx.document(subject, image, "1.4"),
    CYCLONEDX_1_6: lambda subject, image: cyclonedx.document(subject, image, "1.6"),
    SPDX_2_3: spdx.document,
}


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of the layers of an image, from the lowest: digests and packed inventories."""

    subject: Subject
    layers: Sequence[tuple[str, bytes]]


def kept(tx: Transaction, repository: Repository, stored: StoredManifest) -> Kept | None:
    """What is kept of an image of a repository; None while one of its layers was not read by this version."""
    layers: list[tuple[str, bytes]] = []
    for descriptor in Manifest.parse(stored.body, stored.media_type).layers:
        link = blobs.find_link(tx, repository.id, descriptor.digest)
        body = None if link is None else inventories.find(tx, [link.blob], VERSION).get(link.blob.id)
        if body is None:
            return None
        layers.append((str(descriptor.digest), body))
    return Kept(subject(repository, stored), layers)


def subject(repository: Repository, stored: StoredManifest) -> Subject:
    """An image of a repository as its documents name it."""
    return Subject(repository.key.name, str(stored.digest), micros(stored.pushed_at), __version__)


def exported(found: Kept, form: str) -> bytes:
    """The SBOM in one of the forms that there are; call it outside of the unit that found what is kept."""
    return written(found.subject, [(digest, inventories.unpacked(body)) for digest, body in found.layers], form)


def written(about: Subject, layers: Sequence[tuple[str, Layer]], form: str) -> bytes:
    """The SBOM of an image of these layers, the lowest first."""
    return _WRITERS[form](about, merge(layers))
