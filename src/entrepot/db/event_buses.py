"""Rows of `event_bus`, `event_region` and `event_tag`."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, select, text

from entrepot.db.database import Reader, Row, Transaction, number_of
from entrepot.db.event_names import Names
from entrepot.db.event_records import Bus
from entrepot.db.event_schema import event_bus, event_region, event_tag
from entrepot.db.resource_tags import Tags
from entrepot.spec.event_arns import BusKey
from entrepot.spec.moments import micros, moment


def _record(row: Row) -> Bus:
    key = BusKey(row.account_id, row.region, row.name)
    return Bus(key, row.description, row.policy, moment(row.created_at), moment(row.updated_at))


_BUSES = Names(event_bus, _record)
_PUT = text(
    "INSERT INTO event_bus (account_id, region, name, description, policy, created_at, updated_at) "
    "VALUES (:account, :region, :name, :description, :policy, :at, :at) "
    "ON CONFLICT (account_id, region, name) DO UPDATE SET description = excluded.description, "
    "policy = excluded.policy, updated_at = excluded.updated_at"
)
_REMOVE = delete(event_bus).where(*_BUSES.here, event_bus.c.name == bindparam("of_name"))
_STAMP = select(event_region.c.stamp).where(
    event_region.c.account_id == bindparam("account"), event_region.c.region == bindparam("of_region")
)
_RESTAMP = text(
    "INSERT INTO event_region (account_id, region, stamp) VALUES (:account, :region, :stamp) "
    "ON CONFLICT (account_id, region) DO UPDATE SET stamp = excluded.stamp"
)
_TAGS = Tags(
    event_tag,
    "arn",
    text(
        "INSERT INTO event_tag (arn, key, value) VALUES (:of, :key, :value) "
        "ON CONFLICT (arn, key) DO UPDATE SET value = excluded.value"
    ),
)
tags, put_tag, remove_tag, remove_tags = _TAGS.list_of, _TAGS.put, _TAGS.remove, _TAGS.remove_all


def find(tx: Reader, key: BusKey) -> Bus | None:
    """What was set of a bus; None for one that is not there, and for a default bus of which nothing was set."""
    return _BUSES.find(tx, (key.account, key.region), key.name)


def page(tx: Reader, account: str, region: str, prefix: str, after: str, most: int) -> Sequence[Bus]:
    """Buses whose names begin so, by name."""
    return _BUSES.list_of(tx, (account, region), prefix, after, most)


def count(tx: Reader, account: str, region: str) -> int:
    """How many buses there are, a default one of which nothing was set left out."""
    return _BUSES.count(tx, (account, region))


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
    return tx.run(_REMOVE, **_BUSES.at((key.account, key.region)), of_name=key.name) > 0


def stamp(tx: Reader, account: str, region: str) -> int:
    """Changes whenever a bus, rule, target, archive, connection or API destination does; 0 where there was none."""
    return number_of(tx, _STAMP, account=account, of_region=region)


def restamp(tx: Transaction, account: str, region: str, new_stamp: int) -> None:
    """Make everything that is remembered of where events of this account and region go stale."""
    tx.run(_RESTAMP, account=account, region=region, stamp=new_stamp)
