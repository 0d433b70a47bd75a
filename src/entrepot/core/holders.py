"""Users, groups and roles whose policies are to change; of a service-linked role only its service changes them."""

from collections.abc import Mapping
from types import MappingProxyType

from entrepot.core import entities
from entrepot.core.access import Caller
from entrepot.core.entities import BOUNDARY_KEY, ROLE, Entity, Kind
from entrepot.db import accounts, roles
from entrepot.db import entities as rows
from entrepot.db.database import Transaction
from entrepot.errors import EntityProtected

_NONE: Mapping[str, tuple[str, ...]] = MappingProxyType({})


def require(
    tx: Transaction, caller: Caller, operation: str, kind: Kind, name: str, keys: Mapping[str, tuple[str, ...]] = _NONE
) -> Entity:
    """The holder, with the account held for a change: AccessDenied, EntityNotFound, EntityProtected.

    `keys` are the condition keys of the request; where it sets no boundary, the holder's own is one.
    """
    account = caller.principal.account
    accounts.lock(tx, account)
    present = rows.find(tx, account, kind.name, name)
    bounded = {} if present is None or present.boundary is None else {BOUNDARY_KEY: (present.boundary,)}
    found = entities.require(tx, caller, operation, kind, name, {**bounded, **keys})
    if kind is ROLE:
        require_unprotected(tx, found)
    return found


def require_unprotected(tx: Transaction, found: Entity) -> None:
    """EntityProtected for the role of a service."""
    role = roles.find(tx, found.id)
    if role is not None and role.service is not None:
        raise EntityProtected(name=found.name)
