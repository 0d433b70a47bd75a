"""The job `except`: has VEX documents read that were pushed, and images stand as exceptions that came, went or expired
want it; and looks whether images are signed, where that is asked for.
"""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from entrepot.core.claiming import soonest
from entrepot.core.scanning import (
    admission_signatures,
    enhanced_exceptions,
    enhanced_work,
    standings,
    vex_documents,
)
from entrepot.core.scanning.configuration import ENHANCED
from entrepot.core.scanning.enhanced_shown import Texts
from entrepot.core.scanning.suppressions import Source
from entrepot.core.units import Units
from entrepot.db import image_signatures, image_standings, vex_referrers, vulnerability_exceptions
from entrepot.db.exception_records import VexReferrer
from entrepot.db.inspector_records import ImageKey
from entrepot.db.scan_records import ScanKey
from entrepot.errors import BlobBytesMissing
from entrepot.errors.vex import VexMalformed, VexUnsigned
from entrepot.store.blobs import BlobStore

_AT_ONCE = 50
_KEPT = timedelta(days=90)  # for which an expired exception is shown still
_FORGET_EVERY = timedelta(hours=1)
_MOST_TRIES = 5
Asking = Callable[[Sequence[str]], Awaitable[Mapping[str, Texts]]]
waiting = soonest(vex_referrers.next_due, image_standings.next_due, image_signatures.next_due)
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
        looked = await admission_signatures.look(self._units, self._store, now)
        renewed = 0
        for key in await self._units.read(image_standings.due, now, most):
            renewed += await (self._decide(key, now) if key.type == ENHANCED else self._renew(key, now))
        if self._forgot_at is None or now - self._forgot_at >= _FORGET_EVERY:
            await self._units.write(vulnerability_exceptions.forget, now - _KEPT)
            self._forgot_at = now
        done = {"documents": read, "signatures": looked, "images": renewed}
        return {name: number for name, number in done.items() if number}

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
            found = await self._units.read(vex_documents.find, referrer)
            told = () if found is None else await asyncio.to_thread(vex_documents.read, self._store, found)
            if found is None or not told:
                await self._units.write(vex_documents.forget, referrer)
                return False
            await self._units.write(vex_documents.keep, found, referrer.owner, told, str(uuid.uuid4()), now)
        except (VexMalformed, VexUnsigned) as fault:
            await self._units.write(vex_documents.refuse, referrer, str(fault), now)
        except (OSError, BlobBytesMissing) as fault:
            log.warning("vex document not read", digest=referrer.digest, exc_info=fault)
            await self._again(referrer, now)
            return False
        return True

    async def _again(self, referrer: VexReferrer, now: datetime) -> None:
        if referrer.tries + 1 >= _MOST_TRIES:
            await self._units.write(vex_documents.refuse, referrer, "Its bytes cannot be read: push it again.", now)
        else:
            later = now + timedelta(seconds=10 * 2**referrer.tries)
            await self._units.write(vex_referrers.again, referrer.repository_id, referrer.digest, later)
