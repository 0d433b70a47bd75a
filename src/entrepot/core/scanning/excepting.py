"""The job `except`: reads VEX documents that were pushed, and has images stand as exceptions that came, went or expired
want it. What is read is refused with a reason, never in part.
"""

import uuid
from datetime import datetime, timedelta

import structlog

from entrepot.core.scanning import exceptions, standings
from entrepot.core.scanning.exceptions import Scope, claims
from entrepot.core.units import BlockingUnits
from entrepot.db import blobs, image_standings, images, repositories, vex_referrers, vulnerability_exceptions
from entrepot.db.database import Transaction
from entrepot.db.exception_records import VexReferrer
from entrepot.db.records import Blob, Repository, StoredManifest
from entrepot.errors import BlobBytesMissing
from entrepot.errors.vex import VexMalformed
from entrepot.scan.vex import openvex
from entrepot.scan.vex.attachments import MOST_BYTES, Attached, documents, unwrapped
from entrepot.scan.vex.statements import Document
from entrepot.spec.manifest import Manifest
from entrepot.store.blobs import BlobStore

_AT_ONCE = 50
_KEPT = timedelta(days=90)  # for which an expired exception is shown still
_FORGET_EVERY = timedelta(hours=1)
_MOST_TRIES = 5
_MOST_OF_A_DOCUMENT = 2000  # claims of referrers of one image are few; those of a feed are imported
log = structlog.get_logger()


class Excepting:
    """One process of a deployment does it."""

    def __init__(self, units: BlockingUnits, store: BlobStore) -> None:
        self._units = units
        self._store = store
        self._forgot_at: datetime | None = None

    def run(self, now: datetime, most: int = 1000) -> dict[str, object]:
        """Do what is due, at most so much of it; how many documents were read, and how many images stand otherwise."""
        read = sum(self._read(each, now) for each in self._units.read(vex_referrers.due, now, _AT_ONCE))
        due = self._units.read(image_standings.due, now, most)
        renewing = [self._units.queue(standings.renew, key, str(uuid.uuid4()), now) for key in due]
        renewed = sum(bool(each.result()) for each in renewing)
        if self._forgot_at is None or now - self._forgot_at >= _FORGET_EVERY:
            self._units.write(vulnerability_exceptions.forget, now - _KEPT)
            self._forgot_at = now
        return {name: number for name, number in (("documents", read), ("images", renewed)) if number}

    def _read(self, referrer: VexReferrer, now: datetime) -> bool:
        try:
            found = self._units.read(_content, referrer)
            if found is None:
                self._units.write(_forget, referrer)
                return False
            told = [self._document(found, each, blob) for each, blob in found.layers]
            self._units.write(_keep, referrer, found.repository, found.subject, told, str(uuid.uuid4()), now)
        except VexMalformed as fault:
            return self._units.write(_refuse, referrer, str(fault))
        except (OSError, BlobBytesMissing) as fault:
            log.warning("vex document not read", digest=referrer.digest, exc_info=fault)
            self._again(referrer, now)
            return False
        return True

    def _again(self, referrer: VexReferrer, now: datetime) -> None:
        if referrer.tries + 1 >= _MOST_TRIES:
            self._units.write(_refuse, referrer, "Its bytes cannot be read: push it again.")
        else:
            later = now + timedelta(seconds=10 * 2**referrer.tries)
            self._units.write(vex_referrers.again, referrer.repository_id, referrer.digest, later)

    def _document(self, found: "_Content", attached: Attached, blob: Blob) -> Document:
        if blob.size > MOST_BYTES:
            raise VexMalformed(reason=f"it has {blob.size} bytes, more than {MOST_BYTES}")
        with self._store.open_checked(blob.location, blob.size) as file:
            data = file.read(MOST_BYTES + 1)
        return openvex.read(unwrapped(data, found.subject) if attached.wrapped else data)


class _Content:
    """What a referrer consists of."""

    def __init__(self, repository: Repository, subject: str, layers: list[tuple[Attached, Blob]]) -> None:
        self.repository = repository
        self.subject = subject
        self.layers = layers


def _content(tx: Transaction, referrer: VexReferrer) -> _Content | None:
    """None for what is no document, or gone."""
    repository = repositories.find_live(tx, referrer.repository_id)
    stored = images.find(tx, referrer.repository_id, referrer.digest)
    if repository is None or stored is None or stored.subject is None:
        return None
    layers = [(each, blob) for each in documents(_manifest(stored)) if (blob := _blob(tx, repository, each))]
    return _Content(repository, str(stored.subject), layers) if layers else None


def _manifest(stored: StoredManifest) -> Manifest:
    return Manifest.parse(stored.body, stored.media_type)


def _blob(tx: Transaction, repository: Repository, attached: Attached) -> Blob | None:
    link = blobs.find_link(tx, repository.id, attached.layer.digest)
    return link.blob if link is not None and link.blob.state == "live" else None


def _keep(
    tx: Transaction,
    referrer: VexReferrer,
    repository: Repository,
    subject: str,
    told: list[Document],
    request_id: str,
    now: datetime,
) -> None:
    """What a document says takes the place of what it said; nothing of one that is not believed any more."""
    if not vex_referrers.end(tx, referrer.repository_id, referrer.digest, ""):
        return
    key = repository.key.registry
    scope = Scope(repository.key.name, subject, repository.id)
    gone = vulnerability_exceptions.referred(tx, repository.id, referrer.digest)
    vulnerability_exceptions.remove_referred(tx, repository.id, referrer.digest)
    owner, origin = referrer.owner, referrer.digest
    made = [
        each
        for number, document in enumerate(told)
        for each in claims(document, key, scope, owner, origin, f"{request_id}/{number}", now)
    ]
    if len(made) > _MOST_OF_A_DOCUMENT:
        raise VexMalformed(reason=f"it says {len(made)} things of one image, more than {_MOST_OF_A_DOCUMENT}")
    for each in made:
        vulnerability_exceptions.add(tx, each)
    exceptions.outdate(tx, key, [*gone, *made], now)


def _refuse(tx: Transaction, referrer: VexReferrer, why: str) -> bool:
    """What it said before does not hold any more either."""
    if vex_referrers.end(tx, referrer.repository_id, referrer.digest, why):
        vulnerability_exceptions.remove_referred(tx, referrer.repository_id, referrer.digest)
    return True


def _forget(tx: Transaction, referrer: VexReferrer) -> None:
    vex_referrers.remove(tx, referrer.repository_id, referrer.digest)
