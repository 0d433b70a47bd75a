"""Users, groups and roles whose policies are to change; of a service-linked role only its service changes them."""

from entrepot.core import entities
from entrepot.core.access import Caller
from entrepot.core.entities import ROLE, Entity, Kind
from entrepot.db import roles
from entrepot.db.database import Transaction
from entrepot.errors import EntityProtected


def require(tx: Transaction, caller: Caller, operation: str, kind: Kind, name: str) -> Entity:
    """The holder, with the account held for a change: AccessDenied, EntityNotFound, EntityProtected."""
    found = entities.require_locked(tx, caller, operation, kind, name)
    if kind is ROLE:
        require_unprotected(tx, found)
    return found


def require_unprotected(tx: Transaction, found: Entity) -> None:
    """EntityProtected for the role of a service."""
    role = roles.find(tx, found.id)
    if role is not None and role.service is not None:
        raise EntityProtected(name=found.name)
