"""Service control policies: what the principals of an account, its root too, may be allowed at most.

The operator sets them (AWS Organizations' API is not there); an account without any is not limited. Each change gives
the account a new stamp, so that it is in force for every request that comes after it.
"""

import re
from collections.abc import Sequence
from datetime import datetime

from entrepot.core.changes import new_stamp
from entrepot.db import accounts
from entrepot.db import service_control as rows
from entrepot.db.database import Transaction
from entrepot.db.identity_records import ServiceControlPolicy
from entrepot.errors import AccountNotFound, EntityNotFound, ParameterInvalid, QuotaExceeded
from entrepot.policy import document as documents
from entrepot.policy.structure import Kind

__all__ = ["ServiceControlPolicy"]

MOST = 10
_NAME = re.compile(r"[\w+=,.@-]{1,128}", re.ASCII)


def put(tx: Transaction, account: str, name: str, text: str, at: datetime) -> None:
    """Set one of an account's policies: PolicyMalformed, PolicyTooLarge, QuotaExceeded, AccountNotFound."""
    if not _NAME.fullmatch(name):
        raise ParameterInvalid(parameter="name", reason="1 to 128 letters, digits and _+=,.@-")
    documents.parse(text, Kind.SERVICE_CONTROL)
    _hold(tx, account)
    others = {each.name for each in rows.list_of(tx, account)} - {name}
    if len(others) >= MOST:
        raise QuotaExceeded(quota="ServiceControlPoliciesPerAccount", limit=MOST)
    rows.put(tx, account, name, text, at)
    accounts.restamp(tx, account, new_stamp())


def list_of(tx: Transaction, account: str) -> Sequence[ServiceControlPolicy]:
    """An account's policies, by name: AccountNotFound."""
    if accounts.find(tx, account) is None:
        raise AccountNotFound(account=account)
    return rows.list_of(tx, account)


def delete(tx: Transaction, account: str, name: str) -> None:
    """Remove one of an account's policies; with the last of them its limit goes. AccountNotFound, EntityNotFound."""
    _hold(tx, account)
    if not rows.remove(tx, account, name):
        raise EntityNotFound(entity=f"The service control policy {name} of account {account}")
    accounts.restamp(tx, account, new_stamp())


def _hold(tx: Transaction, account: str) -> None:
    if accounts.find(tx, account) is None:
        raise AccountNotFound(account=account)
    accounts.lock(tx, account)
