"""Rows of `password_policy` and `old_password`."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import bindparam, delete, select, text

from entrepot.db.database import Reader, Transaction
from entrepot.db.identity_records import PasswordPolicy
from entrepot.db.identity_schema import old_password, password_policy
from entrepot.spec.moments import micros

_FIND = select(password_policy).where(password_policy.c.account_id == bindparam("account"))
_PUT = text(
    "INSERT INTO password_policy "
    "(account_id, minimum_length, classes, users_may_change, max_age_days, reuse_prevention, hard_expiry) VALUES "
    "(:account, :minimum_length, :classes, :users_may_change, :max_age_days, :reuse_prevention, :hard_expiry) "
    "ON CONFLICT (account_id) DO UPDATE SET minimum_length = excluded.minimum_length, classes = excluded.classes, "
    "users_may_change = excluded.users_may_change, max_age_days = excluded.max_age_days, "
    "reuse_prevention = excluded.reuse_prevention, hard_expiry = excluded.hard_expiry"
)
_REMOVE = delete(password_policy).where(password_policy.c.account_id == bindparam("account"))
_OLD = (
    select(old_password.c.password)
    .where(old_password.c.user_id == bindparam("of"))
    .order_by(old_password.c.changed_at.desc())
    .limit(bindparam("limit"))
)
_ADD_OLD = text(
    "INSERT INTO old_password (user_id, changed_at, password) VALUES (:of, :changed_at, :password) "
    "ON CONFLICT (user_id, changed_at) DO NOTHING"
)
_REMOVE_OLD = delete(old_password).where(old_password.c.user_id == bindparam("of"))


def find(tx: Reader, account: str) -> PasswordPolicy | None:
    """What was set for an account."""
    row = tx.one(_FIND, account=account)
    if row is None:
        return None
    return PasswordPolicy(
        row.minimum_length,
        msgspec.json.decode(row.classes, type=tuple[str, ...]),
        bool(row.users_may_change),
        row.max_age_days,
        row.reuse_prevention,
        bool(row.hard_expiry),
    )


def put(tx: Transaction, account: str, new: PasswordPolicy) -> None:
    """Replace what was set."""
    tx.run(
        _PUT,
        account=account,
        minimum_length=new.minimum_length,
        classes=msgspec.json.encode(new.classes).decode(),
        users_may_change=int(new.users_may_change),
        max_age_days=new.max_age_days,
        reuse_prevention=new.reuse_prevention,
        hard_expiry=int(new.hard_expiry),
    )


def remove(tx: Transaction, account: str) -> bool:
    """Forget what was set; whether anything was."""
    return tx.run(_REMOVE, account=account) > 0


def old(tx: Transaction, user_id: str, most: int) -> Sequence[str]:
    """A user's last old passwords, as argon2 keeps them."""
    return [row.password for row in tx.all(_OLD, of=user_id, limit=most)]


def add_old(tx: Transaction, user_id: str, password: str, at: datetime) -> None:
    """Keep a password that another takes the place of."""
    tx.run(_ADD_OLD, of=user_id, changed_at=micros(at), password=password)


def forget_old(tx: Transaction, user_id: str) -> None:
    """Forget a user's old passwords."""
    tx.run(_REMOVE_OLD, of=user_id)
