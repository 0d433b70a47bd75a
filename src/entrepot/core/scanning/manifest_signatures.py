"""What signs a manifest in its repository, and whether one of some public keys did: referrers of it, and what is tagged
as its signatures (cosign's simple signing and bundles).
"""

from collections.abc import Iterator, Sequence
from typing import Final

from entrepot.db import blobs, image_pages, images, tags
from entrepot.db.database import Transaction
from entrepot.db.records import Blob, Repository, StoredManifest
from entrepot.errors.vex import VexMalformed
from entrepot.scan.vex import signatures
from entrepot.scan.vex.envelopes import Signed
from entrepot.scan.vex.signatures import SignatureLayer, all_signed, signature_layers
from entrepot.seal.public_signatures import verifies
from entrepot.spec.digest import Digest
from entrepot.spec.manifest import Descriptor, Manifest
from entrepot.spec.subject_tags import signatures_of
from entrepot.store.blobs import BlobStore

_MOST: Final = 20  # manifests, and layers of all of them, that are looked at for a signature
_LONGEST_SIGNATURE: Final = 256  # bytes
Signing = Sequence[tuple[SignatureLayer, Blob]]


def signing_of(tx: Transaction, repository: Repository, digest: Digest, most: int = _MOST) -> Signing:
    """What may sign a manifest; of at most so many manifests, and so many layers of all of them."""
    return tuple(_signing(tx, repository, digest, most))


def is_signed(store: BlobStore, keys: Sequence[str], digest: str, signing: Signing) -> bool:
    """Whether a key has signed the manifest, and so all that it names: BlobBytesMissing. Blocking."""
    most = signatures.MOST_BYTES
    small = [(each, bytes_of(store, blob, most)) for each, blob in signing if blob.size <= most]
    return any(verifies_any(keys, each) for each in all_signed(small, digest))


def verifies_any(keys: Sequence[str], told: Signed) -> bool:
    """Whether one of the keys made one of the signatures."""
    fit = [each for each in told.signatures if len(each) <= _LONGEST_SIGNATURE]
    return any(verifies(key, told.text, each) for key in keys for each in fit)


def bytes_of(store: BlobStore, blob: Blob, most: int) -> bytes:
    """A small blob: VexMalformed for a larger one, BlobBytesMissing."""
    if blob.size > most:
        raise VexMalformed(reason=f"it has {blob.size} bytes, more than {most}")
    with store.open_checked(blob.location, blob.size) as file:
        return file.read(most + 1)


def manifest_of(stored: StoredManifest) -> Manifest:
    """A stored manifest, parsed."""
    return Manifest.parse(stored.body, stored.media_type)


def blob_of(tx: Transaction, repository: Repository, layer: Descriptor) -> Blob | None:
    """The blob of a layer, where the repository holds its bytes."""
    link = blobs.find_link(tx, repository.id, layer.digest)
    return link.blob if link is not None and link.blob.state == "live" else None


def _signing(
    tx: Transaction, repository: Repository, digest: Digest, most: int
) -> Iterator[tuple[SignatureLayer, Blob]]:
    rows = image_pages.referrers(tx, repository.id, digest, (), "ANY", "", most)
    tagged = tags.find(tx, repository.id, signatures_of(digest))
    left = most
    for each in (*(() if tagged is None else (tagged,)), *(row.digest for row in rows)):
        stored = images.find(tx, repository.id, each)
        for layer in () if stored is None else signature_layers(manifest_of(stored)):
            blob = blob_of(tx, repository, layer.layer)
            if blob is not None and left:
                left -= 1
                yield layer, blob
