"""Repository policies, read, set and removed."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.protocol.call import Call
from entrepot.core import repository_policies
from entrepot.spec.repository import RepositoryKey

Output = Mapping[str, Any]


async def get(call: Call, key: RepositoryKey) -> Output:
    """GetRepositoryPolicy."""
    return _shown(key, await call.core.units.read(repository_policies.get, call.caller, key))


async def put(call: Call, key: RepositoryKey) -> Output:
    """SetRepositoryPolicy."""
    text, force = call.input["policyText"], call.input.get("force", False)
    return _shown(key, await call.core.units.write(repository_policies.put, call.caller, key, text, force=force))


async def delete(call: Call, key: RepositoryKey) -> Output:
    """DeleteRepositoryPolicy."""
    return _shown(key, await call.core.units.write(repository_policies.delete, call.caller, key))


def _shown(key: RepositoryKey, text: str) -> Output:
    return {"registryId": key.registry.account, "repositoryName": key.name, "policyText": text}
