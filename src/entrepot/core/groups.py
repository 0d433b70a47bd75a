"""Groups of users: create, read, rename, delete; who is in them."""

from entrepot.core import entities
from entrepot.core.access import Caller
from entrepot.core.entities import GROUP, USER, Draft, Entity
from entrepot.core.page import Page
from entrepot.db import accounts, grants, memberships
from entrepot.db import entities as rows
from entrepot.db.database import Transaction
from entrepot.errors import EntityInUse, EntityNotFound, QuotaExceeded

MOST_GROUPS = 10


def create(tx: Transaction, caller: Caller, draft: Draft) -> Entity:
    """Make a group: EntityAlreadyExists."""
    entities.allow(caller, "CreateGroup", GROUP, draft.name, draft.path)
    accounts.lock(tx, caller.principal.account)
    made = entities.add(tx, caller, GROUP, draft)
    entities.changed(tx, caller, "CreateGroup", {"groupName": draft.name, "path": draft.path})
    return made


def get(tx: Transaction, caller: Caller, name: str, limit: int, after: str) -> tuple[Entity, Page[Entity]]:
    """(group, page of its users by name): EntityNotFound."""
    found = entities.require(tx, caller, "GetGroup", GROUP, name)
    return found, entities.paged(memberships.users_of(tx, found.id, after, limit + 1), limit)


def list_below(tx: Transaction, caller: Caller, prefix: str, limit: int, after: str) -> Page[Entity]:
    """A page of the groups below a path, by name."""
    return entities.page(tx, caller, "ListGroups", GROUP, prefix, limit, after)


def list_for_user(tx: Transaction, caller: Caller, user: str, limit: int, after: str) -> Page[Entity]:
    """A page of the groups that a user is in, by name: EntityNotFound."""
    found = entities.require(tx, caller, "ListGroupsForUser", USER, user)
    return entities.paged(memberships.groups_of(tx, found.id, after, limit + 1), limit)


def update(tx: Transaction, caller: Caller, name: str, new_name: str | None, new_path: str | None) -> None:
    """Another name or path; the users and policies stay."""
    entities.rename(tx, caller, GROUP, name, new_name, new_path)


def delete(tx: Transaction, caller: Caller, name: str) -> None:
    """Remove a group that has nothing left: EntityInUse."""
    found = entities.require_locked(tx, caller, "DeleteGroup", GROUP, name)
    if memberships.users_of(tx, found.id, "", 1):
        raise EntityInUse(first="remove users from group")
    if grants.attached(tx, found.id):
        raise EntityInUse(first="detach all policies")
    if grants.inline(tx, found.id):
        raise EntityInUse(first="delete policies")
    rows.remove(tx, found.id)
    entities.changed(tx, caller, "DeleteGroup", {"groupName": name})


def add_user(tx: Transaction, caller: Caller, name: str, user: str) -> None:
    """Put a user into a group; already there is fine. QuotaExceeded."""
    found = entities.require_locked(tx, caller, "AddUserToGroup", GROUP, name)
    member = entities.present(rows.find(tx, found.account, USER.name, user), USER, user)
    held = memberships.groups_of(tx, member.id, "", MOST_GROUPS + 1)
    if found.id not in {each.id for each in held} and len(held) >= MOST_GROUPS:
        raise QuotaExceeded(quota="GroupsPerUser", limit=MOST_GROUPS)
    memberships.add(tx, found.id, member.id)
    entities.changed(tx, caller, "AddUserToGroup", {"groupName": name, "userName": user})


def remove_user(tx: Transaction, caller: Caller, name: str, user: str) -> None:
    """Take a user out of a group: EntityNotFound when it is not there."""
    found = entities.require_locked(tx, caller, "RemoveUserFromGroup", GROUP, name)
    member = entities.present(rows.find(tx, found.account, USER.name, user), USER, user)
    if not memberships.remove(tx, found.id, member.id):
        raise EntityNotFound(entity=f"The user with name {user} in group {name}")
    entities.changed(tx, caller, "RemoveUserFromGroup", {"groupName": name, "userName": user})
