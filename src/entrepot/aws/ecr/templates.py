"""Operations on repository creation templates."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.protocol.call import Call
from entrepot.aws.repository import pages, resource_tags
from entrepot.core import templates
from entrepot.core.encryption import configuration
from entrepot.core.encryption.configuration import KeyUser
from entrepot.core.templates import Template, TemplateDraft

Output = Mapping[str, Any]
_FILTERS = "imageTagMutabilityExclusionFilters"
_SCOPE = "DescribeRepositoryCreationTemplates"


async def create_repository_creation_template(call: Call) -> Output:
    """CreateRepositoryCreationTemplate."""
    return _one(
        call,
        await call.core.units.write(
            templates.create, call.caller, call.registry, await _draft(call), vault=call.core.vault
        ),
    )


async def update_repository_creation_template(call: Call) -> Output:
    """UpdateRepositoryCreationTemplate: what is not given stays."""
    return _one(
        call,
        await call.core.units.write(
            templates.update, call.caller, call.registry, await _draft(call), vault=call.core.vault
        ),
    )


async def delete_repository_creation_template(call: Call) -> Output:
    """DeleteRepositoryCreationTemplate."""
    prefix = call.input["prefix"]
    return _one(call, await call.core.units.write(templates.delete, call.caller, call.registry, prefix))


async def describe_repository_creation_templates(call: Call) -> Output:
    """DescribeRepositoryCreationTemplates: those named, or a page of all."""
    prefixes = call.input.get("prefixes")
    if prefixes is not None:
        pages.refuse(call, "prefixes")
    (after,) = pages.start(call, _SCOPE, 1)
    limit = pages.limit(call)
    page = await call.core.units.read(templates.describe, call.caller, call.registry, prefixes, limit, after)
    return {
        "registryId": call.registry.account,
        "repositoryCreationTemplates": [_shown(template) for template in page.items],
        "nextToken": pages.following(call, _SCOPE, page.after),
    }


async def _draft(call: Call) -> TemplateDraft:
    given = call.input
    encryption, tags, filters = (given.get(name) for name in ("encryptionConfiguration", "resourceTags", _FILTERS))
    if encryption is not None:
        user = KeyUser(call.caller, call.core.vault)
        encryption = await configuration.known_for_template(call.core.units, user, call.registry, encryption)
    return TemplateDraft(
        prefix=given["prefix"],
        applied_for=None if "appliedFor" not in given else tuple(given["appliedFor"]),
        description=given.get("description"),
        encryption=encryption,
        resource_tags=None if tags is None else resource_tags.given(tags),
        mutability=given.get("imageTagMutability"),
        exclusion_filters=None if filters is None else tuple(item["filter"] for item in filters),
        repository_policy=given.get("repositoryPolicy"),
        lifecycle_policy=given.get("lifecyclePolicy"),
        custom_role_arn=given.get("customRoleArn"),
        told=given,
    )


def _one(call: Call, template: Template) -> Output:
    return {"registryId": call.registry.account, "repositoryCreationTemplate": _shown(template)}


def _shown(template: Template) -> Output:
    filters = [{"filterType": "WILDCARD", "filter": text} for text in template.exclusion_filters]
    return {
        "prefix": template.prefix,
        "description": template.description or None,
        "encryptionConfiguration": template.encryption,
        "resourceTags": [{"Key": key, "Value": value} for key, value in template.resource_tags] or None,
        "imageTagMutability": template.mutability,
        _FILTERS: filters or None,
        "repositoryPolicy": template.repository_policy,
        "lifecyclePolicy": template.lifecycle_policy or None,
        "appliedFor": list(template.applied_for),
        "customRoleArn": template.custom_role_arn or None,
        "createdAt": template.created_at,
        "updatedAt": template.updated_at,
    }
