"""What IAM's things have in common: a name that is taken whatever its case, a path, a unique id, an ARN, tags.

Each use case on them begins with one of the functions that authorise here. An ARN holds the path, which only the row
tells; so the row is read first, but a denial names the thing by what the caller said, and says nothing of what exists.
Each change ends with `changed`: a new stamp for the account, so that what was decided about its identities is decided
again, and an audit record. Whoever changes something holds the account's row: one change at a time.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from entrepot.core import access, changes
from entrepot.core.access import NO_KEYS, Caller, Keys
from entrepot.core.changes import new_stamp
from entrepot.core.page import Page, cut
from entrepot.core.resource_tags import request_tags
from entrepot.core.resources import Resource, Tags, no_tags
from entrepot.db import accounts
from entrepot.db import entities as rows
from entrepot.db.database import Transaction
from entrepot.db.identity_records import Entity
from entrepot.errors import EntityAlreadyExists, EntityNotFound, IdentityInputInvalid, QuotaExceeded

__all__ = ["Draft", "Entity", "Kind"]

MOST_TAGS = 50
BOUNDARY_KEY = "iam:permissionsboundary"  # of who is made or bounded; of whose policies change, the present one
_ID_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_ID_LENGTH = 17


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of entity: how its ids begin, how AWS's sentences name one, which quota counts them."""

    name: str
    prefix: str
    absent: str
    taken: str
    quota: str
    most: int

    @property
    def noun(self) -> str:
        """What it is called in the names of operations."""
        return _NOUNS[self.name]


USER = Kind("user", "AIDA", "The user with name {}", "User with name {}", "UsersPerAccount", 5000)
GROUP = Kind("group", "AGPA", "The group with name {}", "Group with name {}", "GroupsPerAccount", 300)
ROLE = Kind("role", "AROA", "The role with name {}", "Role with name {}", "RolesPerAccount", 1000)
POLICY = Kind("policy", "ANPA", "Policy {}", "A policy called {}", "PoliciesPerAccount", 1500)
PROFILE = Kind(
    "instance-profile",
    "AIPA",
    "Instance Profile {}",
    "Instance Profile {}",
    "InstanceProfilesPerAccount",
    1000,
)
PROVIDER = Kind(
    "oidc-provider",
    "",
    "OpenIDConnect Provider for {}",
    "Provider with url https://{}",
    "OpenIdConnectProvidersPerAccount",
    100,
)
DEVICE = Kind("mfa", "", "VirtualMFADevice with serial number {}", "MFADevice {}", "VirtualMFADevicesPerAccount", 5000)

_NOUNS = {
    "group": "Group",
    "user": "User",
    "role": "Role",
    "policy": "Policy",
    "instance-profile": "InstanceProfile",
    "oidc-provider": "OpenIDConnectProvider",
    "mfa": "MFADevice",
}


@dataclass(frozen=True, slots=True)
class Draft:
    """What an entity is to be made of; `id` is made before the unit of work, which may run twice."""

    name: str
    id: str
    path: str = "/"
    description: str = ""
    boundary: str | None = None
    tags: tuple[tuple[str, str], ...] = ()


def new_id(kind: Kind) -> str:
    """A fresh unique id of AWS's shape."""
    return kind.prefix + "".join(secrets.choice(_ID_ALPHABET) for _ in range(_ID_LENGTH))


def arn(found: Entity) -> str:
    """The entity's ARN; an account's root, in the shape of a user, has one too."""
    if found.kind == "root":
        return _arn(found.account, "root", "")
    return _arn(found.account, found.kind, found.path + found.name)


def resource(account: str, kind: Kind, name: str, path: str = "/", tags: Callable[[], Tags] = no_tags) -> Resource:
    """What an action on a thing of this name is authorised on; it need not exist."""
    plain = _arn(account, kind.name, f"/{name}")
    return Resource(account, _arn(account, kind.name, path + name), "iam", plain, tags=tags)


def allow(
    caller: Caller,
    operation: str,
    kind: Kind,
    name: str,
    path: str = "/",
    keys: Keys = NO_KEYS,
    tags: Callable[[], Tags] = no_tags,
) -> None:
    """AccessDenied unless the caller may do this to a thing of this name, which has these tags."""
    access.require(caller, operation, resource(caller.principal.account, kind, name, path, tags), keys)


def allow_new(caller: Caller, operation: str, kind: Kind, draft: Draft) -> None:
    """AccessDenied unless the caller may make this, its tags included, which are checked: IdentityInputInvalid."""
    keys = request_tags(draft.tags)
    bounded = {} if draft.boundary is None else {BOUNDARY_KEY: (draft.boundary,)}
    allow(caller, operation, kind, draft.name, draft.path, {**keys, **bounded})
    if draft.tags:
        allow(caller, f"Tag{kind.noun}", kind, draft.name, draft.path, keys)
    check_tags(draft.tags)


def allow_account(caller: Caller, operation: str, keys: Keys = NO_KEYS) -> None:
    """AccessDenied unless the caller may do this, which concerns no thing in particular."""
    access.require(caller, operation, Resource(caller.principal.account, "*", "iam"), keys)


