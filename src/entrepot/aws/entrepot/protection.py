"""Operations on the protection of repositories from deletion."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.protocol.call import Call
from entrepot.core import protection
from entrepot.core.protection import Protection
from entrepot.spec.repository import RepositoryKey

Output = Mapping[str, Any]


async def get_repository_protection(call: Call) -> Output:
    """GetRepositoryProtection."""
    return _shown(call, await call.core.units.read(protection.get, call.caller, _key(call)))


async def put_repository_protection(call: Call) -> Output:
    """PutRepositoryProtection."""
    enabled = call.input["enabled"]
    return _shown(call, await call.core.units.write(protection.put, call.caller, _key(call), enabled=enabled))


def _key(call: Call) -> RepositoryKey:
    return RepositoryKey(call.registry, call.input["repositoryName"])


def _shown(call: Call, found: Protection | None) -> Output:
    return {
        "registryId": call.registry.account,
        "repositoryName": call.input["repositoryName"],
        "enabled": found is not None,
        "owner": None if found is None else found.owner,
        "createdAt": None if found is None else found.created_at,
    }
