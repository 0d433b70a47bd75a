"""Proves the files of trails: none was changed, removed or added since it was stored.

From the head of each chain, which the metadata keep, back along the digest files: each must be where it says that it
is, be signed by a key of its region, and have the hash and the signature that the one after it tells. The log files
that they tell of must have the hashes that they tell; those of which no digest file tells have rows that do. Whatever
else lies among them was added.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from entrepot.core.audit import log_files
from entrepot.core.audit.delivering import planned_keys
from entrepot.core.audit.destinations import Destinations, FilesUnstorable, inflated
from entrepot.core.audit.digesting import planned_digest
from entrepot.core.audit.log_files import KeyParts, ToldDigest
from entrepot.core.units import Units
from entrepot.db import trail_files
from entrepot.db import trails as rows
from entrepot.db.database import Transaction
from entrepot.db.trail_records import Chain, DigestHead, LogFile, SigningKey, Trail
from entrepot.seal.signatures import verifies

Place = tuple[str, str]  # bucket and key
Progress = Callable[[int], None]  # is told how many more files were read


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which files are verified; None for all. Of a trail alone the log files are its own, digest files all that lie
    beside them.
    """

    account: str | None = None
    region: str | None = None
    trail: str | None = None
    start: datetime | None = None
    end: datetime | None = None

    def has(self, account: str, region: str) -> bool:
        """Whether files of an account and region are."""
        return self.account in {None, account} and self.region in {None, region}

    def covers(self, first: datetime, last: datetime) -> bool:
        """Whether any of [first, last] is."""
        return (self.start is None or last >= self.start) and (self.end is None or first <= self.end)


@dataclass(frozen=True, slots=True)
class Fault:
    """A file with which something is wrong, or that could not be read."""

    file: str
    fault: str


@dataclass(slots=True)
class Report:
    """What was found; `unproven` are log files whose digest file is changed or gone."""

    chains: int = 0
    digests: int = 0
    logs: int = 0
    unproven: int = 0
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
    files: Sequence[LogFile]
    keys: Mapping[str, SigningKey]

    def places(self) -> Iterator[Place]:
        """Files that are known without any digest file: those with rows, and those that are perhaps stored."""
        yield from ((file.bucket, file.key) for file in self.files)
        for trail in self.trails:
            yield from planned_keys(trail)
        yield from (place for chain in self.chains if (place := planned_digest(chain)) is not None)

    def folders(self) -> Iterator[tuple[str, KeyParts]]:
        """A bucket and a key in each folder that files lie in."""
        for bucket, key in self.places():
            if parts := log_files.parts_of(key):
                yield bucket, parts
        for chain in self.chains:
            head = chain.head
            if head is not None and (parts := log_files.parts_of(head.key)):
                yield head.bucket, parts
            yield from (
                (trail.bucket, KeyParts(trail.prefix, trail.account, chain.region))
                for trail in self.trails
                if trail.id == chain.trail_id
            )


def known(tx: Transaction) -> Known:
    """Read what the metadata say."""
    keys = {key.fingerprint: key for key in trail_files.every_key(tx)}
    return Known(rows.every(tx), trail_files.chains(tx), trail_files.every_file(tx), keys)


