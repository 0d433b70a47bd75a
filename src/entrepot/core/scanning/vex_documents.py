"""A VEX document that was pushed, from its manifest to what it says: which blobs hold it and what signs it, whether one
of its repository's keys did, and what becomes of it. What is read is refused with a reason, never in part.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from entrepot.core.scanning import exceptions
from entrepot.core.scanning.exceptions import Scope, claims
from entrepot.db import (
    blobs,
    image_pages,
    image_standings,
    images,
    repositories,
    tags,
    vex_referrers,
    vulnerability_exceptions,
)
from entrepot.db.database import Transaction
from entrepot.db.exception_records import VexReferrer
from entrepot.db.records import Blob, Repository, StoredManifest
from entrepot.errors.vex import VexMalformed, VexUnsigned
from entrepot.scan.vex import documents, signatures
from entrepot.scan.vex.attachments import MOST_BYTES, Attached, unwrapped, vex_layers
from entrepot.scan.vex.envelopes import Signed, opened
from entrepot.scan.vex.signatures import SignatureLayer, all_signed, signature_layers
from entrepot.scan.vex.statements import Document
from entrepot.seal.public_signatures import verifies
from entrepot.spec.digest import Digest
from entrepot.spec.manifest import Descriptor, Manifest
from entrepot.store.blobs import BlobStore

_MOST_CLAIMS: Final = 2000  # of referrers of one image, which are few; those of a feed are imported
_MOST_SIGNING: Final = 20  # manifests, and layers of all of them, that are looked at for a signature
_LONGEST_SIGNATURE: Final = 256  # bytes


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a document consists of, and what may sign it, where somebody must have."""

    repository: Repository
    digest: Digest
    subject: str
    layers: Sequence[tuple[Attached, Blob]]
    keys: Sequence[str]
    signing: Sequence[tuple[SignatureLayer, Blob]]


def find(tx: Transaction, referrer: VexReferrer) -> Pushed | None:
    """None for what is no document, or gone."""
    repository = repositories.find_live(tx, referrer.repository_id)
    stored = images.find(tx, referrer.repository_id, referrer.digest)
    trust = vex_referrers.trusted(tx, referrer.repository_id)
    if repository is None or trust is None or stored is None or stored.subject is None:
        return None
    layers = [(each, blob) for each in vex_layers(_manifest(stored)) if (blob := _blob(tx, repository, each.layer))]
    if not layers:
        return None
    signing = tuple(_signing(tx, repository, stored.digest)) if trust.keys else ()
    return Pushed(repository, stored.digest, str(stored.subject), layers, trust.keys, signing)


def read(store: BlobStore, pushed: Pushed) -> Sequence[Document]:
    """The documents; none for an SBOM: VexMalformed, VexUnsigned, BlobBytesMissing. Blocking."""
    held = [(each, _bytes(store, blob, MOST_BYTES)) for each, blob in pushed.layers]
    known = bool(pushed.keys) and _is_signed(store, pushed)
    found = [_document(pushed, each, data, is_signed=known) for each, data in held]
    return [each for each in found if each is not None]


def keep(tx: Transaction, pushed: Pushed, owner: str, told: Sequence[Document], request_id: str, now: datetime) -> None:
    """What a document says takes the place of what it said; nothing of one that is not believed any more, or that is to
    be read anew with other keys.
    """
    repository = repositories.lock_live(tx, pushed.repository.id)
    trust = vex_referrers.trusted(tx, pushed.repository.id)
    if repository is None or trust is None or trust.keys != pushed.keys:
        return
    if not vex_referrers.end(tx, repository.id, pushed.digest, ""):
        return
    key = repository.key.registry
    scope = Scope(repository.key.name, pushed.subject, repository.id)
    gone = vulnerability_exceptions.referred(tx, repository.id, pushed.digest)
    vulnerability_exceptions.remove_referred(tx, repository.id, pushed.digest)
    made = [
        each
        for number, document in enumerate(told)
        for each in claims(document, key, scope, owner, str(pushed.digest), f"{request_id}/{number}", now)
    ]
    if len(made) > _MOST_CLAIMS:
        raise VexMalformed(reason=f"it says {len(made)} things of one image, more than {_MOST_CLAIMS}")
    for each in made:
        vulnerability_exceptions.add(tx, each)
    exceptions.outdate(tx, key, [*gone, *made], now)


def refuse(tx: Transaction, referrer: VexReferrer, why: str, now: datetime) -> None:
    """What it said before does not hold any more either."""
    repositories.lock_live(tx, referrer.repository_id)
    if vex_referrers.end(tx, referrer.repository_id, referrer.digest, why) and vulnerability_exceptions.remove_referred(
        tx, referrer.repository_id, referrer.digest
    ):
        image_standings.outdate(tx, referrer.repository_id, "", now)


def forget(tx: Transaction, referrer: VexReferrer) -> None:
    """It is none."""
    vex_referrers.remove(tx, referrer.repository_id, referrer.digest)


def _signing(tx: Transaction, repository: Repository, digest: Digest) -> Iterator[tuple[SignatureLayer, Blob]]:
    """What may sign a document's manifest: referrers of it, and what is tagged as its signatures."""
    rows = image_pages.referrers(tx, repository.id, digest, (), "ANY", "", _MOST_SIGNING)
    tagged = tags.find(tx, repository.id, signatures.tag_of(digest))
    left = _MOST_SIGNING
    for each in (*(() if tagged is None else (tagged,)), *(row.digest for row in rows)):
        stored = images.find(tx, repository.id, each)
        for layer in () if stored is None else signature_layers(_manifest(stored)):
            blob = _blob(tx, repository, layer.layer)
            if blob is not None and left:
                left -= 1
                yield layer, blob


def _is_signed(store: BlobStore, pushed: Pushed) -> bool:
    """Whether a key has signed the document's manifest, and so all that it names."""
    most = signatures.MOST_BYTES
    small = [(each, _bytes(store, blob, most)) for each, blob in pushed.signing if blob.size <= most]
    return any(_verifies(pushed.keys, each) for each in all_signed(small, str(pushed.digest)))


def _document(pushed: Pushed, attached: Attached, data: bytes, *, is_signed: bool) -> Document | None:
    if not attached.wrapped:
        found = documents.find(data)
        if found is not None and pushed.keys and not is_signed:  # an SBOM says nothing, signed or not
            raise VexUnsigned(keys=len(pushed.keys))
        return found
    inside = opened(data)
    own = inside.signed is not None and _verifies(pushed.keys, inside.signed)
    if pushed.keys and not (is_signed or own):
        raise VexUnsigned(keys=len(pushed.keys))
    return documents.find(unwrapped(inside.payload, pushed.subject, named=own and not is_signed))


def _verifies(keys: Sequence[str], told: Signed) -> bool:
    fit = [each for each in told.signatures if len(each) <= _LONGEST_SIGNATURE]
    return any(verifies(key, told.text, each) for key in keys for each in fit)


def _bytes(store: BlobStore, blob: Blob, most: int) -> bytes:
    if blob.size > most:
        raise VexMalformed(reason=f"it has {blob.size} bytes, more than {most}")
    with store.open_checked(blob.location, blob.size) as file:
        return file.read(most + 1)


def _manifest(stored: StoredManifest) -> Manifest:
    return Manifest.parse(stored.body, stored.media_type)


def _blob(tx: Transaction, repository: Repository, layer: Descriptor) -> Blob | None:
    link = blobs.find_link(tx, repository.id, layer.digest)
    return link.blob if link is not None and link.blob.state == "live" else None
