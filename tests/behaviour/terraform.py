"""What Terraform's AWS provider does with its resources of ECR and ECR Public: the calls that it makes, in their order.

Read from the provider's sources (internal/service/ecr, internal/service/ecrpublic); none of its code is here.
"""

import itertools
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from tests.behaviour.callers import policy
from tests.factories.lifecycle import rule, text
from tests.factories.processes import Credentials, Server

State = Mapping[str, Any]
_numbers = itertools.count()


@dataclass
class Api:
    """An account that Terraform looks after, and a name for the resource."""

    server: Server
    keys: Credentials
    account: str
    name: str = field(default_factory=lambda: f"terraform/r{next(_numbers)}")

    @property
    def ecr(self) -> Any:
        return self.server.client(credentials=self.keys)

    @property
    def public(self) -> Any:
        return self.server.client("ecr-public", credentials=self.keys)

    def arn(self, service: str = "ecr") -> str:
        place = f"us-east-1:{self.account}" if service == "ecr" else f":{self.account}"
        return f"arn:aws:{service}:{place}:repository/{self.name}"


@dataclass(frozen=True)
class Resource:
    """A resource: `read` gives its state from its id alone, as after an import; `absent` are the codes by which it
    knows that there is none, `gone` those that it takes for a deletion that was done.
    """

    kind: str
    create: Callable[[Api], object]
    read: Callable[[Api], State | None]
    change: Callable[[Api], object]
    delete: Callable[[Api], object]
    absent: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()
    around: Callable[[Api], object] = lambda api: None
    expected: Callable[[Api], State] = lambda api: {}
    stays: bool = False  # there is no deletion: the last setting stays

    def found(self, api: Api) -> State | None:
        """Its state, or nothing where the provider would say that it is not there."""
        try:
            return self.read(api)
        except ClientError as refused:
            if refused.response["Error"]["Code"] in self.absent:
                return None
            raise


def only(found: Iterable[Any]) -> Any:
    """The one that there is; None without one, as the provider takes an empty answer."""
    (*several,) = found
    assert len(several) < 2
    return several[0] if several else None


def pages(client: Any, operation: str, member: str, **given: Any) -> list[Any]:
    """All pages of a list."""
    return [each for page in client.get_paginator(operation).paginate(**given) for each in page[member]]


def tags_of(client: Any, arn: str) -> dict[str, str]:
    return {each["Key"]: each["Value"] for each in client.list_tags_for_resource(resourceArn=arn)["tags"]}


# ---------------------------------------------------------------- aws_ecr_repository
def create_repository(api: Api) -> None:
    api.ecr.create_repository(
        repositoryName=api.name,
        imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters=[{"filter": "dev-*", "filterType": "WILDCARD"}],
        encryptionConfiguration={"encryptionType": "AES256"},
        imageScanningConfiguration={"scanOnPush": True},
        tags=[{"Key": "team", "Value": "a"}],
    )


def repository(api: Api) -> State | None:
    found = only(pages(api.ecr, "describe_repositories", "repositories", repositoryNames=[api.name]))
    return {**found, "tags": tags_of(api.ecr, found["repositoryArn"])}


def change_repository(api: Api) -> None:
    named = {"repositoryName": api.name, "registryId": api.account}
    api.ecr.put_image_tag_mutability(imageTagMutability="MUTABLE", **named)
    api.ecr.put_image_scanning_configuration(imageScanningConfiguration={"scanOnPush": False}, **named)
    api.ecr.untag_resource(resourceArn=api.arn(), tagKeys=["team"])
    api.ecr.tag_resource(resourceArn=api.arn(), tags=[{"Key": "owner", "Value": "b"}])


def delete_repository(api: Api) -> None:
    api.ecr.delete_repository(repositoryName=api.name, registryId=api.account, force=False)


def plain_repository(api: Api) -> None:
    api.ecr.create_repository(repositoryName=api.name, imageTagMutability="MUTABLE")


