"""Rows of `account_alias` and `credential_report`."""

from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select, text

from entrepot.db.database import Transaction
from entrepot.db.identity_schema import account_alias, credential_report
from entrepot.spec.moments import micros, moment

_ALIAS = select(account_alias.c.alias).where(account_alias.c.account_id == bindparam("of"))
_ALIAS_OWNER = select(account_alias.c.account_id).where(account_alias.c.alias == bindparam("alias"))
_ADD_ALIAS = insert(account_alias)
_REMOVE_ALIAS = delete(account_alias).where(account_alias.c.account_id == bindparam("of"))
_REPORT = select(credential_report).where(credential_report.c.account_id == bindparam("of"))
_PUT_REPORT = text(
    "INSERT INTO credential_report (account_id, content, generated_at) VALUES (:of, :content, :at) "
    "ON CONFLICT (account_id) DO UPDATE SET content = excluded.content, generated_at = excluded.generated_at"
)


def find_alias(tx: Transaction, account: str) -> str | None:
    """The account's alias."""
    row = tx.one(_ALIAS, of=account)
    return None if row is None else str(row.alias)


def alias_owner(tx: Transaction, alias: str) -> str | None:
    """The account that has an alias."""
    row = tx.one(_ALIAS_OWNER, alias=alias)
    return None if row is None else str(row.account_id)


def put_alias(tx: Transaction, account: str, alias: str) -> None:
    """Give the account this alias in place of another; Conflict when it is taken."""
    tx.run(_REMOVE_ALIAS, of=account)
    tx.run(_ADD_ALIAS, account_id=account, alias=alias)


def remove_alias(tx: Transaction, account: str) -> None:
    """Take the account's alias away."""
    tx.run(_REMOVE_ALIAS, of=account)


def find_report(tx: Transaction, account: str) -> tuple[bytes, datetime] | None:
    """The last credential report and when it was made."""
    row = tx.one(_REPORT, of=account)
    return None if row is None else (bytes(row.content), moment(row.generated_at))


def put_report(tx: Transaction, account: str, content: bytes, at: datetime) -> None:
    """A new credential report in place of the last."""
    tx.run(_PUT_REPORT, of=account, content=content, at=micros(at))
