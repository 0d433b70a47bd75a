"""Rows of `event_bus`, `event_region` and `event_tag`."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, func, select, text

from entrepot.db.database import Reader, Row, Transaction
from entrepot.db.event_records import Bus
from entrepot.db.event_schema import event_bus, event_region, event_tag
from entrepot.spec.event_arns import BusKey
from entrepot.spec.moments import micros, moment

_HERE = (event_bus.c.account_id == bindparam("account"), event_bus.c.region == bindparam("of_region"))
_FIND = select(event_bus).where(*_HERE, event_bus.c.name == bindparam("of_name"))
_PAGE = (
    select(event_bus)
    .where(
        *_HERE,
        event_bus.c.name > bindparam("after"),
        event_bus.c.name >= bindparam("prefix"),
        event_bus.c.name < bindparam("beyond"),
    )
    .order_by(event_bus.c.name)
    .limit(bindparam("most"))
)
_COUNT = select(func.count().label("number")).select_from(event_bus).where(*_HERE)
_PUT = text(
    "INSERT INTO event_bus (account_id, region, name, description, policy, created_at, updated_at) "
    "VALUES (:account, :region, :name, :description, :policy, :at, :at) "
    "ON CONFLICT (account_id, region, name) DO UPDATE SET description = excluded.description, "
    "policy = excluded.policy, updated_at = excluded.updated_at"
)
_REMOVE = delete(event_bus).where(*_HERE, event_bus.c.name == bindparam("of_name"))
_STAMP = select(event_region.c.stamp).where(
    event_region.c.account_id == bindparam("account"), event_region.c.region == bindparam("of_region")
)
_RESTAMP = text(
    "INSERT INTO event_region (account_id, region, stamp) VALUES (:account, :region, :stamp) "
    "ON CONFLICT (account_id, region) DO UPDATE SET stamp = excluded.stamp"
)
_TAGS = (
    select(event_tag.c.key, event_tag.c.value).where(event_tag.c.arn == bindparam("of_arn")).order_by(event_tag.c.key)
)
_PUT_TAG = text(
    "INSERT INTO event_tag (arn, key, value) VALUES (:arn, :key, :value) "
    "ON CONFLICT (arn, key) DO UPDATE SET value = excluded.value"
)
_REMOVE_TAG = delete(event_tag).where(event_tag.c.arn == bindparam("of_arn"), event_tag.c.key == bindparam("tag_key"))
_REMOVE_TAGS = delete(event_tag).where(event_tag.c.arn == bindparam("of_arn"))


def find(tx: Reader, key: BusKey) -> Bus | None:
    """What was set of a bus; None for one that is not there, and for a default bus of which nothing was set."""
    row = tx.one(_FIND, account=key.account, of_region=key.region, of_name=key.name)
    return None if row is None else _record(row)


def page(tx: Reader, account: str, region: str, prefix: str, after: str, most: int) -> Sequence[Bus]:
    """Buses whose names begin so, by name."""
    rows = tx.all(
        _PAGE, account=account, of_region=region, prefix=prefix, beyond=beyond(prefix), after=after, most=most
    )
    return [_record(row) for row in rows]


def count(tx: Reader, account: str, region: str) -> int:
    """How many buses there are, a default one of which nothing was set left out."""
    row = tx.one(_COUNT, account=account, of_region=region)
    return 0 if row is None else int(row.number)


def beyond(prefix: str) -> str:
    """What is greater than every name that begins so: none of EventBridge's has a tilde."""
    return f"{prefix}~"


def put(tx: Transaction, key: BusKey, description: str, policy: str | None, at: datetime) -> None:
    """A new bus, or what an existing one is now."""
    tx.run(
        _PUT,
        account=key.account,
        region=key.region,
        name=key.name,
        description=description,
        policy=policy,
        at=micros(at),
    )


def remove(tx: Transaction, key: BusKey) -> bool:
    """Remove a bus that has no rules; whether it was there."""
    return tx.run(_REMOVE, account=key.account, of_region=key.region, of_name=key.name) > 0


def stamp(tx: Reader, account: str, region: str) -> int:
    """Changes whenever a bus, rule, target, archive, connection or API destination does; 0 where there was none."""
    row = tx.one(_STAMP, account=account, of_region=region)
    return 0 if row is None else int(row.stamp)


def restamp(tx: Transaction, account: str, region: str, new_stamp: int) -> None:
    """Make everything that is remembered of where events of this account and region go stale."""
    tx.run(_RESTAMP, account=account, region=region, stamp=new_stamp)


def tags(tx: Reader, arn: str) -> Sequence[tuple[str, str]]:
    """(key, value) pairs of a bus or rule, by key."""
    return [(row.key, row.value) for row in tx.all(_TAGS, of_arn=arn)]


def put_tag(tx: Transaction, arn: str, key: str, value: str) -> None:
    """Set one tag."""
    tx.run(_PUT_TAG, arn=arn, key=key, value=value)


def remove_tag(tx: Transaction, arn: str, key: str) -> None:
    """Remove one tag; absent is fine."""
    tx.run(_REMOVE_TAG, of_arn=arn, tag_key=key)


def remove_tags(tx: Transaction, arn: str) -> None:
    """Remove every tag of what is removed."""
    tx.run(_REMOVE_TAGS, of_arn=arn)


def _record(row: Row) -> Bus:
    key = BusKey(row.account_id, row.region, row.name)
    return Bus(key, row.description, row.policy, moment(row.created_at), moment(row.updated_at))
