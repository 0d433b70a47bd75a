"""Rows of `trail` and `trail_tag`."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import bindparam, delete, func, insert, or_, select, text, update

from entrepot.db.database import Row, Transaction, number_of
from entrepot.db.resource_tags import Tags
from entrepot.db.trail_records import Period, Trail
from entrepot.db.trail_schema import trail, trail_region, trail_tag
from entrepot.spec.moments import micros, micros_or_none, moment, moment_or_none

_LIVE = trail.c.deleted_at.is_(None)
_OF_ACCOUNT = trail.c.account_id == bindparam("account")
_OF_REGION = trail.c.region == bindparam("home")
_FIND = select(trail).where(_OF_ACCOUNT, _OF_REGION, trail.c.name == bindparam("named"), _LIVE)
_BY_ID = select(trail).where(trail.c.id == bindparam("of"))
_COUNT = select(func.count()).select_from(trail).where(_OF_ACCOUNT, _OF_REGION, _LIVE)
_LIST = select(trail).where(_OF_ACCOUNT, _LIVE).order_by(trail.c.name, trail.c.region)
_LOGGING = (
    select(trail.c.id)
    .where(_OF_ACCOUNT, _LIVE, trail.c.logging == 1, or_(_OF_REGION, trail.c.multi_region == 1))
    .limit(1)
)
_ACTIVE = (
    select(trail)
    .where(or_(trail.c.logging == 1, trail.c.periods != "[]", trail.c.plan != "", trail.c.deleted_at.is_not(None)))
    .order_by(trail.c.id)
)
_EVERY = select(trail).order_by(trail.c.account_id, trail.c.name, trail.c.region)
_INSERT = insert(trail)
_CHANGE = (
    update(trail)
    .where(trail.c.id == bindparam("of"))
    .values(
        bucket=bindparam("new_bucket"),
        prefix=bindparam("new_prefix"),
        multi_region=bindparam("new_multi_region"),
        global_events=bindparam("new_global_events"),
        validated_at=bindparam("new_validated_at"),
        selectors=bindparam("new_selectors"),
        retry_at=0,
    )
)
_SET_LOGGING = (
    update(trail)
    .where(trail.c.id == bindparam("of"))
    .values(
        logging=bindparam("on"),
        started_at=bindparam("from_at"),
        stopped_at=bindparam("until_at"),
        periods=bindparam("new_periods"),
    )
)
_SET_PERIODS = update(trail).where(trail.c.id == bindparam("of")).values(periods=bindparam("new_periods"))
_BURY = update(trail).where(trail.c.id == bindparam("of")).values(deleted_at=bindparam("at"))
_PLAN = (
    update(trail)
    .where(trail.c.id == bindparam("of"), trail.c.plan == "")
    .values(plan=bindparam("new_plan"), cursor=bindparam("start"))
)
_ADVANCE = (
    update(trail)
    .where(trail.c.id == bindparam("of"), trail.c.plan == bindparam("done"))
    .values(cursor=bindparam("new_cursor"), plan="", failures=0, retry_at=0)
)
_SKIP = (
    update(trail)
    .where(trail.c.id == bindparam("of"), trail.c.plan == "")
    .values(cursor=bindparam("new_cursor"), failures=0, retry_at=0)
)
_RECOVERED = update(trail).where(trail.c.id == bindparam("of")).values(failures=0, retry_at=0)
_FAILED = (
    update(trail)
    .where(trail.c.id == bindparam("of"))
    .values(failures=trail.c.failures + 1, retry_at=bindparam("again_at"))
)
_REMOVE = [delete(table).where(table.c.trail_id == bindparam("of")) for table in (trail_tag, trail_region)] + [
    delete(trail).where(trail.c.id == bindparam("of"))
]

_TAGS = Tags(
    trail_tag,
    "trail_id",
    text(
        "INSERT INTO trail_tag (trail_id, key, value) VALUES (:of, :key, :value) "
        "ON CONFLICT (trail_id, key) DO UPDATE SET value = excluded.value"
    ),
)
tags, put_tag, remove_tag = _TAGS.list_of, _TAGS.put, _TAGS.remove

_PERIODS = msgspec.json.Decoder(list[tuple[int, int | None]])


def find(tx: Transaction, account: str, region: str, name: str) -> Trail | None:
    """The trail of this name whose home the region is."""
    row = tx.one(_FIND, account=account, home=region, named=name)
    return None if row is None else _record(row)


def by_id(tx: Transaction, trail_id: str) -> Trail | None:
    """The trail of an id, deleted ones too."""
    row = tx.one(_BY_ID, of=trail_id)
    return None if row is None else _record(row)


def list_of(tx: Transaction, account: str) -> Sequence[Trail]:
    """An account's trails in every region, by name."""
    return [_record(row) for row in tx.all(_LIST, account=account)]


