"""Proves the files of trails: none was changed, removed or added since it was stored.

From the head of each chain, which the metadata keep, back along the digest files: each must be where it says that it
is, be signed by a key of its region, and have the hash and the signature that the one after it tells. The log files
that they tell of, and those of which no digest file tells yet, must have the hashes that are told. Whatever else lies
among them was added.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from entrepot.core.audit import log_files
from entrepot.core.audit.delivering import planned_keys
from entrepot.core.audit.destinations import Destinations, FilesUnstorable, inflated
from entrepot.core.audit.digesting import planned_digest
from entrepot.core.audit.log_files import ToldDigest
from entrepot.core.units import Units
from entrepot.db import trail_files
from entrepot.db import trails as rows
from entrepot.db.database import Transaction
from entrepot.db.trail_records import Chain, DigestHead, LogFile, SigningKey, Trail
from entrepot.seal.signatures import verifies

_KINDS = ("CloudTrail", "CloudTrail-Digest")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which trails' files are verified, and of which time; None for all."""

    account: str | None = None
    region: str | None = None
    trail: str | None = None
    start: datetime | None = None
    end: datetime | None = None

    def has(self, chain: Chain) -> bool:
        """Whether a chain is among them."""
        return (
            self.account in {None, chain.account}
            and self.region in {None, chain.region}
            and self.trail in {None, chain.name}
        )

    def covers(self, first: datetime, last: datetime) -> bool:
        """Whether any of [first, last] is of the time."""
        return (self.start is None or last >= self.start) and (self.end is None or first <= self.end)


@dataclass(frozen=True, slots=True)
class Fault:
    """A file with which something is wrong, or could not be looked at."""

    file: str
    fault: str


@dataclass(slots=True)
class Report:
    """What was found."""

    chains: int = 0
    digests: int = 0
    logs: int = 0
    pending: int = 0
    undigested: int = 0  # log files of times without digest files, which nothing proves
    faults: list[Fault] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether every file is as it was stored."""
        return not self.faults


@dataclass(frozen=True, slots=True)
class Known:
    """What the metadata say of trails' files at one moment."""

    trails: Sequence[Trail]
    chains: Sequence[Chain]
    pending: Sequence[LogFile]
    keys: Mapping[str, SigningKey]


Place = tuple[str, str]  # bucket and key


def known(tx: Transaction) -> Known:
    """Read what the metadata say."""
    every = rows.every(tx)
    pending = [file for trail in every for file in trail_files.files(tx, trail.id)]
    keys = {key.fingerprint: key for key in trail_files.every_key(tx)}
    return Known(every, trail_files.chains(tx), pending, keys)


