"""A VEX document that was pushed, from its manifest to what it says: which blobs hold it and what signs it, whether one
of its repository's keys did, and what becomes of it. What is read is refused with a reason, never in part.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from entrepot.core.scanning import exceptions
from entrepot.core.scanning.exceptions import Scope, claims
from entrepot.core.scanning.manifest_signatures import (
    Signing,
    blob_of,
    bytes_of,
    is_signed,
    manifest_of,
    signing_of,
    verifies_any,
)
from entrepot.db import (
    image_standings,
    images,
    repositories,
    vex_referrers,
    vulnerability_exceptions,
)
from entrepot.db.database import Transaction
from entrepot.db.exception_records import VexReferrer
from entrepot.db.records import Blob, Repository
from entrepot.errors.vex import VexMalformed, VexUnsigned
from entrepot.scan.vex import documents
from entrepot.scan.vex.attachments import MOST_BYTES, Attached, unwrapped, vex_layers
from entrepot.scan.vex.envelopes import opened
from entrepot.scan.vex.statements import Document
from entrepot.spec.digest import Digest
from entrepot.store.blobs import BlobStore

_MOST_CLAIMS: Final = 2000  # of referrers of one image, which are few; those of a feed are imported


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a document consists of, and what may sign it, where somebody must have."""

    repository: Repository
    digest: Digest
    subject: str
    layers: Sequence[tuple[Attached, Blob]]
    keys: Sequence[str]
    signing: Signing


def find(tx: Transaction, referrer: VexReferrer) -> Pushed | None:
    """None for what is no document, or gone."""
    repository = repositories.find_live(tx, referrer.repository_id)
    stored = images.find(tx, referrer.repository_id, referrer.digest)
    trust = vex_referrers.trusted(tx, referrer.repository_id)
    if repository is None or trust is None or stored is None or stored.subject is None:
        return None
    layers = [(each, blob) for each in vex_layers(manifest_of(stored)) if (blob := blob_of(tx, repository, each.layer))]
    if not layers:
        return None
    signing = signing_of(tx, repository, stored.digest) if trust.keys else ()
    return Pushed(repository, stored.digest, str(stored.subject), layers, trust.keys, signing)


def read(store: BlobStore, pushed: Pushed) -> Sequence[Document]:
    """The documents; none for an SBOM: VexMalformed, VexUnsigned, BlobBytesMissing. Blocking."""
    held = [(each, bytes_of(store, blob, MOST_BYTES)) for each, blob in pushed.layers]
    known = bool(pushed.keys) and is_signed(store, pushed.keys, str(pushed.digest), pushed.signing)
    found = [_document(pushed, each, data, is_known=known) for each, data in held]
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


def _document(pushed: Pushed, attached: Attached, data: bytes, *, is_known: bool) -> Document | None:
    if not attached.wrapped:
        found = documents.find(data)
        if found is not None and pushed.keys and not is_known:  # an SBOM says nothing, signed or not
            raise VexUnsigned(keys=len(pushed.keys))
        return found
    inside = opened(data)
    own = inside.signed is not None and verifies_any(pushed.keys, inside.signed)
    if pushed.keys and not (is_known or own):
        raise VexUnsigned(keys=len(pushed.keys))
    return documents.find(unwrapped(inside.payload, pushed.subject, named=own and not is_known))