def count(tx: Transaction, account: str, region: str) -> int:
    """How many trails have their home here."""
    return number_of(tx, _COUNT, account=account, home=region)


def logging(tx: Transaction, account: str, region: str) -> bool:
    """Whether any trail logs what happens in this account and region."""
    return tx.one(_LOGGING, account=account, home=region) is not None


def active(tx: Transaction) -> Sequence[Trail]:
    """Every trail that there may be something to deliver for, deleted ones too."""
    return [_record(row) for row in tx.all(_ACTIVE)]


def every(tx: Transaction) -> Sequence[Trail]:
    """Every trail of the deployment, deleted ones too."""
    return [_record(row) for row in tx.all(_EVERY)]


def add(tx: Transaction, new: Trail) -> None:
    """A new trail, which logs nothing yet."""
    tx.run(
        _INSERT,
        id=new.id,
        account_id=new.account,
        region=new.region,
        name=new.name,
        bucket=new.bucket,
        prefix=new.prefix,
        multi_region=int(new.multi_region),
        global_events=int(new.global_events),
        validated_at=micros_or_none(new.validated_at),
        selectors="",
        logging=0,
        started_at=None,
        stopped_at=None,
        periods="[]",
        cursor=None,
        plan="",
        failures=0,
        retry_at=0,
        created_at=micros(new.created_at),
        deleted_at=None,
    )


def change(tx: Transaction, changed: Trail) -> None:
    """Store what an operator may set of a trail; a delivery that failed is tried again at once."""
    tx.run(
        _CHANGE,
        of=changed.id,
        new_bucket=changed.bucket,
        new_prefix=changed.prefix,
        new_multi_region=int(changed.multi_region),
        new_global_events=int(changed.global_events),
        new_validated_at=micros_or_none(changed.validated_at),
        new_selectors=changed.selectors,
    )


def set_logging(tx: Transaction, changed: Trail) -> None:
    """Store whether it logs, since and until when."""
    tx.run(
        _SET_LOGGING,
        of=changed.id,
        on=int(changed.logging),
        from_at=micros_or_none(changed.started_at),
        until_at=micros_or_none(changed.stopped_at),
        new_periods=_written(changed.periods),
    )


def set_periods(tx: Transaction, trail_id: str, periods: Sequence[Period]) -> None:
    """Of which moments records are still to be delivered."""
    tx.run(_SET_PERIODS, of=trail_id, new_periods=_written(periods))


def bury(tx: Transaction, trail_id: str, at: datetime) -> None:
    """Leave a tombstone, whose name is free."""
    tx.run(_BURY, of=trail_id, at=micros(at))


def plan(tx: Transaction, trail_id: str, start: int, text_: str) -> bool:
    """Fix what is delivered next, after the block `start`; False where something is being delivered."""
    return tx.run(_PLAN, of=trail_id, start=start, new_plan=text_) > 0


def advance(tx: Transaction, trail_id: str, done: str, cursor: int) -> bool:
    """What was planned is delivered, up to this block; False where somebody has noted that already."""
    return tx.run(_ADVANCE, of=trail_id, done=done, new_cursor=cursor) > 0


def skip(tx: Transaction, trail_id: str, cursor: int) -> None:
    """Nothing up to this block is the trail's."""
    tx.run(_SKIP, of=trail_id, new_cursor=cursor)


def failed(tx: Transaction, trail_id: str, again_at: datetime) -> None:
    """One more failure; not tried before `again_at`."""
    tx.run(_FAILED, of=trail_id, again_at=micros(again_at))


def recovered(tx: Transaction, trail_id: str) -> None:
    """Everything could be stored again."""
    tx.run(_RECOVERED, of=trail_id)


def remove(tx: Transaction, trail_id: str) -> None:
    """Remove a trail and what hangs on it; what proves its files stays."""
    for statement in _REMOVE:
        tx.run(statement, of=trail_id)


def _record(row: Row) -> Trail:
    return Trail(
        row.id,
        row.account_id,
        row.region,
        row.name,
        row.bucket,
        row.prefix,
        bool(row.multi_region),
        bool(row.global_events),
        moment_or_none(row.validated_at),
        moment(row.created_at),
        row.selectors,
        bool(row.logging),
        moment_or_none(row.started_at),
        moment_or_none(row.stopped_at),
        tuple((moment(start), moment_or_none(end)) for start, end in _PERIODS.decode(row.periods)),
        row.cursor,
        row.plan,
        row.failures,
        moment_or_none(row.retry_at),
        moment_or_none(row.deleted_at),
    )


def _written(periods: Sequence[Period]) -> str:
    return msgspec.json.encode([(micros(start), micros_or_none(end)) for start, end in periods]).decode()
