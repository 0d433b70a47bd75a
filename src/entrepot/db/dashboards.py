"""Rows of `dashboard`, and of `monitoring_tag` (of dashboards and alarms)."""

from collections.abc import Sequence

from sqlalchemy import bindparam, delete, func, select, text

from entrepot.db.alarm_records import DashboardRow
from entrepot.db.alarm_schema import dashboard, monitoring_tag
from entrepot.db.database import Reader, Row, Transaction, number_of

_FIND = select(dashboard).where(dashboard.c.account_id == bindparam("account"), dashboard.c.name == bindparam("called"))
_PUT = text(
    "INSERT INTO dashboard (account_id, name, body, modified_at) VALUES (:account, :called, :body, :at) "
    "ON CONFLICT (account_id, name) DO UPDATE SET body = excluded.body, modified_at = excluded.modified_at"
)
_COUNT = (
    select(func.count().label("number")).select_from(dashboard).where(dashboard.c.account_id == bindparam("account"))
)
_PAGE = (
    select(dashboard)
    .where(
        dashboard.c.account_id == bindparam("account"),
        dashboard.c.name > bindparam("after"),
        func.substr(dashboard.c.name, 1, func.length(bindparam("prefix"))) == bindparam("prefix"),
    )
    .order_by(dashboard.c.name)
    .limit(bindparam("most"))
)
_REMOVE = delete(dashboard).where(
    dashboard.c.account_id == bindparam("account"), dashboard.c.name == bindparam("called")
)
_TAGS = (
    select(monitoring_tag.c.key, monitoring_tag.c.value)
    .where(monitoring_tag.c.account_id == bindparam("account"), monitoring_tag.c.arn == bindparam("of"))
    .order_by(monitoring_tag.c.key)
)
_PUT_TAG = text(
    "INSERT INTO monitoring_tag (account_id, arn, key, value) VALUES (:account, :of, :key, :value) "
    "ON CONFLICT (account_id, arn, key) DO UPDATE SET value = excluded.value"
)
_REMOVE_TAG = delete(monitoring_tag).where(
    monitoring_tag.c.account_id == bindparam("account"),
    monitoring_tag.c.arn == bindparam("of"),
    monitoring_tag.c.key == bindparam("which"),
)
_REMOVE_TAGS = delete(monitoring_tag).where(
    monitoring_tag.c.account_id == bindparam("account"), monitoring_tag.c.arn == bindparam("of")
)


def find(tx: Reader, account: str, name: str) -> DashboardRow | None:
    """The dashboard of this name."""
    row = tx.one(_FIND, account=account, called=name)
    return None if row is None else _record(row)


def put(tx: Transaction, new: DashboardRow) -> None:
    """Make a dashboard, or draw it anew."""
    tx.run(_PUT, account=new.account, called=new.name, body=new.body, at=new.modified_at)


def count(tx: Reader, account: str) -> int:
    """How many dashboards an account has."""
    return number_of(tx, _COUNT, account=account)


def page(tx: Reader, account: str, prefix: str, limit: int, after: str) -> Sequence[DashboardRow]:
    """Dashboards by name, from a name on."""
    return [_record(row) for row in tx.all(_PAGE, account=account, prefix=prefix, most=limit, after=after)]


def remove(tx: Transaction, account: str, name: str) -> bool:
    """Remove a dashboard; whether it was there."""
    return tx.run(_REMOVE, account=account, called=name) > 0


def tags(tx: Reader, account: str, arn: str) -> Sequence[tuple[str, str]]:
    """(key, value) pairs of a dashboard or an alarm, by key."""
    return [(row.key, row.value) for row in tx.all(_TAGS, account=account, of=arn)]


def put_tag(tx: Transaction, account: str, arn: str, key: str, value: str) -> None:
    """Set one tag."""
    tx.run(_PUT_TAG, account=account, of=arn, key=key, value=value)


def remove_tag(tx: Transaction, account: str, arn: str, key: str) -> None:
    """Remove one tag, which need not be there."""
    tx.run(_REMOVE_TAG, account=account, of=arn, which=key)


def remove_tags(tx: Transaction, account: str, arn: str) -> None:
    """Remove all tags of what is removed."""
    tx.run(_REMOVE_TAGS, account=account, of=arn)


def _record(row: Row) -> DashboardRow:
    return DashboardRow(row.account_id, row.name, row.body, row.modified_at)
