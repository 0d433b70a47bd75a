"""Operations on repositories."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from entrepot.aws.ecr import keys
from entrepot.aws.protocol.call import Call
from entrepot.aws.repository import repositories as shared
from entrepot.aws.repository import resource_tags
from entrepot.core import repositories
from entrepot.core.encryption import configuration
from entrepot.core.encryption.configuration import KeyUser
from entrepot.core.repositories import Repository, RepositoryDraft

Output = Mapping[str, Any]
_FILTERS = "imageTagMutabilityExclusionFilters"


async def create_repository(call: Call) -> Output:
    """CreateRepository."""
    given = call.input
    draft = RepositoryDraft(
        mutability=given.get("imageTagMutability", "MUTABLE"),
        exclusion_filters=_filters(given),
        scan_on_push=given.get("imageScanningConfiguration", {}).get("scanOnPush", False),
        encryption=dict(given.get("encryptionConfiguration", {"encryptionType": "AES256"})),
        resource_tags=resource_tags.given(given.get("tags", ())),
    )
    key, vault = keys.repository(call), call.core.vault
    user = KeyUser(call.caller, vault)
    wanted = await configuration.known(call.core.units, user, key, draft.encryption)
    draft = replace(draft, encryption=wanted)
    made = await call.core.units.write(repositories.create, call.caller, key, draft, vault=vault)
    return {"repository": _shown(call, made)}


async def describe_repositories(call: Call) -> Output:
    """DescribeRepositories."""
    found, token = await shared.describe(call, call.registry, "DescribeRepositories")
    return {"repositories": [_shown(call, repository) for repository in found], "nextToken": token}


async def delete_repository(call: Call) -> Output:
    """DeleteRepository."""
    return {"repository": _shown(call, await shared.delete(call, keys.repository(call)))}


async def put_image_tag_mutability(call: Call) -> Output:
    """PutImageTagMutability."""
    key, filters = keys.repository(call), _filters(call.input)
    mutability = call.input["imageTagMutability"]
    await call.core.units.write(repositories.set_mutability, call.caller, key, mutability, filters)
    return {
        "registryId": key.registry.account,
        "repositoryName": key.name,
        "imageTagMutability": mutability,
        _FILTERS: _shown_filters(filters),
    }


def _filters(given: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(item["filter"] for item in given.get(_FILTERS, ()))


def _shown_filters(filters: tuple[str, ...]) -> list[dict[str, str]] | None:
    return [{"filterType": "WILDCARD", "filter": text} for text in filters] or None


def _shown(call: Call, repository: Repository) -> Output:
    return shared.shown(call, repository) | {
        "imageTagMutability": repository.mutability,
        _FILTERS: _shown_filters(repository.exclusion_filters),
        "imageScanningConfiguration": {"scanOnPush": repository.scan_on_push},
        "encryptionConfiguration": repository.encryption,
    }
