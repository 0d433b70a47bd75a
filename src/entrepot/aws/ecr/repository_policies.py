"""Operations on repository policies."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.ecr import keys
from entrepot.aws.protocol.call import Call
from entrepot.aws.repository import policies

Output = Mapping[str, Any]


async def get_repository_policy(call: Call) -> Output:
    """GetRepositoryPolicy."""
    return await policies.get(call, keys.repository(call))


async def set_repository_policy(call: Call) -> Output:
    """SetRepositoryPolicy."""
    return await policies.put(call, keys.repository(call))


async def delete_repository_policy(call: Call) -> Output:
    """DeleteRepositoryPolicy."""
    return await policies.delete(call, keys.repository(call))
