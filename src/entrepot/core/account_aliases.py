"""The alias of an account: one for each, and each for one account of the deployment."""

from entrepot.core import entities
from entrepot.core.access import Caller
from entrepot.db import account_details as rows
from entrepot.db import accounts
from entrepot.db.database import Conflict, Transaction
from entrepot.errors import EntityAlreadyExists, EntityNotFound


def create(tx: Transaction, caller: Caller, alias: str) -> None:
    """Give the account this alias, in place of the one that it had: EntityAlreadyExists."""
    entities.allow_account(caller, "CreateAccountAlias")
    account = caller.principal.account
    accounts.lock(tx, account)
    if rows.alias_owner(tx, alias) not in (None, account):
        raise EntityAlreadyExists(entity=f"The account alias {alias}")
    try:
        rows.put_alias(tx, account, alias)
    except Conflict:
        raise EntityAlreadyExists(entity=f"The account alias {alias}") from None
    entities.changed(tx, caller, "CreateAccountAlias", {"accountAlias": alias})


def list_all(tx: Transaction, caller: Caller) -> tuple[str, ...]:
    """The account's alias, if it has one."""
    entities.allow_account(caller, "ListAccountAliases")
    alias = rows.find_alias(tx, caller.principal.account)
    return () if alias is None else (alias,)


def delete(tx: Transaction, caller: Caller, alias: str) -> None:
    """Take the alias away: EntityNotFound when it is not the account's."""
    entities.allow_account(caller, "DeleteAccountAlias")
    account = caller.principal.account
    accounts.lock(tx, account)
    if rows.find_alias(tx, account) != alias:
        raise EntityNotFound(entity=f"The account alias {alias}")
    rows.remove_alias(tx, account)
    entities.changed(tx, caller, "DeleteAccountAlias", {"accountAlias": alias})
