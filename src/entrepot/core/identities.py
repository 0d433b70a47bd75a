"""Accounts and their root credentials."""

import re
import secrets
import string
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from entrepot.core.changes import new_stamp
from entrepot.core.credentials import secret_context
from entrepot.core.principals import Principal, root_principal
from entrepot.db import accounts
from entrepot.db.database import Conflict, Transaction
from entrepot.db.records import AccessKey, Account
from entrepot.errors import AccountAlreadyExists, AccountNotFound, ParameterInvalid
from entrepot.seal import Seal

__all__ = ["Account", "RootCredentials", "create_account", "fresh_credentials", "list_accounts", "rotate_root_key"]

_ACCOUNT_ID = re.compile(r"[0-9]{12}")
_KEY_ALPHABET = string.ascii_uppercase + "234567"
_SECRET_ALPHABET = string.ascii_letters + string.digits + "+/"


@dataclass(frozen=True, slots=True)
class RootCredentials:
    """An account's root key; the secret is shown once and stored sealed."""

    account: str
    access_key_id: str
    secret_access_key: str

    def __repr__(self) -> str:
        return f"RootCredentials({self.account}, {self.access_key_id}, ***)"


def fresh_credentials(account: str) -> RootCredentials:
    """Random credentials of AWS's shape."""
    key_id = "AKIA" + "".join(secrets.choice(_KEY_ALPHABET) for _ in range(16))
    return RootCredentials(account, key_id, "".join(secrets.choice(_SECRET_ALPHABET) for _ in range(40)))


def fresh_account_id() -> str:
    """A random account id of 12 digits."""
    return f"{secrets.randbelow(10**12 - 1) + 1:012d}"


def create_account(tx: Transaction, seal: Seal, credentials: RootCredentials, name: str, at: datetime) -> Account:
    """An account with a root key: AccountAlreadyExists; ParameterInvalid for an id that is not 12 digits."""
    account_id = credentials.account
    if not _ACCOUNT_ID.fullmatch(account_id):
        raise ParameterInvalid(parameter="account id", reason=f"'{account_id}' is not 12 digits")
    if accounts.find(tx, account_id) is not None:
        raise AccountAlreadyExists(account=account_id)
    stamp = new_stamp()
    accounts.add(tx, account_id, name, stamp, at)
    _add_root_key(tx, seal, credentials, at)
    return Account(account_id, name, stamp, at)


def list_accounts(tx: Transaction) -> Sequence[Account]:
    """Every account, by id."""
    return accounts.list_all(tx)


def rotate_root_key(tx: Transaction, seal: Seal, credentials: RootCredentials, at: datetime) -> None:
    """Replace an account's root keys: the old ones, and every token issued to them, are void at once."""
    if accounts.find(tx, credentials.account) is None:
        raise AccountNotFound(account=credentials.account)
    accounts.retire_root_keys(tx, credentials.account)
    _add_root_key(tx, seal, credentials, at)
    accounts.restamp(tx, credentials.account, new_stamp())


def root_of(tx: Transaction, account: str) -> Principal:
    """An account's root by its active key: AccountNotFound."""
    for key in accounts.keys_of(tx, account):
        if key.principal_kind == "root" and key.status == "Active":
            return root_principal(account, key.id, key.epoch, key.account_stamp)
    raise AccountNotFound(account=account)


def _add_root_key(tx: Transaction, seal: Seal, credentials: RootCredentials, at: datetime) -> None:
    key_id = credentials.access_key_id
    sealed = seal.seal(credentials.secret_access_key.encode(), secret_context(key_id))
    account = credentials.account
    try:
        accounts.add_key(tx, AccessKey(key_id, account, "root", account, sealed, "Active", secrets.randbits(62)), at)
    except Conflict:
        raise ParameterInvalid(parameter="access key id", reason=f"'{key_id}' is in use; choose another") from None
