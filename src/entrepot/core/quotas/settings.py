"""Quotas as an operator sets them and an account sees them. Only commands set them: who is limited does not decide.

What is set holds for whatever is added from now on; what is there already stays, however much it is.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from entrepot.core import access, changes, resources
from entrepot.core.access import Caller
from entrepot.core.quotas import catalogue
from entrepot.core.quotas.bytes import used
from entrepot.core.quotas.catalogue import Quota
from entrepot.db import quotas
from entrepot.db.database import Transaction
from entrepot.db.quotas import ByteQuota
from entrepot.errors import BytePrefixInvalid, ByteQuotaNotFound, ServiceQuotaOutOfBounds
from entrepot.spec.repository import RegistryKey

__all__ = ["ByteQuota", "Quota"]

_PREFIX = re.compile(r"[a-z0-9](?:[a-z0-9._/-]{0,254}[a-z0-9])?/?")
_MOST_BYTES = 1 << 60


@dataclass(frozen=True, slots=True)
class Held:
    """A quota, and what was set where that is not AWS's value."""

    name: str
    quota: Quota
    value: int


@dataclass(frozen=True, slots=True)
class Used:
    """What a registry, or what is below a prefix, holds of the bytes that it may: None where nothing was set."""

    prefix: str
    value: int | None
    held: int
    reserved: int


def list_of(tx: Transaction, caller: Caller, key: RegistryKey) -> Sequence[Held]:
    """Every service quota of a registry, by name."""
    access.require(caller, "ListQuotas", _resource(key))
    found = quotas.of_registry(tx, key).values
    of_kind = catalogue.QUOTAS[key.kind]
    return tuple(Held(name, of_kind[name], found.get(name, of_kind[name].value)) for name in sorted(of_kind))


def put(tx: Transaction, caller: Caller, key: RegistryKey, name: str, value: int) -> None:
    """Set a service quota: ServiceQuotaUnknown, ServiceQuotaOutOfBounds."""
    access.require(caller, "PutQuota", _resource(key))
    quota = catalogue.get(key.kind, name)
    if not quota.least <= value <= quota.most:
        raise ServiceQuotaOutOfBounds(name=name, least=quota.least, most=quota.most, value=value)
    quotas.put_value(tx, key, name, value, caller.at)
    _tell(tx, caller, key, "PutQuota", {"quotaName": name, "value": value})


def reset(tx: Transaction, caller: Caller, key: RegistryKey, name: str) -> None:
    """Let a service quota have AWS's value again: ServiceQuotaUnknown."""
    access.require(caller, "ResetQuota", _resource(key))
    catalogue.get(key.kind, name)
    quotas.remove_value(tx, key, name)
    _tell(tx, caller, key, "ResetQuota", {"quotaName": name})


def put_bytes(tx: Transaction, caller: Caller, key: RegistryKey, prefix: str, value: int) -> None:
    """Set how many bytes a registry may hold, or what is below a prefix of it: BytePrefixInvalid,
    ServiceQuotaOutOfBounds.
    """
    access.require(caller, "PutByteQuota", _resource(key))
    if prefix and not _PREFIX.fullmatch(prefix):
        raise BytePrefixInvalid(prefix=prefix)
    if not 0 <= value <= _MOST_BYTES:
        raise ServiceQuotaOutOfBounds(name="bytes", least=0, most=_MOST_BYTES, value=value)
    quotas.put_bytes(tx, key, prefix, value, caller.at)
    _tell(tx, caller, key, "PutByteQuota", {"prefix": prefix, "bytes": value})


def remove_bytes(tx: Transaction, caller: Caller, key: RegistryKey, prefix: str) -> None:
    """Remove a quota of bytes: ByteQuotaNotFound."""
    access.require(caller, "DeleteByteQuota", _resource(key))
    if not quotas.remove_bytes(tx, key, prefix):
        raise ByteQuotaNotFound(prefix=prefix)
    _tell(tx, caller, key, "DeleteByteQuota", {"prefix": prefix})


def usage(tx: Transaction, caller: Caller, key: RegistryKey) -> Sequence[Used]:
    """What a registry holds, and what is below each prefix that has a quota."""
    access.require(caller, "GetByteUsage", _resource(key))
    limited = {each.prefix: each.value for each in quotas.of_registry(tx, key).bytes}
    found = [Used(prefix, limited.get(prefix), *used(tx, key, prefix)) for prefix in sorted({"", *limited})]
    return tuple(found)


def _resource(key: RegistryKey) -> resources.Resource:
    return resources.own(resources.of_own_registry(key))


def _tell(tx: Transaction, caller: Caller, key: RegistryKey, action: str, told: changes.Json) -> None:
    told = {"registryType": key.kind.upper(), **told}
    region = key.region or caller.region
    changes.audit(tx, caller, action, told, account=key.account, region=region, service=resources.OWN)
