"""The rest of the provider's resources: of registries, of templates, of exclusions and of public repositories."""

import json
from collections.abc import Callable
from typing import Any

from tests.behaviour.terraform import (
    LIFECYCLE_POLICY,
    REGISTRY_POLICY,
    REPOSITORY,
    REPOSITORY_POLICY,
    Api,
    Resource,
    State,
    only,
    pages,
    pull,
    tags_of,
)
from tests.factories.lifecycle import rule, text

# ---------------------------------------------------------------- aws_ecr_registry_scanning_configuration


def _put_scanning(frequency: str | None) -> Callable[[Api], object]:
    named = [{"filter": "prod-*", "filterType": "WILDCARD"}]
    rules = [{"scanFrequency": frequency, "repositoryFilters": named}] if frequency else []
    return lambda api: api.ecr.put_registry_scanning_configuration(scanType="BASIC", rules=rules)


def _scanning(api: Api) -> State:
    found = api.ecr.get_registry_scanning_configuration()
    return {"registry": found["registryId"], **found["scanningConfiguration"]}


SCANNING = Resource(
    "aws_ecr_registry_scanning_configuration",
    _put_scanning("SCAN_ON_PUSH"),
    lambda api: found if (found := _scanning(api))["rules"] else None,
    lambda api: api.ecr.put_registry_scanning_configuration(
        scanType="BASIC",
        rules=[
            {"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD"}]},
        ],
    ),
    _put_scanning(None),
    expected=lambda api: {
        "registry": api.account,
        "scanType": "BASIC",
        "rules": [
            {
                "scanFrequency": "SCAN_ON_PUSH",
                "repositoryFilters": [{"filter": "prod-*", "filterType": "WILDCARD"}],
            }
        ],
    },
)


# ---------------------------------------------------------------- aws_ecr_repository_creation_template
def _create_template(api: Api) -> None:
    api.ecr.create_repository_creation_template(
        prefix=api.name,
        appliedFor=["CREATE_ON_PUSH"],
        description="of a team",
        encryptionConfiguration={"encryptionType": "AES256"},
        imageTagMutability="IMMUTABLE",
        lifecyclePolicy=text(rule(1, 10)),
        repositoryPolicy=pull(api, "ecr:BatchGetImage"),
    )


def _template(api: Api) -> State | None:
    told = api.ecr.get_paginator("describe_repository_creation_templates").paginate(prefixes=[api.name])
    (page,) = told
    found = only(page["repositoryCreationTemplates"])
    if found is None:
        return None
    state = {"registry": page["registryId"], **found}
    # times are no part of the state; texts are compared by what they say
    for name in ("createdAt", "updatedAt"):
        del state[name]
    for name in ("lifecyclePolicy", "repositoryPolicy"):
        state[name] = json.loads(state[name]) if name in state else None
    return state


TEMPLATE = Resource(
    "aws_ecr_repository_creation_template",
    _create_template,
    _template,
    lambda api: api.ecr.update_repository_creation_template(
        prefix=api.name, description="", imageTagMutability="MUTABLE", repositoryPolicy=""
    ),
    lambda api: api.ecr.delete_repository_creation_template(prefix=api.name),
    frozenset({"TemplateNotFoundException"}),
    frozenset({"TemplateNotFoundException"}),
    expected=lambda api: {
        "registry": api.account,
        "prefix": api.name,
        "appliedFor": ["CREATE_ON_PUSH"],
        "description": "of a team",
        "encryptionConfiguration": {"encryptionType": "AES256"},
        "imageTagMutability": "IMMUTABLE",
        "lifecyclePolicy": json.loads(text(rule(1, 10))),
        "repositoryPolicy": json.loads(pull(api, "ecr:BatchGetImage")),
    },
)


# ---------------------------------------------------------------- aws_ecr_account_setting
def _put_setting(value: str) -> Callable[[Api], object]:
    return lambda api: api.ecr.put_account_setting(name="REGISTRY_POLICY_SCOPE", value=value)


def _setting(api: Api) -> State:
    found = api.ecr.get_account_setting(name="REGISTRY_POLICY_SCOPE")
    return {"name": found["name"], "value": found["value"]}


ACCOUNT_SETTING = Resource(
    "aws_ecr_account_setting",
    _put_setting("V2"),
    _setting,
    _put_setting("V1"),
    lambda api: None,
    expected=lambda api: {"name": "REGISTRY_POLICY_SCOPE", "value": "V2"},
    stays=True,
)


# ---------------------------------------------------------------- aws_ecr_pull_time_update_exclusion
def _principal(api: Api, role: str = "scanner") -> dict[str, str]:
    return {"principalArn": f"arn:aws:iam::{api.account}:role/{role}"}


def _exclusion(api: Api) -> State | None:
    """It reads page after page by the token, for botocore has no paginator, and neither has the provider's SDK."""
    found, token = [], ""
    while True:
        page = api.ecr.list_pull_time_update_exclusions(**({"nextToken": token} if token else {}))
        found += page["pullTimeUpdateExclusions"]
        token = page.get("nextToken", "")
        if not token:
            break
    listed = [each for each in found if each.endswith(("scanner", "backup"))]
    return {"principals": listed} if listed else None


