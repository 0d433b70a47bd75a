"""The job `except`: reads VEX documents that were pushed, and has images stand as exceptions that came, went or expired
want it. What is read is refused with a reason, never in part.
"""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from entrepot.core.scanning import enhanced_exceptions, enhanced_work, exceptions, standings
from entrepot.core.scanning.configuration import ENHANCED
from entrepot.core.scanning.enhanced_shown import Texts
from entrepot.core.scanning.exceptions import Scope, claims
from entrepot.core.scanning.suppressions import Source
from entrepot.core.units import Units
from entrepot.db import blobs, image_standings, images, repositories, vex_referrers, vulnerability_exceptions
from entrepot.db.database import Transaction
from entrepot.db.exception_records import VexReferrer
from entrepot.db.inspector_records import ImageKey
from entrepot.db.records import Blob, Repository, StoredManifest
from entrepot.db.scan_records import ScanKey
from entrepot.errors import BlobBytesMissing
from entrepot.errors.vex import VexMalformed
from entrepot.scan.vex import documents
from entrepot.scan.vex.attachments import MOST_BYTES, Attached, unwrapped, vex_layers
from entrepot.scan.vex.statements import Document
from entrepot.spec.manifest import Manifest
from entrepot.store.blobs import BlobStore

_AT_ONCE = 50
_KEPT = timedelta(days=90)  # for which an expired exception is shown still
_FORGET_EVERY = timedelta(hours=1)
_MOST_TRIES = 5
_MOST_OF_A_DOCUMENT = 2000  # claims of referrers of one image are few; those of a feed are imported
Asking = Callable[[Sequence[str]], Awaitable[Mapping[str, Texts]]]
log = structlog.get_logger()


class Excepting:
    """One process of a deployment does it. `texts` reads the long texts of advisories, for events of findings that are
    decided on otherwise; `sources` are all who suppress findings.
    """

    def __init__(self, units: Units, store: BlobStore, texts: Asking, sources: Sequence[Source]) -> None:
        self._units = units
        self._store = store
        self._texts = texts
        self._sources = sources
        self._forgot_at: datetime | None = None

    async def run(self, now: datetime, most: int = 1000) -> dict[str, object]:
        """Do what is due, at most so much of it; how many documents were read, and how many images stand otherwise."""
        read = 0
        for referrer in await self._units.read(vex_referrers.due, now, _AT_ONCE):
            read += await self._read(referrer, now)
        renewed = 0
        for key in await self._units.read(image_standings.due, now, most):
            renewed += await (self._decide(key, now) if key.type == ENHANCED else self._renew(key, now))
        if self._forgot_at is None or now - self._forgot_at >= _FORGET_EVERY:
            await self._units.write(vulnerability_exceptions.forget, now - _KEPT)
            self._forgot_at = now
        return {name: number for name, number in (("documents", read), ("images", renewed)) if number}

    async def _renew(self, key: ScanKey, now: datetime) -> bool:
        return await self._units.write(standings.renew, key, str(uuid.uuid4()), now)

    async def _decide(self, key: ScanKey, now: datetime) -> bool:
        """Findings that are rows say themselves whether they count, and tell of it each."""
        image = ImageKey(key.repository_id, key.digest)
        wanted = await self._units.read(enhanced_exceptions.advisories, image, now, self._sources)
        texts = await self._texts(wanted) if wanted else {}
        seed = str(uuid.uuid4())
        return await self._units.write(enhanced_work.suppress, image, now, seed, texts, self._sources) > 0

    async def _read(self, referrer: VexReferrer, now: datetime) -> bool:
        try:
            found = await self._units.read(_content, referrer)
            if found is None:
                await self._units.write(_forget, referrer)
                return False
            read = [await asyncio.to_thread(self._document, found, each, blob) for each, blob in found.layers]
            told = [each for each in read if each is not None]
            if not told:
                await self._units.write(_forget, referrer)
                return False
            await self._units.write(_keep, referrer, found.repository, found.subject, told, str(uuid.uuid4()), now)
        except VexMalformed as fault:
            await self._units.write(_refuse, referrer, str(fault), now)
        except (OSError, BlobBytesMissing) as fault:
            log.warning("vex document not read", digest=referrer.digest, exc_info=fault)
            await self._again(referrer, now)
            return False
        return True

    async def _again(self, referrer: VexReferrer, now: datetime) -> None:
        if referrer.tries + 1 >= _MOST_TRIES:
            await self._units.write(_refuse, referrer, "Its bytes cannot be read: push it again.", now)
        else:
            later = now + timedelta(seconds=10 * 2**referrer.tries)
            await self._units.write(vex_referrers.again, referrer.repository_id, referrer.digest, later)

    def _document(self, found: "_Content", attached: Attached, blob: Blob) -> Document | None:
        if blob.size > MOST_BYTES:
            raise VexMalformed(reason=f"it has {blob.size} bytes, more than {MOST_BYTES}")
        with self._store.open_checked(blob.location, blob.size) as file:
            data = file.read(MOST_BYTES + 1)
        return documents.find(unwrapped(data, found.subject) if attached.wrapped else data)


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
    layers = [(each, blob) for each in vex_layers(_manifest(stored)) if (blob := _blob(tx, repository, each))]
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


def _refuse(tx: Transaction, referrer: VexReferrer, why: str, now: datetime) -> None:
    """What it said before does not hold any more either."""
    if vex_referrers.end(tx, referrer.repository_id, referrer.digest, why) and vulnerability_exceptions.remove_referred(
        tx, referrer.repository_id, referrer.digest
    ):
        image_standings.outdate(tx, referrer.repository_id, "", now)


def _forget(tx: Transaction, referrer: VexReferrer) -> None:
    vex_referrers.remove(tx, referrer.repository_id, referrer.digest)
