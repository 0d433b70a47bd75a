"""Roles: create, read, change, delete."""

from dataclasses import dataclass, replace
from datetime import datetime

from entrepot.core import boundaries, entities, holders, named_principals
from entrepot.core.access import Caller
from entrepot.core.entities import ROLE, Draft, Entity
from entrepot.core.held_policies import SERVICE_PATH
from entrepot.core.named_principals import PrincipalUnknown
from entrepot.core.page import Page
from entrepot.db import accounts, grants
from entrepot.db import entities as entity_rows
from entrepot.db import roles as rows
from entrepot.db.database import Transaction
from entrepot.db.identity_records import Role
from entrepot.errors import EntityInUse, EntityNotFound, IdentityInputInvalid, PolicyMalformed
from entrepot.policy import document as documents
from entrepot.policy.structure import Kind

__all__ = ["Role"]

DEFAULT_SESSION_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class NamedRole:
    """A role with its entity and tags."""

    entity: Entity
    role: Role
    tags: tuple[tuple[str, str], ...]


def create(tx: Transaction, caller: Caller, draft: Draft, trust_document: str, seconds: int) -> NamedRole:
    """Make a role: PolicyMalformed for its trust policy, EntityAlreadyExists."""
    entities.allow_new(caller, "CreateRole", ROLE, draft)
    if draft.path.startswith(SERVICE_PATH):
        raise IdentityInputInvalid(reason=f"Roles below {SERVICE_PATH} are made by CreateServiceLinkedRole.")
    accounts.lock(tx, caller.principal.account)
    kept = _kept(tx, trust_document)
    if draft.boundary is not None:
        boundaries.check(tx, caller, draft.boundary)
    made = add(tx, caller, draft, Role(kept, seconds, None, None, None))
    told = {
        "roleName": draft.name,
        "path": draft.path,
        "assumeRolePolicyDocument": trust_document,
        "maxSessionDuration": seconds,
        "permissionsBoundary": draft.boundary,
        "tags": dict(draft.tags),
    }
    entities.changed(tx, caller, "CreateRole", told)
    return _told(tx, made)


def get(tx: Transaction, caller: Caller, name: str) -> NamedRole:
    """A role: EntityNotFound."""
    return whole(tx, entities.require(tx, caller, "GetRole", ROLE, name))


def list_below(tx: Transaction, caller: Caller, prefix: str, limit: int, after: str) -> Page[NamedRole]:
    """A page of the roles below a path, by name."""
    page = entities.page(tx, caller, "ListRoles", ROLE, prefix, limit, after)
    return Page(tuple(whole(tx, found) for found in page.items), page.after)


def update(tx: Transaction, caller: Caller, name: str, description: str | None, seconds: int | None) -> None:
    """Another description or limit of sessions: EntityProtected for a service's limit."""
    found = entities.require_locked(tx, caller, "UpdateRole", ROLE, name)
    if seconds is not None:
        holders.require_unprotected(tx, found)
        rows.set_limit(tx, found.id, seconds)
    if description is not None:
        entity_rows.describe(tx, found.id, description)
    told = {"roleName": name, "description": description, "maxSessionDuration": seconds}
    entities.changed(tx, caller, "UpdateRole", told)


def describe(tx: Transaction, caller: Caller, name: str, description: str) -> NamedRole:
    """Another description."""
    found = entities.require_locked(tx, caller, "UpdateRoleDescription", ROLE, name)
    entity_rows.describe(tx, found.id, description)
    entities.changed(tx, caller, "UpdateRoleDescription", {"roleName": name, "description": description})
    return whole(tx, entity_rows.by_id(tx, found.id) or found)


def set_trust(tx: Transaction, caller: Caller, name: str, trust_document: str) -> None:
    """Who may assume the role from now on: PolicyMalformed, EntityProtected."""
    found = entities.require_locked(tx, caller, "UpdateAssumeRolePolicy", ROLE, name)
    holders.require_unprotected(tx, found)
    rows.set_trust(tx, found.id, _kept(tx, trust_document))
    told = {"roleName": name, "policyDocument": trust_document}
    entities.changed(tx, caller, "UpdateAssumeRolePolicy", told)


def delete(tx: Transaction, caller: Caller, name: str) -> None:
    """Remove a role that has nothing left: EntityInUse, EntityProtected."""
    found = entities.require_locked(tx, caller, "DeleteRole", ROLE, name)
    holders.require_unprotected(tx, found)
    if rows.profiles_of(tx, found.id):
        raise EntityInUse(first="remove roles from instance profile")
    if grants.attached(tx, found.id):
        raise EntityInUse(first="detach all policies")
    if grants.inline(tx, found.id):
        raise EntityInUse(first="delete policies")
    remove(tx, found)
    entities.changed(tx, caller, "DeleteRole", {"roleName": name})


def note_use(tx: Transaction, role_id: str, region: str, at: datetime) -> None:
    """Note that a session of a role signed a request; not a change of an identity."""
    rows.note_use(tx, role_id, region, at)


def whole(tx: Transaction, found: Entity) -> NamedRole:
    """The role of an entity that is one."""
    role = rows.find(tx, found.id)
    if role is None:
        raise EntityNotFound(entity=ROLE.absent.format(found.name))
    return _told(tx, NamedRole(found, role, entity_rows.tags(tx, found.id)))


def add(tx: Transaction, caller: Caller, draft: Draft, role: Role) -> NamedRole:
    """A new role. Not authorised here."""
    made = entities.add(tx, caller, ROLE, draft)
    rows.add(tx, made.id, role)
    return NamedRole(made, role, tuple(sorted(draft.tags)))


def remove(tx: Transaction, found: Entity) -> None:
    """Remove a role that has nothing left. Not authorised here."""
    rows.remove(tx, found.id)
    entity_rows.remove(tx, found.id)


def _told(tx: Transaction, found: NamedRole) -> NamedRole:
    """The role as its readers see it: its principals by ARN."""
    trust_document = named_principals.shown(tx, found.role.trust_document)
    return replace(found, role=replace(found.role, trust_document=trust_document))


def _kept(tx: Transaction, trust_document: str) -> str:
    documents.parse(trust_document, Kind.TRUST)
    try:
        return named_principals.stored(tx, trust_document)
    except PrincipalUnknown as unknown:
        raise PolicyMalformed(reason=f'Invalid principal in policy: "AWS":"{unknown}"') from None
