"""Permissions boundaries of users and roles: a managed policy that says what they may be allowed at most."""

from entrepot.core import entities, holders, managed_policies
from entrepot.core.access import Caller
from entrepot.core.entities import BOUNDARY_KEY, Kind
from entrepot.db import entities as rows
from entrepot.db.database import Transaction
from entrepot.errors import EntityNotFound, IdentityInputInvalid, ManagedPolicyNotFound, ManagedPolicyReserved


def put(tx: Transaction, caller: Caller, kind: Kind, name: str, policy_arn: str) -> None:
    """Bound a user or role by a managed policy: EntityNotFound, ManagedPolicyNotFound."""
    operation = f"Put{kind.noun}PermissionsBoundary"
    found = holders.require(tx, caller, operation, kind, name, {BOUNDARY_KEY: (policy_arn,)})
    managed_policies.require_attachable(tx, caller, policy_arn)
    rows.bound(tx, found.id, policy_arn)
    entities.changed(tx, caller, operation, {f"{kind.name}Name": name, "permissionsBoundary": policy_arn})


def delete(tx: Transaction, caller: Caller, kind: Kind, name: str) -> None:
    """Take the boundary away: EntityNotFound when there is none."""
    operation = f"Delete{kind.noun}PermissionsBoundary"
    found = holders.require(tx, caller, operation, kind, name)
    if found.boundary is None:
        raise EntityNotFound(entity=f"The permissions boundary of {kind.name} {name}")
    rows.bound(tx, found.id, None)
    entities.changed(tx, caller, operation, {f"{kind.name}Name": name})


def check(tx: Transaction, caller: Caller, policy_arn: str) -> None:
    """IdentityInputInvalid unless this can bound an identity that is made now."""
    try:
        managed_policies.require_attachable(tx, caller, policy_arn)
    except (ManagedPolicyNotFound, ManagedPolicyReserved):
        raise IdentityInputInvalid(reason=f"Scope ARN: {policy_arn} does not exist or is not attachable.") from None
