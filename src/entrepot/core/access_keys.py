"""Access keys of users and of the root: two for each; who owns one, and when it was last used."""

import secrets
from datetime import datetime

from entrepot.core import access, entities, users
from entrepot.core.access import Caller
from entrepot.core.entities import Entity
from entrepot.core.resources import Resource
from entrepot.db import access_keys as rows
from entrepot.db import accounts
from entrepot.db import entities as entity_rows
from entrepot.db.database import Transaction
from entrepot.db.identity_records import KeyUse
from entrepot.db.records import AccessKey
from entrepot.errors import AccessDenied, EntityNotFound, IdentityInputInvalid, ParameterInvalid, QuotaExceeded
from entrepot.spec import access_key

__all__ = ["KeyUse"]

MOST_KEYS = 2
STATUSES = ("Active", "Inactive")


def create(tx: Transaction, caller: Caller, user: str | None, key_id: str, sealed: bytes) -> tuple[Entity, KeyUse]:
    """Give a user, by default the caller, a key that was made before: (whose, key); QuotaExceeded."""
    owner = _owner(tx, caller, "CreateAccessKey", user)
    if len(rows.list_of(tx, owner.account, owner.id)) >= MOST_KEYS:
        raise QuotaExceeded(quota="AccessKeysPerUser", limit=MOST_KEYS)
    key = AccessKey(key_id, owner.account, owner.kind, owner.id, sealed, "Active", secrets.randbits(62))
    accounts.add_key(tx, key, caller.at)
    entities.changed(tx, caller, "CreateAccessKey", {"userName": owner.name, "accessKeyId": key_id})
    return owner, KeyUse(key_id, owner.account, owner.id, "Active", caller.at, None, None, None)


def list_of(tx: Transaction, caller: Caller, user: str | None) -> tuple[Entity, tuple[KeyUse, ...]]:
    """(whose, keys) of a user, by default the caller; oldest first."""
    owner = users.require_named_or_self(tx, caller, "ListAccessKeys", user)
    return owner, tuple(rows.list_of(tx, owner.account, owner.id))


def set_status(tx: Transaction, caller: Caller, user: str | None, key_id: str, status: str) -> None:
    """Activate or deactivate a key; what an inactive one signed, or was given, is refused at once."""
    owner = _owner(tx, caller, "UpdateAccessKey", user)
    if status not in STATUSES:
        raise IdentityInputInvalid(reason=f"A key cannot be made {status}; it is {' or '.join(STATUSES)}.")
    rows.set_status(tx, _key_of(tx, owner, key_id).id, status)
    told = {"userName": owner.name, "accessKeyId": key_id, "status": status}
    entities.changed(tx, caller, "UpdateAccessKey", told)


def delete(tx: Transaction, caller: Caller, user: str | None, key_id: str) -> None:
    """Remove a key and make void what it signed or was given."""
    owner = _owner(tx, caller, "DeleteAccessKey", user)
    rows.remove(tx, _key_of(tx, owner, key_id).id)
    entities.changed(tx, caller, "DeleteAccessKey", {"userName": owner.name, "accessKeyId": key_id})


def last_use(tx: Transaction, caller: Caller, key_id: str) -> tuple[str, KeyUse]:
    """(owner's name, key) of a key of the caller's account; one that is not there is denied, as AWS does."""
    account = caller.principal.account
    found = rows.find(tx, key_id)
    owner = None if found is None else entity_rows.by_id(tx, found.principal_id)
    told_as = f"access key {key_id}"
    own = owner if owner is not None and owner.account == account else None
    arn, tags = "*" if own is None else entities.arn(own), entities.tags_of(tx, own)
    access.require(caller, "GetAccessKeyLastUsed", Resource(account, arn, "iam", told_as, tags=tags))
    if found is None or found.account != account:
        principal, action = caller.principal.arn, "iam:GetAccessKeyLastUsed"
        raise AccessDenied(
            principal=principal,
            action=action,
            resource=told_as,
            why=f"because no identity-based policy allows the {action} action",
        )
    return "" if owner is None else owner.name, found


def account_of(tx: Transaction, caller: Caller, key_id: str) -> str:
    """The account of a key, a temporary one too, of whatever account: ParameterInvalid for none of ours."""
    access.require(caller, "GetAccessKeyInfo", Resource(caller.principal.account, "*", "sts"))
    found = rows.find(tx, key_id)
    account = access_key.account_of(key_id) if found is None else found.account
    if account is None:
        raise ParameterInvalid(parameter="AccessKeyId", reason=f"{key_id} is no key of this deployment")
    return account


def note_use(tx: Transaction, key_id: str, service: str, region: str, at: datetime) -> None:
    """Note that a key signed a request; not a change of an identity."""
    rows.note_use(tx, key_id, service, region, at)


def _owner(tx: Transaction, caller: Caller, operation: str, user: str | None) -> Entity:
    accounts.lock(tx, caller.principal.account)
    return users.require_named_or_self(tx, caller, operation, user)


def _key_of(tx: Transaction, owner: Entity, key_id: str) -> KeyUse:
    for key in rows.list_of(tx, owner.account, owner.id):
        if key.id == key_id:
            return key
    raise EntityNotFound(entity=f"The Access Key with id {key_id}")
