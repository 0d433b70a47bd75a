"""The job `sign`: signs what was pushed, in the name of who pushed it, and puts the signature beside it.

The signature, the job that made it and that the image is signed are kept in one unit: whatever ends a process before
has made nothing, whatever ends it afterwards leaves nothing to do.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from entrepot.core import made_referrers, signature_referrers
from entrepot.core.access import Caller
from entrepot.core.claiming import Claiming, Pace
from entrepot.core.keys.vault import Vault
from entrepot.core.made_referrers import Keeping
from entrepot.core.pulse import Watching
from entrepot.core.signing import payloads, places, platforms, pushes
from entrepot.core.signing.payloads import Order, Signed, Wanted
from entrepot.core.signing.platforms import NOTATION
from entrepot.core.units import Units
from entrepot.db import image_signings as rows
from entrepot.db import images, repositories
from entrepot.db.database import Transaction
from entrepot.db.records import Blob, Repository, StoredManifest
from entrepot.db.signing_records import ImageSigning
from entrepot.errors import AccessDenied, Fact, KeyUnavailable, SigningInputInvalid, SigningProfileNotFound, StorageFull
from entrepot.spec.manifest import Manifest

MOST_TRIES: Final = 8
_LONGEST_PAUSE: Final = timedelta(minutes=5)
_LONGEST_REASON: Final = 500
_CODES: Final = ((AccessDenied, "AccessDenied"), (SigningProfileNotFound, "ResourceNotFoundException"))
# what is wrong on our side, and may be right later
_OURS: Final = "ServerException"
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Work:
    """An image that is to be signed, and what is to sign it."""

    signing: ImageSigning
    repository: Repository
    image: StoredManifest
    order: Order


class ImageSigner:
    """Several may run: each image is held by one, and kept as signed once."""

    def __init__(
        self,
        units: Units,
        vault: Vault,
        keeping: Keeping,
        list_base: str,
        watch: Watching,
        clock: Callable[[], datetime],
        pace: Pace | None = None,
    ) -> None:
        """`list_base` is where revocation lists are read, '' where there is none."""
        self._units = units
        self._vault = vault
        self._keeping = keeping
        self._list_base = list_base
        self._clock = clock
        self._pace = pace or Pace()
        self._claiming = Claiming(self._pace, watch, clock, rows.next_due, self._take)
        self._done = 0

    async def run(self, _: datetime) -> dict[str, object]:
        """Sign for a turn, and to the end of what was begun in it; how many signings have ended."""
        self._done = 0
        await self._claiming.turn()
        return {"signed": self._done} if self._done else {}

    async def step(self) -> int:
        """Take up what is due and see it to its end; how many signings have ended."""
        self._done = 0
        await self._claiming.exhaust()
        return self._done

    async def _take(self, room: int) -> Sequence[Coroutine[Any, Any, None]]:
        now = self._clock()
        found = await self._units.read(rows.due, now, room)
        return [
            self._see_to(each) for each in found if await self._units.write(rows.hold, each, now, now + self._pace.hold)
        ]

    async def _see_to(self, signing: ImageSigning) -> None:
        """One image, to its end or back to where it waits; nothing that goes wrong with it concerns others."""
        (fault,) = await asyncio.gather(self._sign(signing), return_exceptions=True)
        if isinstance(fault, Fact) and not _is_passing(fault):
            await self._units.write(rows.fail, signing, _code(fault), str(fault)[:_LONGEST_REASON])
        elif isinstance(fault, BaseException):
            log.error("image not signed", exc_info=fault, digest=signing.digest, tries=signing.tries + 1)
            await self._again(signing)
            return
        self._done += 1

    async def _sign(self, signing: ImageSigning) -> None:
        work = await self._units.read(prepare, signing, self._clock())
        if work is None:
            return
        signed = await asyncio.to_thread(payloads.sign, self._vault, work.order, self._list_base)
        manifest = signature_referrers.referrer(work.image, signed)
        made: list[Blob] = []
        held: Sequence[str] = ()
        try:
            for data in (signature_referrers.EMPTY, signed.envelope):
                sealing = await self._keeping.fresh_key(self._units, work.repository.key, self._clock())
                made.append(await asyncio.to_thread(self._keeping.keep, data, sealing))
            at = self._clock()
            callers = [made_referrers.itself(work.repository.key.registry, at) for _ in range(len(made) + 1)]
            held = await self._units.write(finish, work, signed, manifest, callers, made, at)
        finally:
            await asyncio.to_thread(self._keeping.drop, made, held)

    async def _again(self, signing: ImageSigning) -> None:
        """Later, and each time later than the last, unless it was tried often enough."""
        tries = signing.tries + 1
        if tries >= MOST_TRIES:
            await self._units.write(rows.fail, signing, _OURS, "It could not be signed. Push it again.")
            self._done += 1
            return
        await self._units.write(rows.again, signing, self._clock() + min(timedelta(seconds=2**tries), _LONGEST_PAUSE))


def prepare(tx: Transaction, signing: ImageSigning, at: datetime) -> Work | None:
    """What signs an image, in its pusher's name; None when nothing is to be signed any more: as `payloads.prepare`."""
    repository = repositories.find_live(tx, signing.repository_id)
    image = images.find(tx, signing.repository_id, signing.digest)
    if repository is None or image is None:
        return None
    name = places.parse(signing.profile)
    if name is None:
        raise SigningProfileNotFound(name=signing.profile)
    profile = places.find(tx, name)
    platform = NOTATION if profile is None else profile.platform
    payload = signature_referrers.payload_of(image, platform)
    wanted = Wanted(name, payload, platforms.get(platform).payload)
    order = payloads.prepare(tx, pushes.caller_of(tx, signing, at), wanted)
    return Work(signing, repository, image, order)


def finish(
    tx: Transaction,
    work: Work,
    signed: Signed,
    manifest: Manifest,
    callers: Sequence[Caller],
    made: Sequence[Blob],
    at: datetime,
) -> Sequence[str]:
    """Put a signature beside its image and remember it, unless another did; the locations that are held now."""
    signing = work.signing
    put = made_referrers.put(tx, callers, work.repository.key, work.image.digest, manifest, made)
    if put is None:
        return ()
    if not rows.complete(tx, signing, manifest.digest, signed.order.job_id):
        raise SigningInputInvalid(reason="It was signed meanwhile.")  # takes all of this unit back
    payloads.keep(tx, pushes.caller_of(tx, signing, at), signed)
    return put.held


def _is_passing(fault: Fact) -> bool:
    """Whether it may be right later without anybody's doing."""
    return isinstance(fault, KeyUnavailable | StorageFull)


def _code(fault: Fact) -> str:
    return next((code for kind, code in _CODES if isinstance(fault, kind)), "ValidationException")
