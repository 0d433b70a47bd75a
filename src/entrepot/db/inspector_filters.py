"""Rows of `inspector_filter`: which findings are listed under a name, or suppressed."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import bindparam, delete, func, insert, select, update

from entrepot.db.database import Reader, Row, Transaction, number_of
from entrepot.db.inspector_schema import inspector_filter
from entrepot.db.inspector_setting_records import FilterRecord
from entrepot.spec.moments import micros, moment
from entrepot.spec.repository import RegistryKey

_OURS = (inspector_filter.c.account_id == bindparam("account")) & (inspector_filter.c.region == bindparam("in_region"))
_FIND = select(inspector_filter).where(_OURS, inspector_filter.c.id == bindparam("of"))
_NAMED = select(inspector_filter).where(_OURS, inspector_filter.c.name == bindparam("called"))
_PAGE = (
    select(inspector_filter)
    .where(_OURS, inspector_filter.c.id > bindparam("after"))
    .order_by(inspector_filter.c.id)
    .limit(bindparam("limit"))
)
_SUPPRESSING = (
    select(inspector_filter).where(_OURS, inspector_filter.c.action == "SUPPRESS").order_by(inspector_filter.c.id)
)
_COUNT = select(func.count()).select_from(inspector_filter).where(_OURS)
_INSERT = insert(inspector_filter)
_SET = (
    update(inspector_filter)
    .where(inspector_filter.c.id == bindparam("of"))
    .values(
        name=bindparam("new_name"),
        action=bindparam("new_action"),
        description=bindparam("new_description"),
        reason=bindparam("new_reason"),
        criteria=bindparam("new_criteria"),
        tags=bindparam("new_tags"),
        updated_at=bindparam("at"),
    )
)
_REMOVE = delete(inspector_filter).where(inspector_filter.c.id == bindparam("of"))


def find(tx: Reader, registry: RegistryKey, filter_id: str) -> FilterRecord | None:
    """The filter of this id, in the account and region."""
    row = tx.one(_FIND, **_place(registry), of=filter_id)
    return None if row is None else _record(row)


def named(tx: Reader, registry: RegistryKey, name: str) -> FilterRecord | None:
    """The filter of this name."""
    row = tx.one(_NAMED, **_place(registry), called=name)
    return None if row is None else _record(row)


def page(tx: Reader, registry: RegistryKey, after: str, limit: int) -> Sequence[FilterRecord]:
    """Filters with ids above `after`, in their order."""
    return [_record(row) for row in tx.all(_PAGE, **_place(registry), after=after, limit=limit)]


def suppressing(tx: Reader, registry: RegistryKey) -> Sequence[FilterRecord]:
    """All that suppress findings, in the order of their ids."""
    return [_record(row) for row in tx.all(_SUPPRESSING, **_place(registry))]


def count(tx: Reader, registry: RegistryKey) -> int:
    """How many there are."""
    return number_of(tx, _COUNT, **_place(registry))


def add(tx: Transaction, new: FilterRecord) -> None:
    """A new filter."""
    tx.run(
        _INSERT,
        id=new.id,
        account_id=new.registry.account,
        region=new.registry.region,
        name=new.name,
        action=new.action,
        description=new.description,
        reason=new.reason,
        criteria=new.criteria,
        tags=_tags(new),
        owner=new.owner,
        created_at=micros(new.created_at),
        updated_at=micros(new.updated_at),
    )


def put(tx: Transaction, new: FilterRecord) -> None:
    """A filter in the place of the one with its id."""
    tx.run(
        _SET,
        of=new.id,
        new_name=new.name,
        new_action=new.action,
        new_description=new.description,
        new_reason=new.reason,
        new_criteria=new.criteria,
        new_tags=_tags(new),
        at=micros(new.updated_at),
    )


def remove(tx: Transaction, filter_id: str) -> None:
    """Remove a filter."""
    tx.run(_REMOVE, of=filter_id)


def _place(registry: RegistryKey) -> dict[str, object]:
    return {"account": registry.account, "in_region": registry.region}


def _tags(of: FilterRecord) -> str:
    return msgspec.json.encode(dict(of.tags)).decode()


def _record(row: Row) -> FilterRecord:
    return FilterRecord(
        id=row.id,
        registry=RegistryKey("private", row.account_id, row.region),
        name=row.name,
        action=row.action,
        description=row.description,
        reason=row.reason,
        criteria=row.criteria,
        tags=msgspec.json.decode(row.tags),
        owner=row.owner,
        created_at=moment(row.created_at),
        updated_at=moment(row.updated_at),
    )