class Verifying:
    """One verification, beside a server that may deliver meanwhile."""

    def __init__(self, units: Units, destinations: Destinations, wanted: Wanted) -> None:
        self._units = units
        self._destinations = destinations
        self._wanted = wanted
        self._report = Report()
        self._told: dict[Place, str] = {}  # log files of digest files, with their hashes
        self._seen: set[Place] = set()  # digest files
        self._covered: list[tuple[str, str, datetime, datetime]] = []  # account, region, from, until

    async def run(self, progress: Callable[[int], None]) -> Report:
        """Verify; `progress` is told of each file that was read."""
        before = await self._units.read(known)
        listed = [place async for place in self._listed(before)]
        now = await self._units.read(known)  # what is listed is known to one of the two
        for chain in now.chains:
            if self._wanted.has(chain):
                self._report.chains += 1
                await self._follow(chain, now.keys, progress)
        for place, hash_ in self._told.items():
            self._report.logs += 1
            await self._check_log(place, hash_)
            progress(1)
        await self._check_pending(before, now, progress)
        self._find_strangers(listed, before, now)
        self._report.faults.sort(key=lambda each: (each.file, each.fault))
        return self._report

    async def _follow(self, chain: Chain, keys: Mapping[str, SigningKey], progress: Callable[[int], None]) -> None:
        head = chain.head
        while head is not None and (head.bucket, head.key) not in self._seen:
            at = log_files.named_at(head.key)
            if at is not None and self._wanted.start is not None and at < self._wanted.start:
                return
            self._seen.add((head.bucket, head.key))
            told = await self._digest(chain, head, keys)
            progress(1)
            if told is None:
                head = await self._before(chain, head)
                continue
            self._report.digests += 1
            self._covered.append((chain.account, chain.region, told.digest_start_time, told.digest_end_time))
            if self._wanted.covers(told.digest_start_time, told.digest_end_time):
                self._told |= {(file.s3_bucket, file.s3_object): file.hash_value for file in told.log_files}
            head = told.previous

    async def _digest(self, chain: Chain, head: DigestHead, keys: Mapping[str, SigningKey]) -> ToldDigest | None:
        """What a digest file says, if it is the one that is expected; None, and a fault, where not."""
        found = await self._read((head.bucket, head.key))
        if found is None:
            return None
        content = inflated(found[0])
        told = None if content is None else log_files.read_digest(content)
        if content is None or told is None:
            return self._fault(head, "changed: it is no digest file")
        if (told.digest_s3_bucket, told.digest_s3_object) != (head.bucket, head.key):
            return self._fault(head, "changed: it was stored elsewhere")
        if log_files.hash_of(content) != head.hash:
            return self._fault(head, "changed: it has another hash than the chain tells")
        if found[1].get(log_files.SIGNATURE) != head.signature:
            return self._fault(head, "changed: it has another signature than the chain tells")
        key = keys.get(told.digest_public_key_fingerprint)
        previous = told.previous_digest_signature
        text = log_files.to_sign(log_files.shown(told.digest_end_time), head.bucket, head.key, content, previous)
        if key is None or key.region != chain.region or not verifies(key.public, text, bytes.fromhex(head.signature)):
            return self._fault(head, "changed: its signature is by no key of its region")
        return told

    async def _before(self, chain: Chain, broken: DigestHead) -> DigestHead | None:
        """Where to go on behind a digest file that is broken or gone: the newest of the chain before it, on its word."""
        folder = log_files.folder(self._prefix(broken.key), chain.account, _KINDS[1], chain.region)
        marker = f"_{chain.region}_{chain.name}_{chain.home_region}_"
        earlier = sorted(
            (at, key)
            async for key in self._keys(broken.bucket, folder)
            if marker in key and (at := log_files.named_at(key)) is not None and at >= chain.started_at
        )
        limit = log_files.named_at(broken.key)
        for at, key in reversed(earlier):
            if limit is not None and at < limit and (broken.bucket, key) not in self._seen:
                found = await self._read((broken.bucket, key))
                content = None if found is None else inflated(found[0])
                if found is not None and content is not None:
                    signature = found[1].get(log_files.SIGNATURE, "")
                    return DigestHead(broken.bucket, key, log_files.hash_of(content), signature)
        return None

    def _prefix(self, key: str) -> str:
        return key.partition("AWSLogs/")[0].rstrip("/")

    async def _check_log(self, place: Place, hash_: str) -> None:
        found = await self._read(place)
        if found is None:
            return
        content = inflated(found[0])
        if content is None or log_files.hash_of(content) != hash_:
            self._add(place, "changed: it has another hash than its digest file tells")

    async def _check_pending(self, before: Known, now: Known, progress: Callable[[int], None]) -> None:
        regions = {trail.id: trail for trail in (*before.trails, *now.trails)}
        for file in now.pending:
            trail = regions[file.trail_id]
            wanted = (
                self._wanted.account in {None, trail.account}
                and self._wanted.region in {None, file.region}
                and self._wanted.trail in {None, trail.name}
                and self._wanted.covers(file.delivered_at, file.delivered_at)
            )
            if wanted and (file.bucket, file.key) not in self._told:
                self._report.pending += 1
                await self._check_log((file.bucket, file.key), file.hash)
                progress(1)

    def _find_strangers(self, listed: Sequence[Place], before: Known, now: Known) -> None:
        expected = {*self._told, *self._seen}
        for state in (before, now):
            expected |= {(file.bucket, file.key) for file in state.pending}
            expected |= {place for trail in state.trails for place in planned_keys(trail)}
            expected |= {place for chain in state.chains if (place := planned_digest(chain))}
        for place in listed:
            at = log_files.named_at(place[1])
            if place in expected or (at is not None and not self._wanted.covers(at, at)):
                continue
            if at is not None and "/CloudTrail/" in place[1] and not self._is_covered(place[1], at):
                self._report.undigested += 1
            else:
                self._add(place, "added: no digest file tells of it")

    def _is_covered(self, key: str, at: datetime) -> bool:
        """Whether digest files tell of the time in which a log file was stored."""
        _, _, rest = key.partition("AWSLogs/")
        account, _, region = rest.split("/")[:3]
        return any(
            (account, region) == (each[0], each[1]) and each[2].replace(second=0) <= at <= each[3]
            for each in self._covered
        )

    async def _listed(self, state: Known) -> AsyncIterator[Place]:
        """Every file in the folders of the accounts and regions of the trails in question."""
        folders = {
            (bucket, log_files.folder(prefix, chain.account, kind, chain.region))
            for chain in state.chains
            if self._wanted.has(chain)
            for bucket, prefix in _places(chain, state)
            for kind in _KINDS
        }
        for bucket, folder in sorted(folders):
            async for key in self._keys(bucket, folder):
                yield bucket, key

    async def _keys(self, bucket: str, folder: str) -> AsyncIterator[str]:
        try:
            async for key in self._destinations.of(bucket).keys(bucket, folder):
                yield key
        except FilesUnstorable as fault:
            self._add((bucket, folder), f"unreadable: {fault}")

    async def _read(self, place: Place) -> tuple[bytes, Mapping[str, str]] | None:
        try:
            found = await self._destinations.of(place[0]).get(*place)
        except FilesUnstorable as fault:
            self._add(place, f"unreadable: {fault}")
            return None
        if found is None:
            self._add(place, "removed")
        return found

    def _fault(self, head: DigestHead, text: str) -> None:
        self._add((head.bucket, head.key), text)

    def _add(self, place: Place, text: str) -> None:
        fault = Fault(f"{place[0]}/{place[1]}", text)
        if fault not in self._report.faults:
            self._report.faults.append(fault)


def _places(chain: Chain, state: Known) -> set[tuple[str, str]]:
    """(bucket, prefix) of what a chain's trail has and had."""
    found = {(trail.bucket, trail.prefix) for trail in state.trails if trail.id == chain.trail_id}
    if chain.head is not None:
        found.add((chain.head.bucket, chain.head.key.partition("AWSLogs/")[0].rstrip("/")))
    return found
