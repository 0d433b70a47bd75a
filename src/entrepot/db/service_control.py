"""Rows of `service_control_policy`: what limits an account as a whole."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, select, text

from entrepot.db.database import Reader, Transaction
from entrepot.db.identity_records import ServiceControlPolicy
from entrepot.db.identity_schema import service_control_policy
from entrepot.spec.moments import micros, moment

_OF = (
    select(service_control_policy)
    .where(service_control_policy.c.account_id == bindparam("account"))
    .order_by(service_control_policy.c.name)
)
_PUT = text(
    "INSERT INTO service_control_policy (account_id, name, document, created_at) "
    "VALUES (:account, :name, :document, :created_at) "
    "ON CONFLICT (account_id, name) DO UPDATE SET document = excluded.document"
)
_REMOVE = delete(service_control_policy).where(
    service_control_policy.c.account_id == bindparam("account"), service_control_policy.c.name == bindparam("which")
)


def list_of(tx: Reader, account: str) -> Sequence[ServiceControlPolicy]:
    """An account's policies, by name."""
    return [
        ServiceControlPolicy(row.name, row.document, moment(row.created_at)) for row in tx.all(_OF, account=account)
    ]


def put(tx: Transaction, account: str, name: str, document: str, at: datetime) -> None:
    """Set one policy of an account; one that is replaced keeps when it was made."""
    tx.run(_PUT, account=account, name=name, document=document, created_at=micros(at))


def remove(tx: Transaction, account: str, name: str) -> bool:
    """Remove one policy; whether it was there."""
    return tx.run(_REMOVE, account=account, which=name) > 0
