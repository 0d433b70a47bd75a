"""The audit job: calls from the journals and state changes from the outbox become blocks of records, each once.

A journal tells of every call, with its answer, but loses half a second when a process is killed. The outbox tells of
every state change, durably. Whoever of the two is first marks the record's id; the outbox waits a few seconds, so that
the journal is.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from entrepot.core.audit.blocks import Finding, Found, Gathering, Part, Stream
from entrepot.core.call_pages import Columns, columns
from entrepot.core.calls import Call, Encoded, decode, encode
from entrepot.core.units import BlockingUnits
from entrepot.db import audit_blocks, audit_marks, journals, outbox
from entrepot.db.database import Database, Transaction
from entrepot.journal import Batch, batches, retired
from entrepot.spec.event_ids import event_id
from entrepot.spec.moments import micros

_PATIENCE = timedelta(seconds=3)
_MARKED_FOR = timedelta(days=1)
_SECONDS_TO_KEEP = 1800.0  # of a retired journal's offset; the file stays longer
_PAGE = 500
_MOST_FORGOTTEN = 1000
_CHANGE = msgspec.json.Decoder(Call)
Plan = list[tuple[Stream, tuple[Part, ...]]]


@dataclass(frozen=True, slots=True)
class Folded:
    """What one run took up: records of journals, and of the outbox alone."""

    calls: int
    changes: int


class AuditFold:
    """Takes what journals and the outbox say of calls into the audit database."""

    def __init__(
        self,
        metadata: Database,
        audit: Database,
        directory: Path,
        regions: Sequence[str],
        *,
        page: int = _PAGE,
        seconds_to_keep: float = _SECONDS_TO_KEEP,
    ) -> None:
        self._metadata = BlockingUnits(metadata)
        self._audit = BlockingUnits(audit)
        self._directory = directory
        self._regions = tuple(regions)
        self._page = page
        self._seconds_to_keep = seconds_to_keep
        self._waiting: dict[str, datetime] = {}  # when a change was first seen

    def run(self, now: datetime) -> Folded:
        """Fold everything readable, then the changes that no journal has told of in time."""
        calls = 0
        for batch in batches(self._directory, self.offsets()):
            calls += self._audit.write(fold, batch, self._regions, micros(now))
        changes = self._changes(now)
        self._forget(now)
        return Folded(calls, changes)

    def offsets(self) -> Mapping[str, int]:
        """How far each journal is folded."""
        return self._audit.read(journals.AUDIT.all)

    def _forget(self, now: datetime) -> None:
        """Journals that are gone, and marks that nobody will ask for."""
        known = self.offsets()
        gone = [name for name in retired(self._directory, self._seconds_to_keep) if name in known]
        before = micros(now - _MARKED_FOR)
        old: bool = self._audit.read(audit_marks.has_old, before)
        if gone or old:
            self._audit.write(_forget, gone, before)

    def _changes(self, now: datetime) -> int:
        told, after, waiting = 0, "", {}
        while rows := self._metadata.read(outbox.page_after, "audit", after, self._page):
            after = rows[-1].id
            known = self._audit.read(_told, [row.id for row in rows])
            for row in rows:
                if row.id not in known:
                    waiting[row.id] = self._waiting.get(row.id, now)
            late = [row for row in rows if row.id not in known and waiting[row.id] <= now - _PATIENCE]
            if late:
                changes = {row.id: row.body for row in late}
                self._audit.write(fold_changes, changes, self._regions, micros(now))
                told += len(late)
            self._remove([row.id for row in rows if row.id in known or row in late])
        self._waiting = waiting
        return told

    def _remove(self, ids: Sequence[str]) -> None:
        """Take records that are kept out of the outbox; then nobody asks for their marks any more."""
        if ids:
            self._metadata.write(outbox.remove_all, ids)
            self._audit.write(_settle, ids)


def fold(tx: Transaction, batch: Batch, regions: Sequence[str], now: int) -> int:
    """Keep the records of a batch and how far its journal is folded, at once; a repeated batch is skipped."""
    if not journals.AUDIT.advance(tx, batch.journal, batch.start, batch.offset):
        return 0
    taking = _Taking(tx, regions, now)
    kept = 0
    for record in batch.records:
        try:
            calls = columns(record)
        except msgspec.DecodeError:
            continue  # of a version with other records: it is not kept, those after it are
        kept += taking.take(calls)
    _keep(tx, taking.gathering)
    return kept


class _Taking:
    """Puts records where their readers look. What is known of one is known of those like it."""

    def __init__(self, tx: Transaction, regions: Sequence[str], now: int) -> None:
        self.gathering = Gathering()
        self._finding = Finding()
        self._plans: dict[bytes, Plan] = {}  # of what is told by journals alone, by what such calls have in common
        self._tx = tx
        self._regions = regions
        self._now = now

    def take(self, calls: Columns) -> int:
        """Take the calls of a page; how many are kept."""
        firsts = dict(zip(reversed(calls.common), reversed(range(len(calls.common))), strict=True))
        for common, position in firsts.items():
            if common not in self._plans:
                self._learn(calls.call(position))
        self._take_alike(calls, firsts)
        if firsts.keys() <= self._plans.keys():
            return len(calls.said)
        alone = [position for position, common in enumerate(calls.common) if common not in self._plans]
        return len(calls.said) - len(alone) + sum(map(self._take_alone, map(calls.call, alone)))

    def _learn(self, call: Encoded) -> None:
        """Where calls like this one go, if all of them go there."""
        found = _found(self._finding, call)
        if found is not None and self._finding.is_known(call.common) and not found.may_be_in_outbox:
            self._plans[call.common] = self._plan(found)

    def _take_alike(self, calls: Columns, kinds: Collection[bytes]) -> None:
        """Take those of which it is known where they go, of these kinds, a stream at a time."""
        parts_of: dict[int, tuple[Stream, dict[bytes, tuple[Part, ...]]]] = {}
        for common in kinds:
            for stream, parts in self._plans.get(common, ()):
                parts_of.setdefault(id(stream), (stream, {}))[1][common] = parts
        for stream, known in parts_of.values():
            chosen = calls
            if len(known) < len(kinds):
                chosen = calls.chosen([position for position, common in enumerate(calls.common) if common in known])
            stream.extend(chosen, map(known.__getitem__, chosen.common))

    def _take_alone(self, call: Encoded) -> bool:
        """Take one unless it is not kept: nobody knows what it asked for, it is not whole, or the outbox told of it."""
        found = _found(self._finding, call)
        if found is None or (found.may_be_in_outbox and not _is_first(self._tx, call, self._now)):
            return False
        for stream, parts in self._plan(found):
            stream.add(call, parts)
        return True

    def _plan(self, found: Found) -> Plan:
        return _plan(self.gathering, found, self._regions)


def fold_changes(tx: Transaction, changes: Mapping[str, str], regions: Sequence[str], now: int) -> None:
    """Keep changes that no journal has told of, by the ids of their records."""
    gathering, finding = Gathering(), Finding()
    for record_id, body in changes.items():
        if audit_marks.add(tx, record_id, now, alone=True):
            call = encode(_CHANGE.decode(body))
            for stream, parts in _plan(gathering, finding.of(call), regions):
                stream.add(call, parts)
    _keep(tx, gathering)


def _found(finding: Finding, call: Encoded) -> Found | None:
    """What finds a call; None for one that is not kept: nobody knows what it asked for, or it is not whole."""
    try:
        found = finding.of(call)
    except msgspec.DecodeError:
        return None
    return found if found.operation else None


def _is_first(tx: Transaction, encoded: Encoded, now: int) -> bool:
    """Whether a call has not been told by the outbox already."""
    call = decode(encoded)
    return audit_marks.add(tx, event_id(call.at, call.request_id, call.common.operation), now, alone=False)


def _plan(gathering: Gathering, found: Found, regions: Sequence[str]) -> Plan:
    """Where the readers of a record look, and what each finds it by."""
    region = found.region if found.region in regions else regions[0]
    return [(gathering.stream(account, region), parts) for account, parts in found.readers]


def _keep(tx: Transaction, gathering: Gathering) -> None:
    for block in gathering.blocks():
        audit_blocks.add(tx, block)


def _told(tx: Transaction, ids: Sequence[str]) -> frozenset[str]:
    return frozenset(each for each in ids if audit_marks.is_told(tx, each))


def _settle(tx: Transaction, ids: Sequence[str]) -> None:
    for each in ids:
        audit_marks.settle(tx, each)


def _forget(tx: Transaction, gone: Sequence[str], before: int) -> None:
    for journal in gone:
        journals.AUDIT.forget(tx, journal)
    audit_marks.forget(tx, before, _MOST_FORGOTTEN)