def _replace_exclusion(api: Api) -> None:
    api.ecr.deregister_pull_time_update_exclusion(**_principal(api))
    api.ecr.register_pull_time_update_exclusion(**_principal(api, "backup"))


def _delete_exclusion(api: Api) -> None:
    left = _exclusion(api)
    role = "backup" if left and left["principals"][0].endswith("backup") else "scanner"
    api.ecr.deregister_pull_time_update_exclusion(**_principal(api, role))


EXCLUSION = Resource(
    "aws_ecr_pull_time_update_exclusion",
    lambda api: api.ecr.register_pull_time_update_exclusion(**_principal(api)),
    _exclusion,
    _replace_exclusion,
    _delete_exclusion,
    gone=frozenset({"ExclusionNotFoundException"}),
    expected=lambda api: {"principals": [_principal(api)["principalArn"]]},
)


# ---------------------------------------------------------------- aws_ecrpublic_repository
def _public_repository(api: Api) -> State:
    found = only(api.public.describe_repositories(repositoryNames=[api.name])["repositories"])
    told = api.public.get_repository_catalog_data(repositoryName=api.name, registryId=found["registryId"])
    return {
        "name": found["repositoryName"],
        "arn": found["repositoryArn"],
        "registry": found["registryId"],
        "catalog_data": {each: told["catalogData"].get(each) for each in ("aboutText", "architectures", "description")},
        "tags": tags_of(api.public, found["repositoryArn"]),
    }


def _change_public(api: Api) -> None:
    data = {"description": "changed", "architectures": ["ARM 64"], "operatingSystems": []}
    api.public.put_repository_catalog_data(repositoryName=api.name, registryId=api.account, catalogData=data)
    api.public.tag_resource(resourceArn=api.arn("ecr-public"), tags=[{"Key": "team", "Value": "a"}])


def _delete_public(api: Api) -> None:
    api.public.delete_repository(repositoryName=api.name, registryId=api.account, force=False)


# without catalog data, which it reads all the same
PUBLIC_REPOSITORY = Resource(
    "aws_ecrpublic_repository",
    lambda api: api.public.create_repository(repositoryName=api.name),
    _public_repository,
    _change_public,
    _delete_public,
    frozenset({"RepositoryNotFoundException"}),
    frozenset({"RepositoryNotFoundException"}),
    expected=lambda api: {
        "name": api.name,
        "arn": api.arn("ecr-public"),
        "registry": api.account,
        "catalog_data": dict.fromkeys(("aboutText", "architectures", "description")),
        "tags": {},
    },
)


def _set_public_policy(*actions: str) -> Callable[[Api], object]:
    return lambda api: api.public.set_repository_policy(repositoryName=api.name, policyText=pull(api, *actions))


def _public_policy(api: Api) -> State:
    found = api.public.get_repository_policy(repositoryName=api.name)
    stated = json.loads(found["policyText"])
    return {"repository": found["repositoryName"], "registry": found["registryId"], "policy": stated}


PUBLIC_POLICY = Resource(
    "aws_ecrpublic_repository_policy",
    _set_public_policy("ecr-public:PutImage"),
    _public_policy,
    _set_public_policy("ecr-public:PutImage", "ecr-public:InitiateLayerUpload"),
    lambda api: api.public.delete_repository_policy(repositoryName=api.name, registryId=api.account),
    frozenset({"RepositoryNotFoundException", "RepositoryPolicyNotFoundException"}),
    frozenset({"RepositoryNotFoundException", "RepositoryPolicyNotFoundException"}),
    lambda api: api.public.create_repository(repositoryName=api.name),
    lambda api: {
        "repository": api.name,
        "registry": api.account,
        "policy": json.loads(pull(api, "ecr-public:PutImage")),
    },
)

RESOURCES: dict[str, Resource] = {
    each.kind: each
    for each in (
        *(REPOSITORY, REPOSITORY_POLICY, LIFECYCLE_POLICY, REGISTRY_POLICY, SCANNING, TEMPLATE, ACCOUNT_SETTING),
        *(EXCLUSION, PUBLIC_REPOSITORY, PUBLIC_POLICY),
    )
}


# ---------------------------------------------------------------- data sources
def read_image(api: Api) -> dict[str, Any]:
    """aws_ecr_image: the image by its tag, and its repository for the address."""
    named = {"repositoryName": api.name, "registryId": api.account}
    found = only(pages(api.ecr, "describe_images", "imageDetails", imageIds=[{"imageTag": "v1"}], **named))
    place = only(
        pages(api.ecr, "describe_repositories", "repositories", repositoryNames=[api.name], registryId=api.account)
    )
    return {**found, "image_uri": f"{place['repositoryUri']}@{found['imageDigest']}"}
