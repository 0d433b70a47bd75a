"""The delivery of records to trails: each record once, in files whose names and bytes are the same however often they
are stored.

What is delivered next is fixed in the trail's row first (its plan), then the files are stored, then the plan is struck
out. Who is killed in between is followed by somebody who stores the same files again. A trail that cannot be delivered
to keeps its plan, and says so in its status; nothing is dropped.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import msgspec
import structlog

from entrepot.core.audit import log_files, selectors
from entrepot.core.audit.destinations import Destinations, FilesUnstorable
from entrepot.core.audit.digesting import Digesting, Undelivered, to_be_told
from entrepot.core.audit.record_source import Json, RecordBlock, RecordSource
from entrepot.core.audit.trail_logging import LATEST, covers, still_awaited
from entrepot.core.units import Units
from entrepot.db import accounts, trail_files
from entrepot.db import trails as rows
from entrepot.db.database import Transaction
from entrepot.db.trail_records import LogFile, Period, Trail
from entrepot.spec.moments import micros, micros_or_none, moment, moment_or_none

_PAGE = 64  # blocks that are read at once
_MOST_RECORDS = 5000  # of one delivery, and so of one file; the last block may exceed it
_GLOBAL = "iam.amazonaws.com"  # is in no region
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=1), timedelta(hours=1)
_AT_ONCE = 4  # trails

log = structlog.get_logger()


class Plan(msgspec.Struct, frozen=True):
    """What is delivered next: the blocks after the trail's cursor and up to `until`, by settings that hold for this
    delivery whatever becomes of the trail's.
    """

    until: int
    at: int
    selectors: str
    periods: tuple[tuple[int, int | None], ...]
    multi_region: bool
    global_events: bool
    regions: tuple[str, ...]  # those that files may be of


@dataclass(frozen=True, slots=True)
class NewFile:
    """A log file as it is made."""

    region: str
    key: str
    body: bytes
    hash: str
    oldest: int
    newest: int
    count: int


@dataclass(slots=True)
class Done:
    """What one run did."""

    files: int = 0
    records: int = 0
    digests: int = 0
    failed: int = 0


_PLAN = msgspec.json.Decoder(Plan)


class Delivering:
    """Delivers to every trail what there is for it; one run at a time, though two do no harm."""

    def __init__(
        self,
        units: Units,
        source: RecordSource,
        destinations: Destinations,
        digesting: Digesting,
        regions: Sequence[str],
        *,
        most_records: int = _MOST_RECORDS,
    ) -> None:
        self._units = units
        self._source = source
        self._destinations = destinations
        self._digesting = digesting
        self._regions = tuple(regions)
        self._most_records = most_records

    async def run(self, now: datetime) -> Done:
        """Deliver everything up to the newest block, and the digest files that are due."""
        newest = await asyncio.to_thread(self._source.last)
        active = await self._units.read(rows.active)
        done, gate = Done(), asyncio.Semaphore(_AT_ONCE)

        async def serve(trail: Trail) -> None:
            async with gate:
                await self._serve(trail, now, newest, done)

        due = [trail for trail in active if trail.retry_at is None or trail.retry_at <= now]
        ended = await asyncio.gather(*map(serve, due), return_exceptions=True)
        await self._release(newest)
        for fault in ended:
            if isinstance(fault, BaseException):  # of one trail; it has kept no other from being served
                raise fault
        return done

    async def _serve(self, trail: Trail, now: datetime, newest: int, done: Done) -> None:
        try:
            done.digests += await self._digesting.finish_planned(trail.id, now)
            while await self._deliver_next(trail.id, now, newest, done):
                pass
            done.digests += await self._digesting.make_due(trail.id, now)
        except Undelivered as fault:
            done.failed += 1
            log.warning("trail not delivered to", trail=trail.name, account=trail.account, reason=str(fault))
            await self._units.write(_note_failure, trail, fault, now)
        else:
            await self._units.write(_tidy, trail.id, now, self._digesting.settle)

    async def _deliver_next(self, trail_id: str, now: datetime, newest: int, done: Done) -> bool:
        """Deliver what is planned, or plan it first; whether there may be more."""
        trail = await self._units.read(rows.by_id, trail_id)
        if trail is None or not (trail.plan or trail.periods):
            return False
        if trail.plan:
            plan, blocks = _PLAN.decode(trail.plan), await asyncio.to_thread(self._planned, trail)
        else:
            start, until, blocks = await asyncio.to_thread(self._ahead, trail, newest)
            if until == start:
                return False
            if not blocks:
                await self._units.write(rows.skip, trail.id, until)
                return True
            regions = {trail.region, *(block.region for block in blocks)}
            plan = _plan(trail, until, now, tuple(sorted(regions)))
            text = msgspec.json.encode(plan).decode()
            if not await self._units.write(rows.plan, trail.id, start, text):
                return False
            trail = replace(trail, cursor=start, plan=text)
        files = await asyncio.to_thread(lambda: list(self._files(trail, plan, blocks)))
        for file in files:
            await self._store(trail.bucket, file)
        await self._units.write(_delivered, trail, plan, files, now)
        done.files += len(files)
        done.records += sum(file.count for file in files)
        return True

    async def _store(self, bucket: str, file: NewFile) -> None:
        try:
            await self._destinations.of(bucket).put(bucket, file.key, file.body, {})
        except FilesUnstorable as fault:
            raise Undelivered(file.region, "log", str(fault)) from None

    def _ahead(self, trail: Trail, newest: int) -> tuple[int, int, list[RecordBlock]]:
        """Where to start, up to which block the next delivery goes, and those blocks that may be the trail's."""
        start = max(trail.cursor or 0, self._source.before(micros(min(first for first, _ in trail.periods))))
        found: list[RecordBlock] = []
        until, count = start, 0
        for block in self._walk(start, newest):
            until = block.sequence
            if self._may_hold(trail, block):
                found.append(block)
                count += block.count
            if count >= self._most_records:
                break
        return start, until, found

    def _planned(self, trail: Trail) -> list[RecordBlock]:
        until = _PLAN.decode(trail.plan).until
        return [block for block in self._walk(trail.cursor or 0, until) if block.account == trail.account]

    def _walk(self, after: int, until: int) -> Iterator[RecordBlock]:
        while page := self._source.since(after, _PAGE):
            for block in page:
                if block.sequence > until:
                    return
                yield block
            after = page[-1].sequence

    def _may_hold(self, trail: Trail, block: RecordBlock) -> bool:
        return block.account == trail.account and (trail.multi_region or block.region == trail.region)

    def _files(self, trail: Trail, plan: Plan, blocks: Sequence[RecordBlock]) -> Iterator[NewFile]:
        chosen = selectors.stored(plan.selectors)
        periods: tuple[Period, ...] = tuple((moment(start), moment_or_none(end)) for start, end in plan.periods)
        of_region: dict[str, list[tuple[int, bytes]]] = {}
        for block in blocks:
            for at, record in block.told():
                region = self._region_of(trail, plan, block.region, record)
                if region and covers(periods, moment(at)) and chosen.matches(record):
                    text = msgspec.json.encode(record, enc_hook=str)
                    of_region.setdefault(region, []).append((at, text))
        for region, records in sorted(of_region.items()):
            yield _file(trail, plan, region, records)

    def _region_of(self, trail: Trail, plan: Plan, region: str, record: Json) -> str:
        """The region among whose files a record is; '' where it is none of the trail's. What is global is in the
        default region, as AWS's global services are in one of theirs.
        """
        if record.get("eventSource") == _GLOBAL and not plan.global_events:
            return ""
        if not plan.multi_region or region not in self._regions:
            return trail.region if plan.multi_region or region == trail.region else ""
        return region

    async def _release(self, newest: int) -> None:
        """Tell the source which blocks every trail has passed."""
        waiting = [trail for trail in await self._units.read(rows.active) if trail.periods or trail.plan]
        passed = min((trail.cursor or 0 for trail in waiting), default=newest)
        await asyncio.to_thread(self._source.release, passed)


