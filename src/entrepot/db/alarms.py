"""Rows of `alarm` and `alarm_child`: found by name, metric or kin, changed, listed by name."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, delete, func, insert, or_, select, update

from entrepot.db.alarm_records import AlarmKey, AlarmRow
from entrepot.db.alarm_schema import alarm, alarm_child
from entrepot.db.database import Reader, Row, Transaction, number_of

_HERE = and_(alarm.c.account_id == bindparam("account"), alarm.c.region == bindparam("in_region"))
_THIS = and_(_HERE, alarm.c.name == bindparam("called"))
_FIND = select(alarm).where(_THIS)
_LOCK = _FIND.with_for_update()
_COUNT = select(func.count().label("number")).select_from(alarm).where(_HERE)
_INSERT = insert(alarm)
_CONFIGURE = (
    update(alarm)
    .where(_THIS)
    .values(
        kind=bindparam("new_kind"),
        metric=bindparam("new_metric"),
        definition=bindparam("new_definition"),
        actions_enabled=bindparam("enabled"),
        configured_at=bindparam("at"),
        evaluation="",
    )
)
_ENABLE = update(alarm).where(_THIS).values(actions_enabled=bindparam("enabled"))
_SET_STATE = (
    update(alarm)
    .where(_THIS)
    .values(
        state=bindparam("new_state"),
        reason=bindparam("new_reason"),
        reason_data=bindparam("new_data"),
        updated_at=bindparam("at"),
        transitioned_at=bindparam("changed_at"),
        evaluation=bindparam("new_evaluation"),
        changes=bindparam("number"),
    )
)
_SUPPRESS = (
    update(alarm)
    .where(_THIS)
    .values(acted=bindparam("for_state"), suppressed_by=bindparam("by"), suppressed_at=bindparam("at"))
)
_REMOVE = delete(alarm).where(_THIS)
_PAGE = (
    select(alarm)
    .where(
        _HERE,
        alarm.c.kind == bindparam("of_kind"),
        alarm.c.name > bindparam("after"),
        func.substr(alarm.c.name, 1, func.length(bindparam("prefix"))) == bindparam("prefix"),
        or_(bindparam("in_state") == "", alarm.c.state == bindparam("in_state")),
    )
    .order_by(alarm.c.name)
    .limit(bindparam("most"))
)
_OF_METRIC = select(alarm).where(_HERE, alarm.c.metric == bindparam("of_metric")).order_by(alarm.c.name)
_WATCHING = (
    select(alarm)
    .where(
        alarm.c.kind == "metric",
        or_(
            alarm.c.account_id > bindparam("account"),
            and_(alarm.c.account_id == bindparam("account"), alarm.c.region > bindparam("in_region")),
            and_(_HERE, alarm.c.name > bindparam("called")),
        ),
    )
    .order_by(alarm.c.account_id, alarm.c.region, alarm.c.name)
    .limit(bindparam("most"))
)
_SUPPRESSED = select(alarm).where(alarm.c.suppressed_by != "").order_by(alarm.c.suppressed_at).limit(bindparam("most"))


def _kin(of: ColumnElement[str], named: ColumnElement[str]) -> Select[Any]:
    """The alarms that stand in one column of `alarm_child` beside the one that is called so in the other."""
    same_place = and_(alarm.c.account_id == alarm_child.c.account_id, alarm.c.region == alarm_child.c.region)
    return (
        select(alarm)
        .select_from(alarm_child.join(alarm, and_(same_place, alarm.c.name == of)))
        .where(_HERE, named == bindparam("called"))
        .order_by(alarm.c.name)
    )


_CHILDREN = _kin(alarm_child.c.child, alarm_child.c.parent)
_PARENTS = _kin(alarm_child.c.parent, alarm_child.c.child)
_ADD_CHILD = insert(alarm_child)
_REMOVE_CHILDREN = delete(alarm_child).where(
    alarm_child.c.account_id == bindparam("account"),
    alarm_child.c.region == bindparam("in_region"),
    alarm_child.c.parent == bindparam("called"),
)
_COLUMNS = tuple(field.name for field in fields(AlarmRow) if field.name not in {"key", "actions_enabled"})


def find(tx: Reader, key: AlarmKey) -> AlarmRow | None:
    """The alarm of this name."""
    return _record(tx.one(_FIND, **_names(key)))


def lock(tx: Transaction, key: AlarmKey) -> AlarmRow | None:
    """The same, held until the transaction ends."""
    return _record(tx.one(_LOCK, **_names(key)))


def count(tx: Reader, account: str, region: str) -> int:
    """How many alarms there are."""
    return number_of(tx, _COUNT, account=account, in_region=region)


def add(tx: Transaction, new: AlarmRow) -> None:
    """A new alarm."""
    values = {name: getattr(new, name) for name in _COLUMNS}
    account, region, name = new.key
    tx.run(_INSERT, account_id=account, region=region, name=name, actions_enabled=int(new.actions_enabled), **values)


def configure(tx: Transaction, new: AlarmRow) -> None:
    """Another definition of an alarm that is there; its state stays."""
    tx.run(
        _CONFIGURE,
        **_names(new.key),
        new_kind=new.kind,
        new_metric=new.metric,
        new_definition=new.definition,
        enabled=int(new.actions_enabled),
        at=new.configured_at,
    )


def enable(tx: Transaction, key: AlarmKey, *, enabled: bool) -> None:
    """Whether its actions run."""
    tx.run(_ENABLE, **_names(key), enabled=int(enabled))


def set_state(tx: Transaction, new: AlarmRow) -> None:
    """Another state or another reason for it."""
    tx.run(
        _SET_STATE,
        **_names(new.key),
        new_state=new.state,
        new_reason=new.reason,
        new_data=new.reason_data,
        at=new.updated_at,
        changed_at=new.transitioned_at,
        new_evaluation=new.evaluation,
        number=new.changes,
    )


def suppress(tx: Transaction, key: AlarmKey, acted: str, by: str, at: int) -> None:
    """For which state its actions have run, and what keeps those of its present one from running."""
    tx.run(_SUPPRESS, **_names(key), for_state=acted, by=by, at=at)


def remove(tx: Transaction, key: AlarmKey) -> None:
    """Remove an alarm that no rule names."""
    tx.run(_REMOVE_CHILDREN, **_names(key))
    tx.run(_REMOVE, **_names(key))


def page(
    tx: Reader, account: str, region: str, kind: str, prefix: str, state: str, limit: int, after: str
) -> Sequence[AlarmRow]:
    """Alarms of a kind by name, from a name on; of every state where it is ''."""
    rows = tx.all(
        _PAGE,
        account=account,
        in_region=region,
        of_kind=kind,
        prefix=prefix,
        in_state=state,
        most=limit,
        after=after,
    )
    return _records(rows)


def of_metric(tx: Reader, account: str, region: str, metric: str) -> Sequence[AlarmRow]:
    """The alarms that watch one metric by itself."""
    return _records(tx.all(_OF_METRIC, account=account, in_region=region, of_metric=metric))


def watching(tx: Reader, after: AlarmKey, limit: int) -> Sequence[AlarmRow]:
    """Metric alarms of every account, in key order."""
    return _records(tx.all(_WATCHING, **_names(after), most=limit))


def suppressed(tx: Reader, limit: int) -> Sequence[AlarmRow]:
    """Composite alarms whose actions wait, the longest first."""
    return _records(tx.all(_SUPPRESSED, most=limit))


def children(tx: Reader, key: AlarmKey) -> Sequence[AlarmRow]:
    """The alarms that the rule of a composite alarm names."""
    return _records(tx.all(_CHILDREN, **_names(key)))


def parents(tx: Reader, key: AlarmKey) -> Sequence[AlarmRow]:
    """The composite alarms whose rules name an alarm."""
    return _records(tx.all(_PARENTS, **_names(key)))


def set_children(tx: Transaction, key: AlarmKey, names: Iterable[str]) -> None:
    """What the rule of a composite alarm names now."""
    tx.run(_REMOVE_CHILDREN, **_names(key))
    for name in names:
        tx.run(_ADD_CHILD, account_id=key.account, region=key.region, parent=key.name, child=name)


def _names(key: AlarmKey) -> dict[str, str]:
    return {"account": key.account, "in_region": key.region, "called": key.name}


def _record(row: Row | None) -> AlarmRow | None:
    return None if row is None else _records([row])[0]


def _records(rows: Iterable[Row]) -> list[AlarmRow]:
    return [
        AlarmRow(
            key=AlarmKey(row.account_id, row.region, row.name),
            actions_enabled=bool(row.actions_enabled),
            **{name: getattr(row, name) for name in _COLUMNS},
        )
        for row in rows
    ]
