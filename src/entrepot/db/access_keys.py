"""Rows of `access_key` by their owner; those of an account, and the secret, are read in db/accounts.py."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, or_, select, update

from entrepot.db.database import Row, Transaction
from entrepot.db.identity_records import KeyUse
from entrepot.db.identity_schema import access_key
from entrepot.spec.moments import micros, moment, moment_or_none

_LIST = (
    select(access_key)
    .where(access_key.c.account_id == bindparam("account"), access_key.c.principal_id == bindparam("principal"))
    .order_by(access_key.c.created_at, access_key.c.id)
)
_FIND = select(access_key).where(access_key.c.id == bindparam("id"))
_SET_STATUS = update(access_key).where(access_key.c.id == bindparam("of")).values(status=bindparam("new_status"))
_REMOVE = delete(access_key).where(access_key.c.id == bindparam("of"))
_NOTE_USE = (
    update(access_key)
    .where(
        access_key.c.id == bindparam("of"),
        or_(access_key.c.last_used_at.is_(None), access_key.c.last_used_at < bindparam("at")),
    )
    .values(
        last_used_at=bindparam("at"), last_used_service=bindparam("service"), last_used_region=bindparam("used_region")
    )
)


def list_of(tx: Transaction, account: str, principal_id: str) -> Sequence[KeyUse]:
    """A user's keys, or the root's (whose id is the account's), oldest first."""
    return [_record(row) for row in tx.all(_LIST, account=account, principal=principal_id)]


def find(tx: Transaction, key_id: str) -> KeyUse | None:
    """The key of this id, of whatever account."""
    row = tx.one(_FIND, id=key_id)
    return None if row is None else _record(row)


def set_status(tx: Transaction, key_id: str, status: str) -> None:
    """Active or Inactive."""
    tx.run(_SET_STATUS, of=key_id, new_status=status)


def remove(tx: Transaction, key_id: str) -> None:
    """Remove a key: what was signed with it, and every token issued to it, is void."""
    tx.run(_REMOVE, of=key_id)


def note_use(tx: Transaction, key_id: str, service: str, region: str, at: datetime) -> None:
    """Note a use, unless a later one is noted."""
    tx.run(_NOTE_USE, of=key_id, at=micros(at), service=service, used_region=region)


def _record(row: Row) -> KeyUse:
    return KeyUse(
        row.id,
        row.account_id,
        row.principal_id,
        row.status,
        moment(row.created_at),
        moment_or_none(row.last_used_at),
        row.last_used_service,
        row.last_used_region,
    )