def require(tx: Transaction, caller: Caller, operation: str, kind: Kind, name: str, keys: Keys = NO_KEYS) -> Entity:
    """The caller's account's entity of this name, or ARN: AccessDenied, then EntityNotFound."""
    account = caller.principal.account
    if name.startswith("arn:"):
        found = _find_by_arn(tx, account, kind, name)
        access.require(caller, operation, Resource(account, name, "iam", tags=tags_of(tx, found)), keys)
        return _present_by_arn(found, kind, name)
    found = rows.find(tx, account, kind.name, name)
    allow(caller, operation, kind, name, "/" if found is None else found.path, keys, tags_of(tx, found))
    return present(found, kind, name)


def require_locked(
    tx: Transaction, caller: Caller, operation: str, kind: Kind, name: str, keys: Keys = NO_KEYS
) -> Entity:
    """`require`, with the account held for a change."""
    accounts.lock(tx, caller.principal.account)
    return require(tx, caller, operation, kind, name, keys)


def tags_of(tx: Transaction, found: Entity | None) -> Callable[[], Tags]:
    """Reads the tags of an entity, when a policy asks."""
    return no_tags if found is None else lambda: rows.tags(tx, found.id)


def present(found: Entity | None, kind: Kind, name: str) -> Entity:
    """The entity, or EntityNotFound; a name in another case is another name."""
    if found is None or found.name != name:
        raise EntityNotFound(entity=kind.absent.format(name))
    return found


def page(
    tx: Transaction, caller: Caller, operation: str, kind: Kind, prefix: str, limit: int, after: str
) -> Page[Entity]:
    """Entities below a path, by name."""
    account = caller.principal.account
    access.require(caller, operation, Resource(account, _arn(account, kind.name, prefix), "iam"))
    return paged(rows.page(tx, account, kind.name, prefix, after, limit + 1), limit)


def paged(found: Sequence[Entity], limit: int) -> Page[Entity]:
    """A page of entities, of which one more than `limit` was asked for."""
    return cut(found, limit, lambda each: each.name.lower())


def add(tx: Transaction, caller: Caller, kind: Kind, draft: Draft) -> Entity:
    """A new entity with its tags, which have been checked: EntityAlreadyExists, QuotaExceeded. Not authorised here."""
    account = caller.principal.account
    if rows.find(tx, account, kind.name, draft.name) is not None:
        raise EntityAlreadyExists(entity=kind.taken.format(draft.name))
    if rows.count(tx, account, kind.name) >= kind.most:
        raise QuotaExceeded(quota=kind.quota, limit=kind.most)
    made = Entity(
        draft.id,
        account,
        kind.name,
        draft.name,
        draft.path,
        draft.description,
        draft.boundary,
        caller.at,
        caller.at,
    )
    rows.add(tx, made)
    for key, value in draft.tags:
        rows.put_tag(tx, made.id, key, value)
    return made


def rename(tx: Transaction, caller: Caller, kind: Kind, name: str, new_name: str | None, new_path: str | None) -> None:
    """Another name or path for a user or group: EntityNotFound, EntityAlreadyExists."""
    noun = kind.noun
    found = require_locked(tx, caller, f"Update{noun}", kind, name)
    allow(caller, f"Update{noun}", kind, new_name or name, new_path or found.path, tags=tags_of(tx, found))
    renamed = replace(found, name=new_name or found.name, path=new_path or found.path)
    taken = rows.find(tx, found.account, found.kind, renamed.name)
    if taken is not None and taken.id != found.id:
        raise EntityAlreadyExists(entity=kind.taken.format(renamed.name))
    rows.rename(tx, found.id, renamed.name, renamed.path)
    told = {f"{kind.name}Name": name, f"new{noun}Name": new_name, "newPath": new_path}
    changed(tx, caller, f"Update{noun}", told)


def changed(tx: Transaction, caller: Caller, action: str, parameters: Mapping[str, object]) -> None:
    """Tell caches and the audit of a change in the caller's account."""
    accounts.restamp(tx, caller.principal.account, new_stamp())
    told(tx, caller, action, parameters)


def told(tx: Transaction, caller: Caller, action: str, parameters: Mapping[str, object]) -> None:
    """Tell the audit of what no decision depends on."""
    account = caller.principal.account
    changes.audit(tx, caller, action, parameters, account=account, region=caller.region, service="iam")


def check_tags(tags: Sequence[tuple[str, str]]) -> None:
    """IdentityInputInvalid for a key that stands twice or is reserved; the model has checked the characters."""
    keys = [key.lower() for key, _ in tags]
    if len(set(keys)) != len(keys):
        raise IdentityInputInvalid(reason="Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    if any(key.startswith("aws:") for key in keys):
        raise IdentityInputInvalid(reason="Tag keys that begin with aws: are reserved.")


def by_arn(tx: Transaction, account: str, kind: Kind, named: str) -> Entity:
    """The entity of this ARN: EntityNotFound. Not authorised here."""
    return _present_by_arn(_find_by_arn(tx, account, kind, named), kind, named)


def _find_by_arn(tx: Transaction, account: str, kind: Kind, named: str) -> Entity | None:
    rest = named.removeprefix(_arn(account, kind.name, "/"))
    found = rows.find(tx, account, kind.name, rest if kind is PROVIDER else rest.rpartition("/")[2])
    return None if found is None or arn(found) != named else found


def _present_by_arn(found: Entity | None, kind: Kind, named: str) -> Entity:
    if found is None:
        raise EntityNotFound(entity=kind.absent.format(named))
    return found


def _arn(account: str, kind: str, rest: str) -> str:
    return f"arn:aws:iam::{account}:{kind}{rest}"
