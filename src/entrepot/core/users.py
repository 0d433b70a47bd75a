"""Users: create, read, rename, delete; and who the caller is."""

from dataclasses import dataclass

from entrepot.core import boundaries, entities
from entrepot.core.access import Caller
from entrepot.core.entities import USER, Draft, Entity
from entrepot.core.page import Page
from entrepot.db import access_keys, accounts, grants, memberships, sign_ins
from entrepot.db import entities as rows
from entrepot.db.database import Transaction
from entrepot.errors import AccountNotFound, EntityInUse, ParameterInvalid

__all__ = ["Entity"]


@dataclass(frozen=True, slots=True)
class User:
    """A user, or an account's root (whose `entity` has the account's id and no name), with its tags."""

    entity: Entity
    tags: tuple[tuple[str, str], ...]


def create(tx: Transaction, caller: Caller, draft: Draft) -> User:
    """Make a user: EntityAlreadyExists."""
    entities.allow_new(caller, "CreateUser", USER, draft)
    accounts.lock(tx, caller.principal.account)
    if draft.boundary is not None:
        boundaries.check(tx, caller, draft.boundary)
    made = entities.add(tx, caller, USER, draft)
    told = {"userName": draft.name, "path": draft.path, "permissionsBoundary": draft.boundary}
    entities.changed(tx, caller, "CreateUser", told | {"tags": dict(draft.tags)})
    return User(made, tuple(sorted(draft.tags)))


def get(tx: Transaction, caller: Caller, name: str | None) -> User:
    """A user, by default the caller: EntityNotFound."""
    found = require_named_or_self(tx, caller, "GetUser", name)
    return User(found, rows.tags(tx, found.id))


def list_below(tx: Transaction, caller: Caller, prefix: str, limit: int, after: str) -> Page[Entity]:
    """A page of the users below a path, by name."""
    return entities.page(tx, caller, "ListUsers", USER, prefix, limit, after)


def update(tx: Transaction, caller: Caller, name: str, new_name: str | None, new_path: str | None) -> None:
    """Another name or path; the keys, policies and groups stay."""
    entities.rename(tx, caller, USER, name, new_name, new_path)


def delete(tx: Transaction, caller: Caller, name: str) -> None:
    """Remove a user who has nothing left: EntityInUse."""
    found = entities.require_locked(tx, caller, "DeleteUser", USER, name)
    if access_keys.list_of(tx, found.account, found.id):
        raise EntityInUse(first="delete access keys")
    if sign_ins.devices_of(tx, found.id):
        raise EntityInUse(first="delete MFA device")
    if sign_ins.find_login(tx, found.id) is not None:
        raise EntityInUse(first="delete login profile")
    if grants.inline(tx, found.id):
        raise EntityInUse(first="delete policies")
    if grants.attached(tx, found.id):
        raise EntityInUse(first="detach all policies")
    if memberships.count_of(tx, found.id):
        raise EntityInUse(first="remove users from group")
    rows.remove(tx, found.id)
    entities.changed(tx, caller, "DeleteUser", {"userName": name})


def require_named_or_self(tx: Transaction, caller: Caller, operation: str, name: str | None) -> Entity:
    """The user that is named, else the caller: a user, or the root in the shape of one; ParameterInvalid for others."""
    if name is not None:
        return entities.require(tx, caller, operation, USER, name)
    principal = caller.principal
    if principal.kind == "user":
        found = rows.by_id(tx, principal.id)
        shown = principal.arn.rpartition("/")[2]
        path, tags = "/" if found is None else found.path, entities.tags_of(tx, found)
        entities.allow(caller, operation, USER, shown, path, tags=tags)
        return entities.present(found, USER, shown)
    entities.allow_account(caller, operation)
    if principal.kind != "root":
        reason = "Must specify userName when calling with non-User credentials"
        raise ParameterInvalid(parameter="UserName", reason=reason)
    return root(tx, principal.account)


def root(tx: Transaction, account: str) -> Entity:
    """An account's root in the shape of a user, without a name."""
    found = accounts.find(tx, account)
    if found is None:
        raise AccountNotFound(account=account)
    return Entity(account, account, "root", "", "/", "", None, found.created_at, found.created_at)
