"""Operations on repositories."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.ecr_public import catalog_data, keys
from entrepot.aws.protocol.call import Call
from entrepot.aws.repository import pages, resource_tags
from entrepot.core import public_registries, repositories
from entrepot.core.public_registries import PublicDraft
from entrepot.core.repositories import Repository, RepositoryDraft
from entrepot.spec.repository import parse_name

Output = Mapping[str, Any]


async def create_repository(call: Call) -> Output:
    """CreateRepository."""
    given = call.input
    catalog = catalog_data.given(given["catalogData"]) if "catalogData" in given else None
    draft = PublicDraft(RepositoryDraft(resource_tags=resource_tags.given(given.get("tags", ()))), catalog)
    made = await call.core.units.write(public_registries.create_repository, call.caller, keys.repository(call), draft)
    shown = None if catalog is None else catalog_data.shown(call, made.key, catalog)
    return {"repository": _shown(call, made), "catalogData": shown}


async def describe_repositories(call: Call) -> Output:
    """DescribeRepositories: those named, or a page of all."""
    names = call.input.get("repositoryNames")
    if names is not None:
        pages.refuse(call, "repositoryNames")
        names = [parse_name(name) for name in names]
    (after,) = pages.start(call, "ecr-public:DescribeRepositories", 1)
    page = await call.core.units.read(
        repositories.describe, call.caller, keys.registry(call), names, pages.limit(call), after
    )
    return {
        "repositories": [_shown(call, repository) for repository in page.items],
        "nextToken": pages.following(call, "ecr-public:DescribeRepositories", page.after),
    }


async def delete_repository(call: Call) -> Output:
    """DeleteRepository; with `force` whatever it holds."""
    force = call.input.get("force", False)
    gone = await call.core.units.write(repositories.delete, call.caller, keys.repository(call), force=force)
    return {"repository": _shown(call, gone)}


def _shown(call: Call, repository: Repository) -> Output:
    key = repository.key
    return {
        "repositoryArn": key.arn,
        "registryId": key.registry.account,
        "repositoryName": key.name,
        "repositoryUri": call.addressing.uri(key, call.exchange),
        "createdAt": repository.created_at,
    }
