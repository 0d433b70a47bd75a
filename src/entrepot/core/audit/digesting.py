"""Digest files: each tells of the log files that were delivered since the one before, names that one with its hash and
signature, and is signed itself. One chain of them for each region that a trail logs, while it logs.

As with log files, what is made next is fixed in the chain's row before it is stored: who comes after a crash stores the
same bytes under the same name.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec

from entrepot.core.audit import log_files, signing_keys
from entrepot.core.audit.destinations import Destinations, FilesUnstorable
from entrepot.core.units import Units
from entrepot.db import trail_files
from entrepot.db import trails as rows
from entrepot.db.database import Transaction
from entrepot.db.trail_records import Chain, DigestHead, LogFile, SigningKey, Trail
from entrepot.seal import Seal
from entrepot.spec.ulid import new_ulid

_SECOND = timedelta(seconds=1)
_MOST_SETTLING = timedelta(minutes=1)


class Undelivered(FilesUnstorable):
    """A file of a trail that is not stored: of which region, a log file or a digest file."""

    def __init__(self, region: str, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.region = region
        self.kind = kind


class Place(msgspec.Struct, frozen=True):
    """Where a digest file that is being stored goes, and whose signature it has."""

    bucket: str
    prefix: str
    fingerprint: str
    last: bool = False  # the chain ends with it


_PLACE = msgspec.json.Decoder(Place)


class Digesting:
    """Makes the digest files of trails; `every` is what one covers, in whole seconds."""

    def __init__(
        self, units: Units, destinations: Destinations, seal: Seal, regions: Sequence[str], every: timedelta
    ) -> None:
        self._units = units
        self._destinations = destinations
        self._seal = seal
        self._regions = tuple(regions)
        self._every = max(timedelta(seconds=round(every.total_seconds())), _SECOND)
        self.settle = min(_MOST_SETTLING, self._every)  # what happened before a trail stopped is delivered by then

    async def finish_planned(self, trail_id: str, now: datetime) -> int:
        """Store the digest files that were planned and perhaps stored; how many: Undelivered."""
        trail = await self._units.read(rows.by_id, trail_id)
        if trail is None:
            return 0
        chains = [each for each in await self._units.read(trail_files.open_chains, trail_id) if each.planned_at]
        for chain in chains:
            place = _PLACE.decode(chain.planned_key)
            if (place.bucket, place.prefix) != (trail.bucket, trail.prefix):
                place = Place(trail.bucket, trail.prefix, place.fingerprint, place.last)
                await self._units.write(trail_files.plan_digest, chain.id, _end(chain), _written(place))
            await self._store(chain, place, now)
        return len(chains)

    async def make_due(self, trail_id: str, now: datetime) -> int:
        """Begin the chains that there should be, store the digest files that are due, end the chains that should end;
        how many digest files were stored: Undelivered.
        """
        trail = await self._units.read(rows.by_id, trail_id)
        if trail is None:
            return 0
        made = 0
        for chain in await self._units.write(_chains, trail, tuple(self._wanted(trail)), now, new_ulid()):
            last = chain.region not in self._wanted(trail)
            if last and trail.stopped_at is not None and now - trail.stopped_at < self.settle:
                continue
            key = await self._key(chain.region, now)
            whole = (now - chain.next_at) // self._every
            if not last and whole < 1:
                continue
            end = _next_second(now, chain) if last else chain.next_at + whole * self._every
            place = Place(trail.bucket, trail.prefix, key.fingerprint, last)
            await self._units.write(trail_files.plan_digest, chain.id, end, _written(place))
            await self._store(replace(chain, planned_at=end, planned_key=_written(place)), place, now)
            made += 1
        return made

    def _wanted(self, trail: Trail) -> Iterator[str]:
        """The regions whose log files are told of in digest files now."""
        if trail.logging and trail.validated_at is not None:
            yield from self._regions if trail.multi_region else (trail.region,)

    async def _key(self, region: str, at: datetime) -> SigningKey:
        """The region's key that is valid then; made where there is none."""
        found = signing_keys.valid_at(await self._units.read(trail_files.keys, region), at)
        if found is not None:
            return found
        made = await asyncio.to_thread(signing_keys.fresh, self._seal, region, at)
        return await self._units.write(_add_key, made, at)

    async def _store(self, chain: Chain, place: Place, now: datetime) -> None:
        end = _end(chain)
        known = await self._units.read(trail_files.files, chain.trail_id, chain.started_at)
        files = [file for file in known if file.region == chain.region and file.delivered_at < end]
        keys = {key.fingerprint: key for key in await self._units.read(trail_files.keys, chain.region)}
        head, body, words = await asyncio.to_thread(self._made, chain, place, files, keys[place.fingerprint])
        try:
            await self._destinations.of(head.bucket).put(head.bucket, head.key, body, words)
        except FilesUnstorable as fault:
            raise Undelivered(chain.region, "digest", str(fault)) from None
        await self._units.write(_stored, chain, head, now, last=place.last)

    def _made(
        self, chain: Chain, place: Place, files: Sequence[LogFile], key: SigningKey
    ) -> tuple[DigestHead, bytes, dict[str, str]]:
        made = log_files.digest(chain, (place.bucket, place.prefix), _end(chain), files, key.fingerprint)
        signature = signing_keys.signature(self._seal, key, made.to_sign)
        head = DigestHead(made.bucket, made.key, log_files.hash_of(made.content), signature)
        words = {log_files.SIGNATURE: signature, log_files.ALGORITHM: log_files.SHA256_WITH_RSA}
        return head, log_files.compressed(made.content), words