def planned_keys(trail: Trail) -> Iterator[tuple[str, str]]:
    """Bucket and key of each file that is perhaps stored, and not noted yet."""
    if trail.plan:
        plan = _PLAN.decode(trail.plan)
        for region in plan.regions:
            yield trail.bucket, _key(trail, plan, region)


def _plan(trail: Trail, until: int, now: datetime, regions: tuple[str, ...]) -> Plan:
    periods = tuple((micros(start), micros_or_none(end)) for start, end in trail.periods)
    return Plan(until, micros(now), trail.selectors, periods, trail.multi_region, trail.global_events, regions)


def _file(trail: Trail, plan: Plan, region: str, records: Iterable[tuple[int, bytes]]) -> NewFile:
    ordered = sorted(records, key=lambda each: each[0])
    content = log_files.log_content([text for _, text in ordered])
    return NewFile(
        region,
        _key(trail, plan, region),
        log_files.compressed(content),
        log_files.hash_of(content),
        ordered[0][0],
        ordered[-1][0],
        len(ordered),
    )


def _key(trail: Trail, plan: Plan, region: str) -> str:
    of = f"{trail.id}/{region}/{trail.cursor}/{plan.until}"
    return log_files.log_key(trail.prefix, trail.account, region, moment(plan.at), of)


def _delivered(tx: Transaction, trail: Trail, plan: Plan, files: Sequence[NewFile], now: datetime) -> None:
    """The files of a plan are stored: note them for the next digest file, and strike the plan out, at once."""
    if not rows.advance(tx, trail.id, trail.plan, plan.until):
        return
    for file in files:
        trail_files.delivered(tx, trail.id, file.region, now)
        oldest, newest = moment(file.oldest), moment(file.newest)
        stored = LogFile(trail.id, file.region, trail.bucket, file.key, file.hash, oldest, newest, now)
        trail_files.add_file(tx, stored)


def _note_failure(tx: Transaction, trail: Trail, fault: Undelivered, now: datetime) -> None:
    rows.failed(tx, trail.id, now + min(_FIRST_PAUSE * 2 ** min(trail.failures, 12), _LONGEST_PAUSE))
    if fault.kind == "digest":
        trail_files.not_digested(tx, trail.id, fault.region, str(fault))
    else:
        trail_files.not_delivered(tx, trail.id, fault.region, str(fault))
    if trail.deleted_at is not None and now - trail.deleted_at > LATEST:
        log.error("deleted trail given up", trail=trail.name, account=trail.account, reason=str(fault))
        rows.remove(tx, trail.id)


def _tidy(tx: Transaction, trail_id: str, now: datetime, settle: timedelta) -> None:
    """Forget periods of which nothing more comes, and a deleted trail that everything has been delivered of."""
    known = rows.by_id(tx, trail_id)
    if known is None:
        return
    accounts.lock(tx, known.account)
    found = rows.by_id(tx, trail_id) or known
    if found.failures:
        rows.recovered(tx, found.id)
    if found.deleted_at is not None and now - found.deleted_at > settle and _is_drained(tx, found):
        rows.remove(tx, found.id)
        return
    awaited = still_awaited(found.periods, now)
    if awaited != found.periods:
        rows.set_periods(tx, found.id, awaited)


def _is_drained(tx: Transaction, trail: Trail) -> bool:
    return not (trail.plan or to_be_told(tx, trail) or trail_files.open_chains(tx, trail.id))
