"""Rows of `replication_repair` and its items: comparisons of both sides, and what they found."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import bindparam, delete, func, insert, select, text, update

from entrepot.db.database import Reader, Row, Transaction
from entrepot.db.replication_records import Destination, Repair, RepairItem
from entrepot.db.replication_schema import replication_repair, replication_repair_item
from entrepot.spec.moments import micros, moment, moment_or_none
from entrepot.spec.repository import RegistryKey

_C, _I = replication_repair.c, replication_repair_item.c
_IT = _C.id == bindparam("of")
_FIND = select(replication_repair).where(_IT)
_LOCK = _FIND.with_for_update()
_RUNNING = select(replication_repair).where(_C.ended_at.is_(None)).order_by(_C.started_at, _C.id)
_COUNT_RUNNING = select(func.count().label("running")).where(
    _C.account_id == bindparam("account"), _C.region == bindparam("in_region"), _C.ended_at.is_(None)
)
_WAITING = select(_C.id, _C.after).where(_C.ended_at.is_(None)).order_by(_C.started_at, _C.id).limit(1)
_EXPIRED = select(_C.id).where(_C.ended_at < bindparam("before")).order_by(_C.ended_at).limit(1)
_ADD = insert(replication_repair)
_MOVE = (
    update(replication_repair)
    .where(_IT)
    .values(
        status=bindparam("new_status"),
        after=bindparam("new_after"),
        compared=bindparam("new_compared"),
        found=bindparam("new_found"),
        kept=bindparam("new_kept"),
        ended_at=bindparam("new_end"),
    )
)
_REMOVE = delete(replication_repair).where(_IT)
_ADD_ITEM = insert(replication_repair_item)
_ITEMS = (
    select(replication_repair_item)
    .where(_I.repair_id == bindparam("of"), _I.ordinal > bindparam("after"))
    .order_by(_I.ordinal)
    .limit(bindparam("limit"))
)
_DROP_ITEMS = text(
    "DELETE FROM replication_repair_item WHERE repair_id = :of AND ordinal IN ("
    "SELECT ordinal FROM replication_repair_item WHERE repair_id = :of LIMIT :limit)"
)


def find(tx: Reader, registry: RegistryKey, repair_id: str) -> Repair | None:
    """The repair of this id of a registry."""
    row = tx.one(_FIND, of=repair_id)
    found = None if row is None else _repair(row)
    return found if found is not None and found.registry == registry else None


def lock(tx: Transaction, repair_id: str) -> Repair | None:
    """The repair of this id, for a change."""
    row = tx.one(_LOCK, of=repair_id)
    return None if row is None else _repair(row)


def running(tx: Reader) -> Sequence[Repair]:
    """Those that have not ended, the oldest first."""
    return [_repair(row) for row in tx.all(_RUNNING)]


def count_running(tx: Reader, registry: RegistryKey) -> int:
    """How many of a registry have not ended."""
    row = tx.one(_COUNT_RUNNING, account=registry.account, in_region=registry.region)
    return 0 if row is None else int(row.running)


def waiting(tx: Reader) -> tuple[object, ...] | None:
    """When this is another, there may be something to do."""
    row = tx.one(_WAITING)
    return None if row is None else tuple(row)


def expired(tx: Reader, before: datetime) -> str | None:
    """One that ended before a moment."""
    row = tx.one(_EXPIRED, before=micros(before))
    return None if row is None else row.id


def add(tx: Transaction, new: Repair) -> None:
    """One that begins."""
    tx.run(
        _ADD,
        id=new.id,
        account_id=new.registry.account,
        region=new.registry.region,
        to_account=new.destination.account,
        to_region=new.destination.region,
        name=new.name,
        dry=int(new.is_dry),
        status=new.status,
        after=msgspec.json.encode(new.after).decode(),
        compared=new.compared,
        found=new.found,
        kept=new.kept,
        started_at=micros(new.started_at),
        ended_at=None,
    )


def put(tx: Transaction, changed: Repair) -> None:
    """How one stands from now on."""
    tx.run(
        _MOVE,
        of=changed.id,
        new_status=changed.status,
        new_after=msgspec.json.encode(changed.after).decode(),
        new_compared=changed.compared,
        new_found=changed.found,
        new_kept=changed.kept,
        new_end=None if changed.ended_at is None else micros(changed.ended_at),
    )


def remove(tx: Transaction, repair_id: str) -> None:
    """Forget one whose items are gone."""
    tx.run(_REMOVE, of=repair_id)


def add_item(tx: Transaction, repair_id: str, item: RepairItem) -> None:
    """A difference that was found."""
    tx.run(
        _ADD_ITEM,
        repair_id=repair_id,
        ordinal=item.ordinal,
        name=item.name,
        difference=item.difference,
        digest=item.digest,
        tag=item.tag,
        kept=int(item.is_kept),
    )


def items(tx: Reader, repair_id: str, after: int, limit: int) -> Sequence[RepairItem]:
    """Differences behind one by its ordinal, in the order in which they were found."""
    rows = tx.all(_ITEMS, of=repair_id, after=after, limit=limit)
    return [RepairItem(row.ordinal, row.name, row.difference, row.digest, row.tag, bool(row.kept)) for row in rows]


def drop_items(tx: Transaction, repair_id: str, limit: int) -> int:
    """Remove some items; how many went."""
    return tx.run(_DROP_ITEMS, of=repair_id, limit=limit)


def _repair(row: Row) -> Repair:
    return Repair(
        row.id,
        RegistryKey("private", row.account_id, row.region),
        Destination(row.to_region, row.to_account),
        row.name,
        bool(row.dry),
        row.status,
        tuple(msgspec.json.decode(row.after)),
        row.compared,
        row.found,
        row.kept,
        moment(row.started_at),
        moment_or_none(row.ended_at),
    )
