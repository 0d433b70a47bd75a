"""Rows of `outbox`: events and audit records, written with the change that they tell of."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, func, insert, select

from entrepot.db.database import Reader, Row, Transaction
from entrepot.db.schema import outbox
from entrepot.spec.moments import micros

_INSERT = insert(outbox)
_PAGE = select(outbox).where(outbox.c.kind == bindparam("kind")).order_by(outbox.c.id).limit(bindparam("limit"))
_PAGE_AFTER = (
    select(outbox)
    .where(outbox.c.kind == bindparam("kind"), outbox.c.id > bindparam("after"))
    .order_by(outbox.c.id)
    .limit(bindparam("limit"))
)
_OLDEST = select(func.min(outbox.c.created_at).label("at")).where(outbox.c.kind == bindparam("kind"))
_NEXT_REPOSITORY = (
    select(outbox.c.repository_id)
    .where(outbox.c.kind == "event", outbox.c.repository_id > bindparam("after"))
    .order_by(outbox.c.repository_id)
    .limit(1)
)
_OF_REPOSITORY = (
    select(outbox)
    .where(outbox.c.kind == "event", outbox.c.repository_id == bindparam("of_repository"))
    .order_by(outbox.c.revision, outbox.c.ordinal)
    .limit(bindparam("limit"))
)
_FIRST_EVENT = (
    select(outbox.c.id)
    .where(outbox.c.kind == "event")
    .order_by(outbox.c.repository_id, outbox.c.revision, outbox.c.ordinal)
    .limit(1)
)
_REMOVE = delete(outbox).where(outbox.c.id == bindparam("of"))


def add(
    tx: Transaction,
    *,
    id: str,  # noqa: A002 - the column's name
    kind: str,
    account: str,
    region: str,
    repository_id: str,
    revision: int,
    ordinal: int,
    name: str,
    body: str,
    at: datetime,
) -> None:
    """One record; `id` is made before the transaction, so that a retried unit repeats it."""
    tx.run(
        _INSERT,
        id=id,
        kind=kind,
        account_id=account,
        region=region,
        repository_id=repository_id,
        revision=revision,
        ordinal=ordinal,
        name=name,
        body=body,
        created_at=micros(at),
    )


def add_events(tx: Transaction, events: Sequence[Mapping[str, object]]) -> None:
    """Events, by the names of the columns."""
    tx.run_many(_INSERT, [{"kind": "event", **each} for each in events])


def page(tx: Transaction, kind: str, limit: int) -> list[Row]:
    """Some records of a kind, for a job that takes them elsewhere."""
    return list(tx.all(_PAGE, kind=kind, limit=limit))


def page_after(tx: Transaction, kind: str, after: str, limit: int) -> list[Row]:
    """Some records of a kind whose ids come after one: those who wait for something stand in nobody's way."""
    return list(tx.all(_PAGE_AFTER, kind=kind, after=after, limit=limit))


def oldest(tx: Transaction, kind: str) -> int | None:
    """When the oldest record of a kind was made, in microseconds; None when there is none."""
    row = tx.one(_OLDEST, kind=kind)
    return None if row is None else row.at


def remove(tx: Transaction, record_id: str) -> None:
    """Forget a record that has arrived elsewhere."""
    tx.run(_REMOVE, of=record_id)


def remove_all(tx: Transaction, ids: Sequence[str]) -> None:
    """Forget records that have arrived elsewhere."""
    tx.run_many(_REMOVE, [{"of": each} for each in ids])


def next_events(tx: Reader, after: str, limit: int, of_each: int) -> list[Row]:
    """The first events of each repository behind one by id, in the order of each; fewer than `limit` when there are
    no more repositories. One step over an index finds the next repository, whatever else the outbox holds.
    """
    found: list[Row] = []
    repository = tx.one(_NEXT_REPOSITORY, after=after)
    while repository is not None and len(found) < limit:
        found += tx.all(_OF_REPOSITORY, of_repository=repository.repository_id, limit=of_each)
        repository = tx.one(_NEXT_REPOSITORY, after=repository.repository_id)
    return found


def first_event(tx: Reader) -> str | None:
    """The id of the event that `next_events` begins with; None when none waits."""
    row = tx.one(_FIRST_EVENT)
    return None if row is None else str(row.id)
