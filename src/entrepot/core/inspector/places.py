"""What Inspector's operations act upon: an account in a region as a whole, or one of its filters."""

from entrepot.core import access, changes
from entrepot.core.access import NO_KEYS, Caller, Keys
from entrepot.core.changes import Json
from entrepot.core.resources import Resource
from entrepot.db.database import Transaction
from entrepot.db.inspector_setting_records import FilterRecord, filter_arn
from entrepot.spec.repository import RegistryKey

SERVICE = "inspector2"
ANY_FILTER = "*"


def registry(caller: Caller) -> RegistryKey:
    """The caller's own registry in the region that is asked: what Inspector watches."""
    return RegistryKey("private", caller.principal.account, caller.region)


def require(caller: Caller, operation: str) -> RegistryKey:
    """The caller's registry, for one who may do this to the account as a whole: AccessDenied."""
    access.require(caller, operation, Resource(caller.principal.account, "*", SERVICE))
    return registry(caller)


def require_filter(
    caller: Caller, operation: str, filter_id: str, found: FilterRecord | None = None, keys: Keys = NO_KEYS
) -> None:
    """AccessDenied unless the caller may do this to the filter of this id, which need not exist."""
    tags = () if found is None else tuple(found.tags.items())
    arn = filter_arn(registry(caller), filter_id)
    access.require(caller, operation, Resource(caller.principal.account, arn, SERVICE, tags=lambda: tags), keys)


def told(tx: Transaction, caller: Caller, operation: str, parameters: Json) -> None:
    """The audit record of a change."""
    changes.audit(
        tx,
        caller,
        operation,
        parameters,
        account=caller.principal.account,
        region=caller.region,
        service=SERVICE,
    )
