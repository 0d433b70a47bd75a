"""Rows of `event_archive` and `event_replay`; what is archived is in the database of events."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import bindparam, delete, func, insert, or_, select, update

from entrepot.db.database import Reader, Row, Transaction, number_of
from entrepot.db.event_names import Names, Place
from entrepot.db.event_records import Archive, Replay
from entrepot.db.event_schema import event_archive, event_replay
from entrepot.spec.event_arns import BusKey, EventKey
from entrepot.spec.moments import micros, moment, moment_or_none


def _archive(row: Row) -> Archive:
    return Archive(
        row.id,
        EventKey(row.account_id, row.region, "archive", row.name),
        row.bus,
        row.description,
        row.pattern,
        row.retention_days,
        moment(row.created_at),
    )


def _replay(row: Row) -> Replay:
    return Replay(
        row.id,
        EventKey(row.account_id, row.region, "replay", row.name),
        row.description,
        row.archive_id,
        row.archive,
        row.bus,
        tuple(msgspec.json.decode(row.filter_arns)),
        moment(row.from_at),
        moment(row.to_at),
        row.state,
        row.reason,
        moment_or_none(row.last_at),
        moment(row.started_at),
        moment_or_none(row.ended_at),
    )


ARCHIVES = Names(event_archive, _archive)
REPLAYS = Names(event_replay, _replay)
_OF_BUS = (
    select(event_archive)
    .where(*ARCHIVES.here, event_archive.c.bus == bindparam("of_bus"))
    .order_by(event_archive.c.name)
)
_ALL = select(event_archive).order_by(event_archive.c.id)
_INSERT = insert(event_archive)
_SET = (
    update(event_archive)
    .where(event_archive.c.id == bindparam("of"))
    .values(
        description=bindparam("new_description"),
        pattern=bindparam("new_pattern"),
        retention_days=bindparam("new_days"),
    )
)
_REMOVE = delete(event_archive).where(event_archive.c.id == bindparam("of"))
# no IN: its list would be expanded anew by each execution
_GOING_ON = or_(event_replay.c.state == "STARTING", event_replay.c.state == "RUNNING")
_UNENDED = or_(_GOING_ON, event_replay.c.state == "CANCELLING")
_UNDER_WAY = select(event_replay).where(_UNENDED).order_by(event_replay.c.started_at, event_replay.c.id)
_INSERT_REPLAY = insert(event_replay)
_ADVANCE = (
    update(event_replay)
    .where(event_replay.c.id == bindparam("of"), _GOING_ON)
    .values(state="RUNNING", last_at=bindparam("last"))
)
_CANCEL = update(event_replay).where(event_replay.c.id == bindparam("of"), _GOING_ON).values(state="CANCELLING")
_END = (
    update(event_replay)
    .where(event_replay.c.id == bindparam("of"))
    .values(state=bindparam("new_state"), reason=bindparam("new_reason"), ended_at=bindparam("at"))
)
_FORGET_REPLAYS = delete(event_replay).where(*REPLAYS.here, event_replay.c.ended_at < bindparam("before"))
_COUNT_UNDER_WAY = select(func.count().label("number")).select_from(event_replay).where(*REPLAYS.here, _UNENDED)


def of_bus(tx: Reader, bus: BusKey) -> Sequence[Archive]:
    """The archives of a bus's events, by name; remembered under the stamp of `event_buses.stamp`."""
    rows = tx.all(_OF_BUS, **ARCHIVES.at((bus.account, bus.region)), of_bus=bus.name)
    return [_archive(row) for row in rows]


def list_all(tx: Reader) -> Sequence[Archive]:
    """Every archive: what is kept of one that is not among them can go."""
    return [_archive(row) for row in tx.all(_ALL)]


def add(tx: Transaction, new: Archive) -> None:
    """A new archive."""
    tx.run(
        _INSERT,
        id=new.id,
        account_id=new.key.account,
        region=new.key.region,
        name=new.key.name,
        bus=new.bus,
        description=new.description,
        pattern=new.pattern,
        retention_days=new.retention_days,
        created_at=micros(new.created_at),
    )


def put(tx: Transaction, changed: Archive) -> None:
    """What an existing archive is now."""
    tx.run(
        _SET,
        of=changed.id,
        new_description=changed.description,
        new_pattern=changed.pattern,
        new_days=changed.retention_days,
    )


def remove(tx: Transaction, archive_id: str) -> None:
    """Remove an archive; a job removes what it keeps."""
    tx.run(_REMOVE, of=archive_id)


def under_way(tx: Reader) -> Sequence[Replay]:
    """The replays of all accounts that have not ended, the oldest first."""
    return [_replay(row) for row in tx.all(_UNDER_WAY)]


def count_under_way(tx: Reader, place: Place) -> int:
    """How many replays have not ended."""
    return number_of(tx, _COUNT_UNDER_WAY, **REPLAYS.at(place))


def add_replay(tx: Transaction, new: Replay) -> None:
    """A new replay."""
    tx.run(
        _INSERT_REPLAY,
        id=new.id,
        account_id=new.key.account,
        region=new.key.region,
        name=new.key.name,
        description=new.description,
        archive_id=new.archive_id,
        archive=new.archive,
        bus=new.bus,
        filter_arns=msgspec.json.encode(new.filter_arns).decode(),
        from_at=micros(new.from_at),
        to_at=micros(new.to_at),
        state=new.state,
        reason=new.reason,
        last_at=None,
        started_at=micros(new.started_at),
        ended_at=None,
    )


def advance_replay(tx: Transaction, replay_id: str, last_at: datetime) -> bool:
    """Events up to this time were replayed; whether it goes on: False for one that is being cancelled or has ended."""
    return tx.run(_ADVANCE, of=replay_id, last=micros(last_at)) > 0


def cancel_replay(tx: Transaction, replay_id: str) -> bool:
    """Ask for a replay's end; whether it had not ended."""
    return tx.run(_CANCEL, of=replay_id) > 0


def end_replay(tx: Transaction, replay_id: str, state: str, reason: str, at: datetime) -> None:
    """A replay has ended: COMPLETED, CANCELLED or FAILED."""
    tx.run(_END, of=replay_id, new_state=state, new_reason=reason, at=micros(at))


def forget_replays(tx: Transaction, place: Place, before: datetime) -> None:
    """Forget the replays that ended before a moment."""
    tx.run(_FORGET_REPLAYS, **REPLAYS.at(place), before=micros(before))
