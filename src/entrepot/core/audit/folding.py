"""The audit job: calls from the journals and state changes from the outbox become blocks of records, each once.

A journal tells of every call, with its answer, but loses half a second when a process is killed. The outbox tells of
every state change, durably. Whoever of the two is first marks the record's id; the outbox waits a few seconds, so that
the journal is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from entrepot.core.audit.blocks import Finding, Found, Gathering
from entrepot.core.call_pages import Group, alone, groups
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
            calls = groups(record)
        except msgspec.DecodeError:
            continue  # of a version with other records: it is not kept, those after it are
        kept += sum(map(taking.take, calls))
    _keep(tx, taking.gathering)
    return kept


class _Taking:
    """Puts records where their readers look."""

    def __init__(self, tx: Transaction, regions: Sequence[str], now: int) -> None:
        self.gathering = Gathering()
        self._finding = Finding()
        self._tx = tx
        self._regions = regions
        self._now = now

    def take(self, group: Group) -> int:
        """Take calls unless they are not kept: nobody knows what they asked for, they are not whole, or the outbox told
        of them; how many are kept.
        """
        kept = 0
        for part, found in self._finding.parted(group):
            calls = self._untold(part) if found.may_be_in_outbox else part
            if calls.count and found.operation:
                _put(self.gathering, calls, found, self._regions)
                kept += calls.count
        return kept

    def _untold(self, group: Group) -> Group:
        """Those that the outbox has not told of."""
        return group.chosen([at for at, call in enumerate(group.calls()) if _is_first(self._tx, call, self._now)])


def fold_changes(tx: Transaction, changes: Mapping[str, str], regions: Sequence[str], now: int) -> None:
    """Keep changes that no journal has told of, by the ids of their records."""
    gathering, finding = Gathering(), Finding()
    for record_id, body in changes.items():
        if audit_marks.add(tx, record_id, now, alone=True):
            call = encode(_CHANGE.decode(body))
            _put(gathering, alone(call), finding.of(call), regions)
    _keep(tx, gathering)


def _is_first(tx: Transaction, encoded: Encoded, now: int) -> bool:
    """Whether a call has not been told by the outbox already."""
    call = decode(encoded)
    return audit_marks.add(tx, event_id(call.at, call.request_id, call.common.operation), now, alone=False)


def _put(gathering: Gathering, group: Group, found: Found, regions: Sequence[str]) -> None:
    """Put calls where each of their readers looks, with what finds them."""
    region = found.region if found.region in regions else regions[0]
    for account, parts in found.readers:
        gathering.stream(account, region).take(group, parts)


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
