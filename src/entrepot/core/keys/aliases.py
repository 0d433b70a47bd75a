"""Aliases of keys (KMS developer guide, "Aliases"): who changes one needs the right on the alias and on the key."""

from entrepot.core import access
from entrepot.core.access import Caller
from entrepot.core.keys import names, places
from entrepot.core.keys.names import SERVICE
from entrepot.core.keys.places import Asked
from entrepot.core.page import Page, cut
from entrepot.core.resources import Resource
from entrepot.db import accounts
from entrepot.db import keys as rows
from entrepot.db.database import Reader, Transaction
from entrepot.db.key_records import Alias, Key
from entrepot.errors import KeyAliasAlreadyExists, KeyAliasInvalid, KeyNotFound, KeyQuotaExceeded, ParameterInvalid

__all__ = ["Alias"]

MOST = 50  # of a key: AWS's quota


def create(tx: Transaction, caller: Caller, name: str, target: str) -> None:
    """Name a key: KeyAliasInvalid, KeyAliasAlreadyExists, KeyNotFound, KeyStateInvalid, KeyQuotaExceeded."""
    account = caller.principal.account
    accounts.lock(tx, account)
    _allow(caller, "CreateAlias", name)
    key = _target(tx, caller, "CreateAlias", target)
    if not names.is_alias(name) or name.startswith(names.RESERVED):
        raise KeyAliasInvalid(
            reason=f"{name[:256]}: an alias begins with alias/ and not with {names.RESERVED}, and has letters, digits, "
            "/, _ and - behind that."
        )
    if rows.alias(tx, account, caller.region, name) is not None:
        raise KeyAliasAlreadyExists(arn=_arn(caller, name))
    _require_room(tx, key)
    rows.add_alias(tx, Alias(account, caller.region, name, key.id, caller.at, caller.at))
    places.changed(tx, caller, "CreateAlias", {"aliasName": name, "targetKeyId": target}, account)


def update(tx: Transaction, caller: Caller, name: str, target: str) -> None:
    """Let an alias name another key of the same kind: KeyNotFound, KeyStateInvalid, KeyQuotaExceeded."""
    accounts.lock(tx, caller.principal.account)
    _allow(caller, "UpdateAlias", name)
    key = _target(tx, caller, "UpdateAlias", target)
    found = _require(tx, caller, name)
    before = places.require(tx, caller, found.key_id, Asked("UpdateAlias"))
    if (before.spec == "SYMMETRIC_DEFAULT", before.usage) != (key.spec == "SYMMETRIC_DEFAULT", key.usage):
        raise ParameterInvalid(parameter="targetKeyId", reason="the alias names a key of another kind or usage")
    if before.id != key.id:
        _require_room(tx, key)
    rows.point_alias(tx, found, key.id, caller.at)
    places.changed(tx, caller, "UpdateAlias", {"aliasName": name, "targetKeyId": target}, found.account)


def delete(tx: Transaction, caller: Caller, name: str) -> None:
    """Remove an alias; its key stays: KeyNotFound."""
    accounts.lock(tx, caller.principal.account)
    _allow(caller, "DeleteAlias", name)
    found = _require(tx, caller, name)
    places.require(tx, caller, found.key_id, Asked("DeleteAlias"))
    rows.remove_alias(tx, found)
    places.changed(tx, caller, "DeleteAlias", {"aliasName": name}, found.account)


def list_all(tx: Reader, caller: Caller, given: str, limit: int, after: str) -> Page[Alias]:
    """A page of the aliases of the account in this region, or of a key of it (where one is given), by name:
    KeyNotFound.
    """
    account = caller.principal.account
    access.require(caller, "ListAliases", Resource(account, "*", SERVICE))
    if not given:
        found = rows.aliases(tx, account, caller.region, after, limit + 1)
    else:
        place = places.find(tx, caller, given)
        if place.name.account != account:
            raise KeyNotFound(what=f"Key '{place.name.arn}'")
        found = rows.aliases_of(tx, places.present(place).id, after, limit + 1)
    return cut(found, limit, lambda alias: alias.name)


def _target(tx: Transaction, caller: Caller, operation: str, target: str) -> Key:
    """A key of the caller's own account: KeyNotFound, KeyStateInvalid."""
    key = places.require(tx, caller, target, Asked(operation))
    if key.account != caller.principal.account:
        raise KeyNotFound(what=f"Key '{key.arn}'")
    return places.require_kept(key)


def _require(tx: Transaction, caller: Caller, name: str) -> Alias:
    found = rows.alias(tx, caller.principal.account, caller.region, name)
    if found is None or name.startswith(names.RESERVED):
        raise KeyNotFound(what=f"Alias {_arn(caller, name)}")
    return found


def _require_room(tx: Transaction, key: Key) -> None:
    if len(rows.aliases_of(tx, key.id, most=MOST)) >= MOST:
        raise KeyQuotaExceeded(reason=f"{key.arn} has {MOST} aliases already.")


def _allow(caller: Caller, operation: str, name: str) -> None:
    access.require(caller, operation, Resource(caller.principal.account, _arn(caller, name), SERVICE))


def _arn(caller: Caller, name: str) -> str:
    return f"arn:aws:kms:{caller.region}:{caller.principal.account}:{name[:256]}"
