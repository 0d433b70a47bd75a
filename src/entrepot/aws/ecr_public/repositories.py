"""Operations on repositories."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.ecr_public import catalog_data, keys
from entrepot.aws.protocol.call import Call
from entrepot.aws.repository import repositories as shared
from entrepot.aws.repository import resource_tags
from entrepot.core import public_registries
from entrepot.core.public_registries import PublicDraft
from entrepot.core.repositories import RepositoryDraft

Output = Mapping[str, Any]


async def create_repository(call: Call) -> Output:
    """CreateRepository."""
    given = call.input
    catalog = catalog_data.given(given["catalogData"]) if "catalogData" in given else None
    draft = PublicDraft(RepositoryDraft(resource_tags=resource_tags.given(given.get("tags", ()))), catalog)
    made = await call.core.units.write(public_registries.create_repository, call.caller, keys.repository(call), draft)
    shown = None if catalog is None else catalog_data.shown(call, made.key, catalog)
    return {"repository": shared.shown(call, made), "catalogData": shown}


async def describe_repositories(call: Call) -> Output:
    """DescribeRepositories."""
    found, token = await shared.describe(call, keys.registry(call), "ecr-public:DescribeRepositories")
    return {"repositories": [shared.shown(call, repository) for repository in found], "nextToken": token}


async def delete_repository(call: Call) -> Output:
    """DeleteRepository."""
    return {"repository": shared.shown(call, await shared.delete(call, keys.repository(call)))}
