"""Rows of `account` and `access_key`."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, insert, select, update

from entrepot.db.database import Reader, Row, Transaction
from entrepot.db.identity_schema import access_key, account, entity
from entrepot.db.records import AccessKey, Account
from entrepot.spec.moments import micros, moment, moment_or_none

_FIND = select(account).where(account.c.id == bindparam("id"))
_LIST = select(account).order_by(account.c.id)
_INSERT = insert(account)
_STAMP = update(account).where(account.c.id == bindparam("of")).values(stamp=bindparam("new_stamp"))
_LOCK = _FIND.with_for_update(key_share=True)
_SHARE = _FIND.with_for_update(read=True)
_KEYS = select(
    access_key,
    account.c.stamp.label("account_stamp"),
    entity.c.path.label("owner_path"),
    entity.c.name.label("owner_name"),
).select_from(
    access_key.join(account, account.c.id == access_key.c.account_id).outerjoin(
        entity, entity.c.id == access_key.c.principal_id
    )
)
FIND_KEY = _KEYS.where(access_key.c.id == bindparam("id"))
_KEYS_OF = _KEYS.where(access_key.c.account_id == bindparam("account")).order_by(access_key.c.id)
_INSERT_KEY = insert(access_key)
_RETIRE_ROOT_KEYS = (
    update(access_key)
    .where(access_key.c.account_id == bindparam("of"), access_key.c.principal_kind == "root")
    .values(status="Inactive")
)


def find(tx: Reader, account_id: str) -> Account | None:
    """The account, or None."""
    row = tx.one(_FIND, id=account_id)
    return None if row is None else _account(row)


def lock(tx: Transaction, account_id: str) -> None:
    """Hold the account for a change of what it contains: one such change at a time."""
    tx.one(_LOCK, id=account_id)


def share(tx: Transaction, account_id: str) -> None:
    """Keep what the account contains from being changed until the unit ends; many may at once (FOR SHARE)."""
    tx.one(_SHARE, id=account_id)


def list_all(tx: Transaction) -> Sequence[Account]:
    """Every account, by id."""
    return [_account(row) for row in tx.all(_LIST)]


def add(tx: Transaction, account_id: str, name: str, stamp: int, at: datetime) -> None:
    """A new account without credentials."""
    tx.run(_INSERT, id=account_id, name=name, stamp=stamp, created_at=micros(at))


def restamp(tx: Transaction, account_id: str, stamp: int) -> None:
    """Make every cached decision about this account's principals stale."""
    tx.run(_STAMP, of=account_id, new_stamp=stamp)


def find_key(tx: Transaction, key_id: str) -> AccessKey | None:
    """The access key of this id, active or not."""
    row = tx.one(FIND_KEY, id=key_id)
    return None if row is None else access_key_of(row)


def keys_of(tx: Transaction, account_id: str) -> Sequence[AccessKey]:
    """Every key of an account."""
    return [access_key_of(row) for row in tx.all(_KEYS_OF, account=account_id)]


def add_key(tx: Transaction, key: AccessKey, at: datetime) -> None:
    """A new access key."""
    tx.run(
        _INSERT_KEY,
        id=key.id,
        account_id=key.account,
        principal_kind=key.principal_kind,
        principal_id=key.principal_id,
        secret=key.secret,
        status=key.status,
        epoch=key.epoch,
        created_at=micros(at),
        last_used_at=None,
        last_used_service=None,
        last_used_region=None,
    )


def retire_root_keys(tx: Transaction, account_id: str) -> None:
    """Make the root's present keys, and all tokens issued to them, invalid."""
    tx.run(_RETIRE_ROOT_KEYS, of=account_id)


def access_key_of(row: Row) -> AccessKey:
    """A row of `access_key` as a record."""
    return AccessKey(
        row.id,
        row.account_id,
        row.principal_kind,
        row.principal_id,
        bytes(row.secret),
        row.status,
        row.epoch,
        "" if row.owner_name is None else row.owner_path + row.owner_name,
        moment_or_none(row.last_used_at),
        row.account_stamp,
    )


def _account(row: Row) -> Account:
    return Account(row.id, row.name, row.stamp, moment(row.created_at))
