"""Instance profiles: each holds one role, which machines that have the profile take on."""

from dataclasses import dataclass

from entrepot.core import entities, holders, roles
from entrepot.core.access import Caller
from entrepot.core.entities import PROFILE, ROLE, Draft, Entity
from entrepot.core.page import Page
from entrepot.core.roles import NamedRole
from entrepot.db import accounts
from entrepot.db import entities as entity_rows
from entrepot.db import roles as rows
from entrepot.db.database import Transaction
from entrepot.errors import EntityInUse, EntityNotFound, QuotaExceeded

_MACHINES = "ec2.amazonaws.com"  # who takes on a profile's role


@dataclass(frozen=True, slots=True)
class InstanceProfile:
    """An instance profile with its role and tags."""

    entity: Entity
    role: NamedRole | None
    tags: tuple[tuple[str, str], ...]


def create(tx: Transaction, caller: Caller, draft: Draft) -> InstanceProfile:
    """Make an empty profile: EntityAlreadyExists."""
    entities.allow_new(caller, "CreateInstanceProfile", PROFILE, draft)
    accounts.lock(tx, caller.principal.account)
    made = entities.add(tx, caller, PROFILE, draft)
    told = {"instanceProfileName": draft.name, "path": draft.path, "tags": dict(draft.tags)}
    entities.changed(tx, caller, "CreateInstanceProfile", told)
    return whole(tx, made)


def get(tx: Transaction, caller: Caller, name: str) -> InstanceProfile:
    """A profile: EntityNotFound."""
    return whole(tx, entities.require(tx, caller, "GetInstanceProfile", PROFILE, name))


def list_below(tx: Transaction, caller: Caller, prefix: str, limit: int, after: str) -> Page[InstanceProfile]:
    """A page of the profiles below a path, by name."""
    page = entities.page(tx, caller, "ListInstanceProfiles", PROFILE, prefix, limit, after)
    return Page(tuple(whole(tx, found) for found in page.items), page.after)


def list_for_role(tx: Transaction, caller: Caller, role: str) -> tuple[InstanceProfile, ...]:
    """The profiles that hold a role, by name: EntityNotFound."""
    found = entities.require(tx, caller, "ListInstanceProfilesForRole", ROLE, role)
    return tuple(whole(tx, profile) for profile in rows.profiles_of(tx, found.id))


def delete(tx: Transaction, caller: Caller, name: str) -> None:
    """Remove an empty profile: EntityInUse."""
    found = entities.require_locked(tx, caller, "DeleteInstanceProfile", PROFILE, name)
    if rows.role_of(tx, found.id) is not None:
        raise EntityInUse(first="remove roles from instance profile")
    entity_rows.remove(tx, found.id)
    entities.changed(tx, caller, "DeleteInstanceProfile", {"instanceProfileName": name})


def add_role(tx: Transaction, caller: Caller, name: str, role: str) -> None:
    """Put a role into an empty profile, which whoever may pass the role may do: QuotaExceeded, EntityProtected."""
    found = entities.require_locked(tx, caller, "AddRoleToInstanceProfile", PROFILE, name)
    member = entities.require(tx, caller, "PassRole", ROLE, role, {"iam:passedtoservice": (_MACHINES,)})
    holders.require_unprotected(tx, member)
    if rows.role_of(tx, found.id) is not None:
        raise QuotaExceeded(quota="InstanceSessionsPerInstanceProfile", limit=1)
    rows.add_to_profile(tx, found.id, member.id)
    told = {"instanceProfileName": name, "roleName": role}
    entities.changed(tx, caller, "AddRoleToInstanceProfile", told)


def remove_role(tx: Transaction, caller: Caller, name: str, role: str) -> None:
    """Take a role out of a profile: EntityNotFound when it is not there."""
    found = entities.require_locked(tx, caller, "RemoveRoleFromInstanceProfile", PROFILE, name)
    member = entities.present(entity_rows.find(tx, found.account, ROLE.name, role), ROLE, role)
    if not rows.remove_from_profile(tx, found.id, member.id):
        raise EntityNotFound(entity=f"The role with name {role} in instance profile {name}")
    told = {"instanceProfileName": name, "roleName": role}
    entities.changed(tx, caller, "RemoveRoleFromInstanceProfile", told)


def whole(tx: Transaction, found: Entity) -> InstanceProfile:
    """The profile of an entity that is one."""
    role = rows.role_of(tx, found.id)
    return InstanceProfile(found, None if role is None else roles.whole(tx, role), entity_rows.tags(tx, found.id))