REPOSITORY = Resource(
    "aws_ecr_repository",
    create_repository,
    repository,
    change_repository,
    delete_repository,
    frozenset({"RepositoryNotFoundException"}),
    frozenset({"RepositoryNotFoundException"}),
    expected=lambda api: {
        "repositoryName": api.name,
        "registryId": api.account,
        "repositoryArn": api.arn(),
        "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": [{"filter": "dev-*", "filterType": "WILDCARD"}],
        "encryptionConfiguration": {"encryptionType": "AES256"},
        "imageScanningConfiguration": {"scanOnPush": True},
        "tags": {"team": "a"},
    },
)


# ---------------------------------------------------------------- policies
def pull(api: Api, *actions: str) -> str:
    grants = {"Sid": "s", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{api.account}:root"}}
    return policy({**grants, "Action": list(actions)})


def set_repository_policy(*actions: str) -> Callable[[Api], object]:
    return lambda api: api.ecr.set_repository_policy(repositoryName=api.name, policyText=pull(api, *actions))


def repository_policy(api: Api) -> State:
    found = api.ecr.get_repository_policy(repositoryName=api.name)
    return {
        "repository": found["repositoryName"],
        "registry": found["registryId"],
        "policy": json.loads(found["policyText"]),
    }


REPOSITORY_POLICY = Resource(
    "aws_ecr_repository_policy",
    set_repository_policy("ecr:BatchGetImage"),
    repository_policy,
    set_repository_policy("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"),
    lambda api: api.ecr.delete_repository_policy(repositoryName=api.name, registryId=api.account),
    frozenset({"RepositoryNotFoundException", "RepositoryPolicyNotFoundException"}),
    frozenset({"RepositoryNotFoundException", "RepositoryPolicyNotFoundException"}),
    plain_repository,
    lambda api: {"repository": api.name, "registry": api.account, "policy": json.loads(pull(api, "ecr:BatchGetImage"))},
)


def put_lifecycle(*rules: Any) -> Callable[[Api], object]:
    return lambda api: api.ecr.put_lifecycle_policy(repositoryName=api.name, lifecyclePolicyText=text(*rules))


def lifecycle(api: Api) -> State:
    found = api.ecr.get_lifecycle_policy(repositoryName=api.name)
    stated = json.loads(found["lifecyclePolicyText"])
    return {"repository": found["repositoryName"], "registry": found["registryId"], "policy": stated}


LIFECYCLE_POLICY = Resource(
    "aws_ecr_lifecycle_policy",
    put_lifecycle(rule(1, ("sinceImagePushed", 14), "untagged")),
    lifecycle,
    # a change is a replacement: the policy goes, and another one comes
    lambda api: (
        api.ecr.delete_lifecycle_policy(repositoryName=api.name),
        put_lifecycle(rule(1, 30))(api),
    ),
    lambda api: api.ecr.delete_lifecycle_policy(repositoryName=api.name),
    frozenset({"RepositoryNotFoundException", "LifecyclePolicyNotFoundException"}),
    frozenset({"RepositoryNotFoundException", "LifecyclePolicyNotFoundException"}),
    plain_repository,
    lambda api: {
        "repository": api.name,
        "registry": api.account,
        "policy": json.loads(text(rule(1, ("sinceImagePushed", 14), "untagged"))),
    },
)


def replicate(api: Api, *actions: str) -> str:
    grants = {"Sid": "s", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{api.account}:root"}}
    everything = f"arn:aws:ecr:us-east-1:{api.account}:repository/*"
    return policy({**grants, "Action": list(actions), "Resource": [everything]})


def put_registry_policy(*actions: str) -> Callable[[Api], object]:
    return lambda api: api.ecr.put_registry_policy(policyText=replicate(api, *actions))


def registry_policy(api: Api) -> State:
    found = api.ecr.get_registry_policy()
    return {"registry": found["registryId"], "policy": json.loads(found["policyText"])}


REGISTRY_POLICY = Resource(
    "aws_ecr_registry_policy",
    put_registry_policy("ecr:ReplicateImage"),
    registry_policy,
    put_registry_policy("ecr:ReplicateImage", "ecr:CreateRepository"),
    lambda api: api.ecr.delete_registry_policy(),
    frozenset({"RegistryPolicyNotFoundException"}),
    frozenset({"RegistryPolicyNotFoundException"}),
    expected=lambda api: {"registry": api.account, "policy": json.loads(replicate(api, "ecr:ReplicateImage"))},
)
