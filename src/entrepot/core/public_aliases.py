"""Aliases of public registries: one that every registry is given, and others that the operator gives.

An alias stands in addresses, so it is the deployment's and not an account's to choose.
"""

import re
import secrets
import string
from collections.abc import Sequence
from datetime import datetime

from entrepot.db import accounts
from entrepot.db import public_aliases as rows
from entrepot.db.database import Conflict, Transaction
from entrepot.db.records import PublicAlias
from entrepot.errors import AccountNotFound, ParameterInvalid, PublicAliasNotFound, PublicAliasTaken

__all__ = ["PublicAlias", "add", "ensure_default", "list_of", "random_name", "remove"]

_NAME = re.compile(r"[a-z][a-z0-9]+(?:[._-][a-z0-9]+)*")
_SHORTEST, _LONGEST = 2, 50
_LETTERS = string.ascii_lowercase
_RANDOM = 7
RESERVED = frozenset(
    {
        *("admin", "amazon", "amazon-linux", "api", "aws", "bitnami", "default", "docker", "ecr", "eks", "entrepot"),
        *("lambda", "library", "logos", "public", "public.ecr", "registry", "root", "system", "token", "ubuntu"),
    }
)


def random_name() -> str:
    """A default alias of AWS's look; made before the unit of work, so that one that runs twice gives the same."""
    rest = _LETTERS + string.digits
    return secrets.choice(_LETTERS) + "".join(secrets.choice(rest) for _ in range(_RANDOM))


def ensure_default(tx: Transaction, account: str, name: str, at: datetime) -> Sequence[PublicAlias]:
    """The account's aliases, by name; `name` becomes the default one of an account without one."""
    held = rows.of_account(tx, account)
    if _has_default(held):
        return held
    accounts.lock(tx, account)  # of two first repositories one is first
    held = rows.of_account(tx, account)
    if _has_default(held):
        return held
    rows.add(tx, PublicAlias(name, account, "default", not any(alias.primary for alias in held), at))
    return rows.of_account(tx, account)


def add(tx: Transaction, account: str, name: str, at: datetime, *, primary: bool) -> PublicAlias:
    """Give an account an alias: AccountNotFound, ParameterInvalid, PublicAliasTaken.

    Addresses are written with it from now on if it is the first that was given, or when `primary` asks for it.
    """
    _check(name)
    if accounts.find(tx, account) is None:
        raise AccountNotFound(account=account)
    taken = rows.find(tx, name)
    if taken is not None:
        raise PublicAliasTaken(alias=name, account=taken.account)
    accounts.lock(tx, account)
    held = rows.of_account(tx, account)
    first = not any(alias.standing == "custom" for alias in held)
    new = PublicAlias(name, account, "custom", primary or first, at)
    if new.primary:
        _demote(tx, held)
    try:
        rows.add(tx, new)
    except Conflict:
        raise PublicAliasTaken(alias=name, account="") from None
    return new


def remove(tx: Transaction, account: str, name: str, default: str, at: datetime) -> PublicAlias:
    """Take an alias back: PublicAliasNotFound. Its addresses lead nowhere from then on.

    Addresses are then written with another one; `default` becomes the default alias of an account without one.
    """
    accounts.lock(tx, account)
    gone = rows.find(tx, name)
    if gone is None or gone.account != account or gone.standing != "custom":
        raise PublicAliasNotFound(alias=name, account=account)
    rows.remove(tx, name)
    if gone.primary:
        left = ensure_default(tx, account, default, at)
        heir = next((alias for alias in left if alias.standing == "custom"), left[0])
        _demote(tx, left)
        rows.set_primary(tx, heir.name, primary=True)
    return gone


def list_of(tx: Transaction, account: str | None) -> Sequence[PublicAlias]:
    """An account's aliases, or all of them, by account and name."""
    return rows.list_all(tx) if account is None else rows.of_account(tx, account)


def _has_default(held: Sequence[PublicAlias]) -> bool:
    return any(alias.standing == "default" for alias in held)


def _demote(tx: Transaction, held: Sequence[PublicAlias]) -> None:
    for alias in held:
        if alias.primary:
            rows.set_primary(tx, alias.name, primary=False)


def _check(name: str) -> None:
    if not _SHORTEST <= len(name) <= _LONGEST or not _NAME.fullmatch(name):
        reason = f"'{name[:_LONGEST]}' is not 2 to 50 of [a-z0-9], a letter first, in parts joined by one of . _ -"
        raise ParameterInvalid(parameter="alias", reason=reason)
    if name in RESERVED:
        raise ParameterInvalid(parameter="alias", reason=f"'{name}' is reserved")
