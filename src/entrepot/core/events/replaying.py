"""Replays: what an archive keeps of some time goes before the rules of its bus again (docs: "Replaying archived
events"), in the order in which it was archived, with its ids and `replay-name` beside them.

How far a replay has come is written with what enters again, so that a crash neither skips nor doubles anything.
"""

from datetime import datetime

import msgspec

from entrepot.core.events import accepting
from entrepot.core.units import BlockingUnits
from entrepot.db import archived_events, event_archives, event_inbox
from entrepot.db.database import Row, Transaction
from entrepot.db.event_records import Replay
from entrepot.spec.moments import micros, moment

_BATCH = 500
_MOST_WAITING = 2000  # events in the inbox: a long replay does not stand in the way of what happens meanwhile


class Replayer:
    """Moves every replay that is under way on by a batch."""

    def __init__(self, metadata: BlockingUnits, events: BlockingUnits) -> None:
        self._metadata = metadata
        self._events = events
        self.busy = False

    def replay(self, now: datetime, *, changed: bool) -> int:
        """How many events entered again; replays are looked for when the metadata may have changed, or one is busy."""
        if not changed and not self.busy:
            return 0
        running = self._metadata.read(event_archives.under_way)
        self.busy = bool(running)
        return sum(self._advance(replay, now) for replay in running)

    def _advance(self, replay: Replay, now: datetime) -> int:
        if replay.state == "CANCELLING":
            self._end(replay, "CANCELLED", "Replay cancelled", now)
            return 0
        if self._events.read(event_inbox.count) >= _MOST_WAITING:
            return 0
        if not self._archive_is_there(replay):
            self._end(replay, "FAILED", f"Archive {replay.archive} does not exist.", now)
            return 0
        entered, last_at, over = self._events.write(_enter, replay, micros(now))
        if last_at is not None:
            self._metadata.write(event_archives.advance_replay, replay.id, moment(last_at))
        if over:
            self._end(replay, "COMPLETED", "Replay completed successfully", now)
        return entered

    def _archive_is_there(self, replay: Replay) -> bool:
        here = replay.key
        found = self._metadata.read(event_archives.ARCHIVES.find, (here.account, here.region), replay.archive)
        return found is not None and found.id == replay.archive_id

    def _end(self, replay: Replay, state: str, reason: str, now: datetime) -> None:
        """The state first: a crash between the two leaves a row of progress, which no later replay reads."""
        self._metadata.write(event_archives.end_replay, replay.id, state, reason, now)
        self._events.write(archived_events.forget_progress, replay.id)


def _enter(tx: Transaction, replay: Replay, now: int) -> tuple[int, int | None, bool]:
    """One batch: how many, the time of the last one that has entered so far, whether there are no more."""
    from_at, to_at = micros(replay.from_at), micros(replay.to_at)
    progress = archived_events.progress(tx, replay.id)
    if progress is None:
        bounds = archived_events.bounds(tx, replay.archive_id, from_at, to_at)
        if bounds is None:
            return 0, None, True
        after, last, told_at = bounds[0] - 1, bounds[1], from_at
    else:
        after, last, told_at = progress.after, progress.last, progress.told_at
    rows = archived_events.page(
        tx, replay.archive_id, after=after, last=last, from_at=from_at, to_at=to_at, limit=_BATCH
    )
    for row in rows:
        _again(tx, replay, row, now)
    if rows:
        after, told_at = rows[-1].sequence, max(told_at, *(row.at for row in rows))
    archived_events.set_progress(tx, replay.id, after, last, told_at)
    return len(rows), told_at, len(rows) < _BATCH


def _again(tx: Transaction, replay: Replay, row: Row, now: int) -> None:
    body = msgspec.json.encode(msgspec.json.decode(row.body) | {"replay-name": replay.key.name}).decode()
    accepting.enter(
        tx,
        body,
        event_id=row.event_id,
        account=replay.key.account,
        region=replay.key.region,
        bus=replay.bus,
        order_key=row.order_key,
        at=now,
        only=replay.filter_arns,
        replay=replay.id,
    )
