"""Rows of `archived_event` and `archive_size`, and how far a replay has come in them (`replay_progress`)."""

from collections.abc import Sequence

from sqlalchemy import bindparam, delete, func, select, text

from entrepot.db.database import Reader, Row, Transaction
from entrepot.db.event_queue_schema import archive_size, archived_event, replay_progress

_ADD = text(
    "INSERT INTO archived_event (archive_id, at, event_id, order_key, body) "
    "VALUES (:archive_id, :at, :event_id, :order_key, :body)"
)
_GROW = text(
    "INSERT INTO archive_size (archive_id, events, bytes) VALUES (:archive_id, :events, :bytes) ON CONFLICT "
    "(archive_id) DO UPDATE SET events = archive_size.events + :events, bytes = archive_size.bytes + :bytes"
)
_SIZE = select(archive_size).where(archive_size.c.archive_id == bindparam("of"))
_SIZES = select(archive_size.c.archive_id).order_by(archive_size.c.archive_id)
_FORGET_SIZE = delete(archive_size).where(archive_size.c.archive_id == bindparam("of"))
_BOUNDS = select(
    func.min(archived_event.c.sequence).label("first"), func.max(archived_event.c.sequence).label("last")
).where(
    archived_event.c.archive_id == bindparam("of"),
    archived_event.c.at >= bindparam("from_at"),
    archived_event.c.at < bindparam("to_at"),
)
_PAGE = (
    select(archived_event)
    .where(
        archived_event.c.archive_id == bindparam("of"),
        archived_event.c.sequence > bindparam("after"),
        archived_event.c.sequence <= bindparam("last"),
        archived_event.c.at >= bindparam("from_at"),
        archived_event.c.at < bindparam("to_at"),
    )
    .order_by(archived_event.c.sequence)
    .limit(bindparam("limit"))
)
_OLD = (
    select(archived_event.c.sequence, func.length(archived_event.c.body).label("size"))
    .where(archived_event.c.archive_id == bindparam("of"), archived_event.c.at < bindparam("before"))
    .order_by(archived_event.c.at)
    .limit(bindparam("limit"))
)
_REMOVE = delete(archived_event).where(archived_event.c.sequence == bindparam("of"))
_PROGRESS = select(replay_progress).where(replay_progress.c.replay_id == bindparam("of"))
_SET_PROGRESS = text(
    "INSERT INTO replay_progress (replay_id, after, last, told_at) VALUES (:of, :after, :last, :told_at) "
    "ON CONFLICT (replay_id) DO UPDATE SET after = :after, told_at = :told_at"
)
_FORGET_PROGRESS = delete(replay_progress).where(replay_progress.c.replay_id == bindparam("of"))


def add(tx: Transaction, archive_id: str, event_id: str, order_key: str, at: int, body: str) -> None:
    """Keep an event that happened at a moment."""
    tx.run(_ADD, archive_id=archive_id, at=at, event_id=event_id, order_key=order_key, body=body)


def grow(tx: Transaction, archive_id: str, events: int, size: int) -> None:
    """An archive keeps so many events more, or less, of so many characters."""
    tx.run(_GROW, archive_id=archive_id, events=events, bytes=size)


def size(tx: Reader, archive_id: str) -> tuple[int, int]:
    """How many events an archive keeps, of how many characters in all."""
    row = tx.one(_SIZE, of=archive_id)
    return (0, 0) if row is None else (int(row.events), int(row.bytes))


def known(tx: Reader) -> list[str]:
    """The archives that keep something, or have."""
    return [row.archive_id for row in tx.all(_SIZES)]


def forget(tx: Transaction, archive_id: str) -> None:
    """An archive that keeps nothing any more is gone."""
    tx.run(_FORGET_SIZE, of=archive_id)


def bounds(tx: Reader, archive_id: str, from_at: int, to_at: int) -> tuple[int, int] | None:
    """The first and the last sequence of what happened in [from_at, to_at); None when nothing did."""
    row = tx.one(_BOUNDS, of=archive_id, from_at=from_at, to_at=to_at)
    return None if row is None or row.first is None else (int(row.first), int(row.last))


def page(tx: Reader, archive_id: str, *, after: int, last: int, from_at: int, to_at: int, limit: int) -> Sequence[Row]:
    """Events of [from_at, to_at) in the order in which they were archived, after one sequence up to another."""
    return tx.all(_PAGE, of=archive_id, after=after, last=last, from_at=from_at, to_at=to_at, limit=limit)


def remove_older(tx: Transaction, archive_id: str, before: int, limit: int) -> int:
    """Forget some events that happened before a moment; how many."""
    rows = tx.all(_OLD, of=archive_id, before=before, limit=limit)
    for row in rows:
        tx.run(_REMOVE, of=row.sequence)
    if rows:
        grow(tx, archive_id, -len(rows), -sum(row.size for row in rows))
    return len(rows)


def progress(tx: Reader, replay_id: str) -> Row | None:
    """How far a replay has come: the columns of `replay_progress`."""
    return tx.one(_PROGRESS, of=replay_id)


def set_progress(tx: Transaction, replay_id: str, after: int, last: int, told_at: int) -> None:
    """A replay has come this far; `last` is kept from its first time."""
    tx.run(_SET_PROGRESS, of=replay_id, after=after, last=last, told_at=told_at)


def forget_progress(tx: Transaction, replay_id: str) -> None:
    """A replay has ended."""
    tx.run(_FORGET_PROGRESS, of=replay_id)