class Verifying:
    """One verification, beside a server that may deliver meanwhile."""

    def __init__(self, units: Units, destinations: Destinations, wanted: Wanted, progress: Progress) -> None:
        self._units = units
        self._destinations = destinations
        self._wanted = wanted
        self._progress = progress
        self._report = Report()
        self._told: dict[Place, tuple[str, str]] = {}  # log files, with their hashes and trails
        self._digests: set[Place] = set()
        self._proven: list[tuple[str, str, datetime, datetime]] = []  # by digest files: account, region, from, until
        self._broken: set[tuple[str, str]] = set()  # accounts and regions with a digest file that proves nothing

    async def run(self) -> Report:
        """Verify everything that is wanted."""
        before = await self._units.read(known)
        listed = [place async for place in self._listed(before)]
        now = await self._units.read(known)  # what is listed is known before or now
        for chain in now.chains:
            if self._wanted.has(chain.account, chain.region):
                self._report.chains += 1
                await self._follow(chain, now.keys)
        names = {trail.id: trail.name for trail in now.trails}
        self._told |= {(file.bucket, file.key): (file.hash, names.get(file.trail_id, "")) for file in now.files}
        for place, (hash_, name) in self._told.items():
            if self._is_wanted(place[1]) and self._wanted.trail in {None, name}:
                await self._check_log(place, hash_)
        expected = {*before.places(), *now.places(), *self._told, *self._digests}
        self._find_strangers(place for place in listed if place not in expected)
        self._report.faults.sort(key=lambda each: (each.file, each.fault))
        return self._report

    async def _follow(self, chain: Chain, keys: Mapping[str, SigningKey]) -> None:
        """Back along a chain from its head; behind a digest file that proves nothing, on from the one before it."""
        head = chain.head
        while head is not None and (head.bucket, head.key) not in self._digests:
            at = log_files.named_at(head.key)
            if at is not None and self._wanted.start is not None and at < self._wanted.start:
                return
            self._digests.add((head.bucket, head.key))
            told = await self._digest(chain, head, keys)
            if told is None:
                self._broken.add((chain.account, chain.region))
                head = await self._earlier(chain, head)
                continue
            self._report.digests += 1
            self._proven.append((chain.account, chain.region, told.digest_start_time, told.digest_end_time))
            for file in told.log_files:
                self._told[file.s3_bucket, file.s3_object] = file.hash_value, chain.name
            head = told.previous

    async def _digest(self, chain: Chain, head: DigestHead, keys: Mapping[str, SigningKey]) -> ToldDigest | None:
        """What a digest file says, if it is the one that is expected; None, and a fault, where not."""
        place = head.bucket, head.key
        found = await self._read(place)
        if found is None:
            return None
        judged = _judged(chain, head, found, keys)
        if isinstance(judged, str):
            self._add(place, f"changed: {judged}")
            return None
        return judged

    async def _earlier(self, chain: Chain, broken: DigestHead) -> DigestHead | None:
        """The digest file of a chain that lies before one that proves nothing, as it tells of itself."""
        parts, limit = log_files.parts_of(broken.key), log_files.named_at(broken.key)
        if parts is None or limit is None:
            return None
        marker = f"_{chain.region}_{chain.name}_{chain.home_region}_"
        folder = log_files.folder(parts.prefix, parts.account, log_files.DIGESTS, parts.region)
        found = [key async for key in self._keys(broken.bucket, folder) if marker in key]
        dated = [(at, key) for key in found if (at := log_files.named_at(key)) and chain.started_at <= at < limit]
        for _, key in sorted(dated, reverse=True):
            stored = await self._read((broken.bucket, key))
            content = None if stored is None else inflated(stored[0])
            if stored is not None and content is not None:
                signature = stored[1].get(log_files.SIGNATURE, "")
                return DigestHead(broken.bucket, key, log_files.hash_of(content), signature)
        return None

    async def _check_log(self, place: Place, hash_: str) -> None:
        self._report.logs += 1
        found = await self._read(place)
        content = None if found is None else inflated(found[0])
        if found is not None and (content is None or log_files.hash_of(content) != hash_):
            self._add(place, "changed: it has another hash than is told")

    def _find_strangers(self, unexpected: Iterator[Place]) -> None:
        for bucket, key in unexpected:
            parts, at = log_files.parts_of(key), log_files.named_at(key)
            if at is not None and not self._wanted.covers(at, at):
                continue
            if parts and at and (parts.account, parts.region) in self._broken and not self._is_proven(parts, at):
                self._report.unproven += 1
            else:
                self._add((bucket, key), "added")

    def _is_proven(self, parts: KeyParts, at: datetime) -> bool:
        """Whether digest files tell of everything that was stored then."""
        return any(
            each[:2] == (parts.account, parts.region) and each[2].replace(second=0) <= at <= each[3]
            for each in self._proven
        )

    def _is_wanted(self, key: str) -> bool:
        parts, at = log_files.parts_of(key), log_files.named_at(key)
        if parts is None or at is None:
            return True
        return self._wanted.has(parts.account, parts.region) and self._wanted.covers(at, at)

    async def _listed(self, state: Known) -> AsyncIterator[Place]:
        """Every file in the folders in question."""
        folders = {
            (bucket, log_files.folder(parts.prefix, parts.account, kind, parts.region))
            for bucket, parts in state.folders()
            if self._wanted.has(parts.account, parts.region)
            for kind in (log_files.LOGS, log_files.DIGESTS)
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
        """A file; None, and a fault, where there is none."""
        self._progress(1)
        try:
            found = await self._destinations.of(place[0]).get(*place)
        except FilesUnstorable as fault:
            self._add(place, f"unreadable: {fault}")
            return None
        if found is None:
            self._add(place, "removed")
        return found

    def _add(self, place: Place, text: str) -> None:
        fault = Fault(f"{place[0]}/{place[1]}", text)
        if fault not in self._report.faults:
            self._report.faults.append(fault)


def _judged(
    chain: Chain, head: DigestHead, found: tuple[bytes, Mapping[str, str]], keys: Mapping[str, SigningKey]
) -> ToldDigest | str:
    """What a digest file says, or why it is not the one that the chain tells of."""
    content = inflated(found[0])
    told = None if content is None else log_files.read_digest(content)
    if content is None or told is None:
        return "it is no digest file"
    if (told.digest_s3_bucket, told.digest_s3_object) != (head.bucket, head.key):
        return "it was stored elsewhere"
    if log_files.hash_of(content) != head.hash:
        return "it has another hash than the chain tells"
    if found[1].get(log_files.SIGNATURE) != head.signature:
        return "it has another signature than the chain tells"
    key = keys.get(told.digest_public_key_fingerprint)
    end, previous = log_files.shown(told.digest_end_time), told.previous_digest_signature
    text = log_files.to_sign(end, head.bucket, head.key, content, previous)
    if key is None or key.region != chain.region or not _is_signed(key, text, head.signature):
        return "it is signed by no key of its region"
    return told


def _is_signed(key: SigningKey, text: bytes, signature: str) -> bool:
    try:
        return verifies(key.public, text, bytes.fromhex(signature))
    except ValueError:
        return False