def planned_digest(chain: Chain) -> tuple[str, str] | None:
    """Bucket and key of the digest file that is perhaps stored, and not noted yet."""
    if chain.planned_at is None:
        return None
    place = _PLACE.decode(chain.planned_key)
    return place.bucket, log_files.digest_key(place.prefix, chain, chain.planned_at)


def to_be_told(tx: Transaction, trail: Trail) -> Sequence[LogFile]:
    """The log files of which a digest file is still to tell."""
    return () if trail.validated_at is None else trail_files.files(tx, trail.id, trail.validated_at)


def _chains(tx: Transaction, trail: Trail, wanted: Sequence[str], now: datetime, fresh: str) -> Sequence[Chain]:
    """The chains of a trail that go on, with new ones for regions that want one or have files for one."""
    known = {chain.region for chain in trail_files.open_chains(tx, trail.id)}
    pending = {file.region: file.delivered_at for file in reversed(to_be_told(tx, trail))}
    began = max(trail.started_at or now, trail.validated_at or now)
    for number, region in enumerate(sorted({*wanted, *pending} - known)):
        start = min(began if region in wanted else now, pending.get(region, now)).replace(microsecond=0)
        trail_files.add_chain(
            tx,
            Chain(
                f"{fresh[:-2]}{number:02d}",
                trail.id,
                trail.account,
                trail.region,
                region,
                trail.name,
                trail.prefix,
                start,
                start,
            ),
        )
    return trail_files.open_chains(tx, trail.id)


def _stored(tx: Transaction, chain: Chain, head: DigestHead, now: datetime, *, last: bool) -> None:
    """A digest file is stored: note it as the head, and forget the log files that it tells of, at once."""
    end = _end(chain)
    if not trail_files.extend(tx, chain.id, head, end):
        return
    trail_files.remove_files(tx, chain.trail_id, chain.region, chain.started_at, end)
    if last:
        trail_files.end(tx, chain.id, now)
    if rows.by_id(tx, chain.trail_id) is not None:
        trail_files.digested(tx, chain.trail_id, chain.region, now)


def _add_key(tx: Transaction, made: SigningKey, at: datetime) -> SigningKey:
    """The key that was made, or the one that somebody else made meanwhile."""
    found = signing_keys.valid_at(trail_files.keys(tx, made.region), at)
    if found is None:
        trail_files.add_key(tx, made)
    return found or made


def _end(chain: Chain) -> datetime:
    """Where the digest file that is being stored ends."""
    if chain.planned_at is None:
        raise ValueError("nothing is planned")
    return chain.planned_at


def _next_second(now: datetime, chain: Chain) -> datetime:
    """A moment after everything that has been delivered, and after the digest file before."""
    return max(now.replace(microsecond=0), chain.next_at) + _SECOND


def _written(place: Place) -> str:
    return msgspec.json.encode(place).decode()
