"""Rows of `alarm_history`: what happened to alarms, in order of time."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, and_, bindparam, delete, insert, or_, select

from entrepot.db.alarm_records import AlarmKey, HistoryRow
from entrepot.db.alarm_schema import alarm_history
from entrepot.db.database import Reader, Row, Transaction

_INSERT = insert(alarm_history)
_WITHIN = and_(
    alarm_history.c.account_id == bindparam("account"),
    alarm_history.c.region == bindparam("in_region"),
    or_(bindparam("called") == "", alarm_history.c.name == bindparam("called")),
    or_(bindparam("of_item") == "", alarm_history.c.item == bindparam("of_item")),
    alarm_history.c.at >= bindparam("start"),
    alarm_history.c.at < bindparam("end"),
    or_(alarm_history.c.kind == bindparam("one_kind"), alarm_history.c.kind == bindparam("other_kind")),
)


def _ordered(ahead: ColumnElement[bool], *order: ColumnElement[object]) -> Select[Row]:
    return select(alarm_history).where(_WITHIN, ahead).order_by(*order).limit(bindparam("most"))


_AT, _ID = alarm_history.c.at, alarm_history.c.id
_NEWEST = _ordered(
    or_(bindparam("from_at") > _AT, and_(bindparam("from_at") == _AT, bindparam("from_id") > _ID)),
    _AT.desc(),
    _ID.desc(),
)
_OLDEST = _ordered(
    or_(bindparam("from_at") < _AT, and_(bindparam("from_at") == _AT, bindparam("from_id") < _ID)),
    _AT.asc(),
    _ID.asc(),
)
_OLD = select(_ID).where(bindparam("before") > _AT).order_by(_AT).limit(bindparam("most"))
_OLDEST_ROW = select(_AT).order_by(_AT).limit(1)
_REMOVE = delete(alarm_history).where(bindparam("of") == _ID)


def add(tx: Transaction, row: HistoryRow) -> None:
    """Keep that something happened."""
    account, region, name = row.key
    tx.run(
        _INSERT,
        id=row.id,
        account_id=account,
        region=region,
        name=name,
        kind=row.kind,
        at=row.at,
        item=row.item,
        summary=row.summary,
        data=row.data,
    )


def page(
    tx: Reader,
    key: AlarmKey,
    kinds: Sequence[str],
    item: str,
    start: int,
    end: int,
    limit: int,
    after: tuple[int, str],
    *,
    newest: bool,
) -> Sequence[HistoryRow]:
    """What happened in [start, end) to an alarm, or to all where the key has no name, after (moment, id)."""
    rows = tx.all(
        _NEWEST if newest else _OLDEST,
        account=key.account,
        in_region=key.region,
        called=key.name,
        of_item=item,
        start=start,
        end=end,
        one_kind=kinds[0],
        other_kind=kinds[-1],
        from_at=after[0],
        from_id=after[1],
        most=limit,
    )
    return [
        HistoryRow(
            row.id, AlarmKey(row.account_id, row.region, row.name), row.kind, row.at, row.item, row.summary, row.data
        )
        for row in rows
    ]


def is_older(tx: Reader, than: int) -> bool:
    """Whether anything happened before a moment."""
    row = tx.one(_OLDEST_ROW)
    return row is not None and int(row.at) < than


def forget(tx: Transaction, before: int, limit: int) -> int:
    """Remove what happened before a moment, at most so many; how many."""
    old = [row.id for row in tx.all(_OLD, before=before, most=limit)]
    for each in old:
        tx.run(_REMOVE, of=each)
    return len(old)
