"""Repositories: described and deleted; what both services show of one."""

from collections.abc import Sequence
from typing import Any

from entrepot.aws.protocol.call import Call
from entrepot.aws.repository import pages
from entrepot.core import repositories
from entrepot.core.repositories import Repository
from entrepot.spec.repository import RegistryKey, RepositoryKey, parse_name


async def describe(call: Call, registry: RegistryKey, scope: str) -> tuple[Sequence[Repository], str | None]:
    """(repositories, next token) of DescribeRepositories: those named, or a page of all; `scope` names its pages."""
    names = call.input.get("repositoryNames")
    if names is not None:
        pages.refuse(call, "repositoryNames")
        names = [parse_name(name) for name in names]
    (after,) = pages.start(call, scope, 1)
    page = await call.core.units.read(repositories.describe, call.caller, registry, names, pages.limit(call), after)
    return page.items, pages.following(call, scope, page.after)


async def delete(call: Call, key: RepositoryKey) -> Repository:
    """DeleteRepository; with `force` whatever it holds."""
    return await call.core.units.write(repositories.delete, call.caller, key, force=call.input.get("force", False))


def shown(call: Call, repository: Repository) -> dict[str, Any]:
    """A Repository, as far as both services know one."""
    key = repository.key
    return {
        "repositoryArn": key.arn,
        "registryId": key.registry.account,
        "repositoryName": key.name,
        "repositoryUri": call.addressing.uri(key, call.exchange),
        "createdAt": repository.created_at,
    }
