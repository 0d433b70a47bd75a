"""Operations on repository policies."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.ecr import keys
from entrepot.aws.protocol.call import Call
from entrepot.core import repository_policies

Output = Mapping[str, Any]


async def get_repository_policy(call: Call) -> Output:
    """GetRepositoryPolicy."""
    return _shown(call, await call.core.units.read(repository_policies.get, call.caller, keys.repository(call)))


async def set_repository_policy(call: Call) -> Output:
    """SetRepositoryPolicy."""
    text, force = call.input["policyText"], call.input.get("force", False)
    key = keys.repository(call)
    return _shown(call, await call.core.units.write(repository_policies.put, call.caller, key, text, force=force))


async def delete_repository_policy(call: Call) -> Output:
    """DeleteRepositoryPolicy."""
    return _shown(call, await call.core.units.write(repository_policies.delete, call.caller, keys.repository(call)))


def _shown(call: Call, text: str) -> Output:
    key = keys.repository(call)
    return {"registryId": key.registry.account, "repositoryName": key.name, "policyText": text}
