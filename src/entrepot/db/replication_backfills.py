"""Rows of `replication_backfill` and its items: images that were there before a rule was."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import bindparam, delete, insert, select, text, update

from entrepot.db.database import Reader, Row, Transaction
from entrepot.db.replication_records import Backfill, BackfillStatus, Destination, Item
from entrepot.db.replication_schema import replication_backfill, replication_backfill_item
from entrepot.spec.moments import micros, moment, moment_or_none
from entrepot.spec.repository import RegistryKey

RUNNING = ("PREPARING", "IN_PROGRESS", "STOPPING")
_C, _I = replication_backfill.c, replication_backfill_item.c
_IT = _C.id == bindparam("of")
_FIND = select(replication_backfill).where(_IT)
_LOCK = _FIND.with_for_update()
_OF_REGISTRY = select(replication_backfill).where(
    _C.account_id == bindparam("account"), _C.region == bindparam("in_region")
)
_PAGE = (
    _OF_REGISTRY.where(
        (_C.started_at < bindparam("before"))
        | ((_C.started_at == bindparam("before")) & (_C.id < bindparam("before_id")))
    )
    .order_by(_C.started_at.desc(), _C.id.desc())
    .limit(bindparam("limit"))
)
_RUNNING_OF_REGISTRY = _OF_REGISTRY.where(_C.ended_at.is_(None))
_RUNNING = select(replication_backfill).where(_C.ended_at.is_(None)).order_by(_C.started_at, _C.id)
_WAITING = (
    select(_C.id, _C.status, _C.completed, _C.failed, _C.after)
    .where(_C.ended_at.is_(None))
    .order_by(_C.started_at, _C.id)
    .limit(1)
)
_EXPIRED = select(_C.id).where(_C.ended_at < bindparam("before")).order_by(_C.ended_at).limit(1)
_ADD = insert(replication_backfill)
_MOVE = (
    update(replication_backfill)
    .where(_IT)
    .values(
        status=bindparam("new_status"),
        failure_code=bindparam("new_code"),
        after=bindparam("new_after"),
        total=bindparam("new_total"),
        completed=bindparam("new_completed"),
        failed=bindparam("new_failed"),
        prepared=bindparam("new_prepared"),
        ended_at=bindparam("new_end"),
    )
)
_REMOVE = delete(replication_backfill).where(_IT)
_ADD_ITEM = text(
    "INSERT INTO replication_backfill_item (backfill_id, name, digest, tag, status, failure_code, sub_failure_codes) "
    "VALUES (:of, :name, :digest, :tag, 'WAITING', '', '') ON CONFLICT DO NOTHING"
)
_OF_ITEM = (
    (_I.backfill_id == bindparam("of"))
    & (_I.name == bindparam("of_name"))
    & (_I.digest == bindparam("image"))
    & (_I.tag == bindparam("of_tag"))
)
_FINISH_ITEM = (
    update(replication_backfill_item)
    .where(_OF_ITEM, _I.status == "WAITING")
    .values(status=bindparam("new_status"), failure_code=bindparam("new_code"), sub_failure_codes=bindparam("codes"))
)
_WAITING_ITEMS = (
    select(replication_backfill_item)
    .where(_I.backfill_id == bindparam("of"), _I.status == "WAITING")
    .order_by(_I.name, _I.digest, _I.tag)
    .limit(bindparam("limit"))
)
_BEHIND = (_I.name > bindparam("name")) | (
    (_I.name == bindparam("name"))
    & ((_I.digest > bindparam("image")) | ((_I.digest == bindparam("image")) & (_I.tag > bindparam("of_tag"))))
)
_DONE = (
    select(replication_backfill_item)
    .where(_I.backfill_id == bindparam("of"), _I.status != "WAITING", _BEHIND)
    .order_by(_I.name, _I.digest, _I.tag)
    .limit(bindparam("limit"))
)
_DONE_SO = (
    select(replication_backfill_item)
    .where(_I.backfill_id == bindparam("of"), _I.status == bindparam("wanted"), _BEHIND)
    .order_by(_I.name, _I.digest, _I.tag)
    .limit(bindparam("limit"))
)
_CODES = (
    select(_I.failure_code)
    .where(_I.backfill_id == bindparam("of"), _I.status == "FAILED")
    .distinct()
    .order_by(_I.failure_code)
)
_DROP_ITEMS = text(
    "DELETE FROM replication_backfill_item WHERE backfill_id = :of AND (name, digest, tag) IN ("
    "SELECT name, digest, tag FROM replication_backfill_item WHERE backfill_id = :of LIMIT :limit)"
)


def find(tx: Reader, registry: RegistryKey, backfill_id: str) -> Backfill | None:
    """The backfill of this id of a registry."""
    row = tx.one(_FIND, of=backfill_id)
    found = None if row is None else _backfill(row)
    return found if found is not None and found.registry == registry else None


def lock(tx: Transaction, backfill_id: str) -> Backfill | None:
    """The backfill of this id, for a change."""
    row = tx.one(_LOCK, of=backfill_id)
    return None if row is None else _backfill(row)


def page(tx: Reader, registry: RegistryKey, before: tuple[int, str], limit: int) -> Sequence[Backfill]:
    """Those of a registry that began before a moment (microseconds) and id, the newest first."""
    at = {"before": before[0], "before_id": before[1]}
    rows = tx.all(_PAGE, account=registry.account, in_region=registry.region, limit=limit, **at)
    return [_backfill(row) for row in rows]


def running_of(tx: Reader, registry: RegistryKey) -> Sequence[Backfill]:
    """Those of a registry that have not ended."""
    return [_backfill(row) for row in tx.all(_RUNNING_OF_REGISTRY, account=registry.account, in_region=registry.region)]


def running(tx: Reader) -> Sequence[Backfill]:
    """Those that have not ended, the oldest first."""
    return [_backfill(row) for row in tx.all(_RUNNING)]


def waiting(tx: Reader) -> tuple[object, ...] | None:
    """When this is another, there may be something to do."""
    row = tx.one(_WAITING)
    return None if row is None else tuple(row)


def expired(tx: Reader, before: datetime) -> str | None:
    """One that ended before a moment."""
    row = tx.one(_EXPIRED, before=micros(before))
    return None if row is None else row.id


def add(tx: Transaction, new: Backfill) -> None:
    """One that begins."""
    tx.run(
        _ADD,
        id=new.id,
        account_id=new.registry.account,
        region=new.registry.region,
        to_account=new.destination.account,
        to_region=new.destination.region,
        status=new.status,
        failure_code=new.failure_code,
        after=msgspec.json.encode(new.after).decode(),
        total=new.total,
        completed=new.completed,
        failed=new.failed,
        prepared=int(new.is_prepared),
        started_at=micros(new.started_at),
        ended_at=None,
    )


def put(tx: Transaction, changed: Backfill) -> None:
    """How one stands from now on."""
    tx.run(
        _MOVE,
        of=changed.id,
        new_status=changed.status,
        new_code=changed.failure_code,
        new_after=msgspec.json.encode(changed.after).decode(),
        new_total=changed.total,
        new_completed=changed.completed,
        new_failed=changed.failed,
        new_prepared=int(changed.is_prepared),
        new_end=None if changed.ended_at is None else micros(changed.ended_at),
    )


def remove(tx: Transaction, backfill_id: str) -> None:
    """Forget one whose items are gone."""
    tx.run(_REMOVE, of=backfill_id)


def add_item(tx: Transaction, backfill_id: str, name: str, digest: str, tag: str) -> None:
    """An image that it has to bring."""
    tx.run(_ADD_ITEM, of=backfill_id, name=name, digest=digest, tag=tag)


def finish_item(
    tx: Transaction, backfill_id: str, item: Item, status: str, code: str, codes: Sequence[str] | None
) -> bool:
    """How an image came out; whether it was still to be brought."""
    told = "" if codes is None else msgspec.json.encode(codes).decode()
    named = {"of": backfill_id, "of_name": item.name, "image": item.digest, "of_tag": item.tag}
    return tx.run(_FINISH_ITEM, **named, new_status=status, new_code=code, codes=told) == 1


def waiting_items(tx: Reader, backfill_id: str, limit: int) -> Sequence[Item]:
    """Images that are still to be brought."""
    return [_item(row) for row in tx.all(_WAITING_ITEMS, of=backfill_id, limit=limit)]


def done_items(
    tx: Reader, backfill_id: str, status: str | None, after: tuple[str, str, str], limit: int
) -> Sequence[Item]:
    """Images behind one by (name, digest, tag) that came out, so or so or somehow."""
    behind = {"name": after[0], "image": after[1], "of_tag": after[2]}
    if status is None:
        return [_item(row) for row in tx.all(_DONE, of=backfill_id, limit=limit, **behind)]
    return [_item(row) for row in tx.all(_DONE_SO, of=backfill_id, wanted=status, limit=limit, **behind)]


def failure_codes(tx: Reader, backfill_id: str) -> Sequence[str]:
    """Why images could not be brought, each code once."""
    return [row.failure_code for row in tx.all(_CODES, of=backfill_id)]


def drop_items(tx: Transaction, backfill_id: str, limit: int) -> int:
    """Remove some items; how many went."""
    return tx.run(_DROP_ITEMS, of=backfill_id, limit=limit)


def _backfill(row: Row) -> Backfill:
    status: BackfillStatus = row.status
    return Backfill(
        row.id,
        RegistryKey("private", row.account_id, row.region),
        Destination(row.to_region, row.to_account),
        status,
        row.failure_code,
        tuple(msgspec.json.decode(row.after)),
        row.total,
        row.completed,
        row.failed,
        bool(row.prepared),
        moment(row.started_at),
        moment_or_none(row.ended_at),
    )


def _item(row: Row) -> Item:
    codes = None if not row.sub_failure_codes else tuple(msgspec.json.decode(row.sub_failure_codes))
    return Item(row.name, row.digest, row.tag, row.status, row.failure_code, codes)
