"""Every operation of ECR Public, asked by those who may not: denied before anything is looked up."""

import urllib.request
from typing import Any

import pytest
from botocore.exceptions import ClientError

from entrepot.aws.ecr_public import OPERATIONS
from tests.behaviour.public import TOKEN, PublicRegistry
from tests.factories.processes import Credentials, Server
from tests.traps.door import ABSENT, UPLOAD
from tests.traps.public import Public

ACCOUNT = "000000000000"
# what each operation is given for a repository of the default account
NAMED: dict[str, dict[str, Any]] = {
    "BatchCheckLayerAvailability": {"layerDigests": [ABSENT]},
    "BatchDeleteImage": {"imageIds": [{"imageTag": "latest"}]},
    "CompleteLayerUpload": {"uploadId": UPLOAD, "layerDigests": [ABSENT]},
    "CreateRepository": {},
    "DeleteRepository": {"force": True},
    "DeleteRepositoryPolicy": {},
    "DescribeImageTags": {},
    "DescribeImages": {},
    "DescribeRepositories": {},
    "GetRepositoryCatalogData": {},
    "GetRepositoryPolicy": {},
    "InitiateLayerUpload": {},
    "ListTagsForResource": {},
    "PutImage": {"imageManifest": "{}", "imageTag": "latest"},
    "PutRepositoryCatalogData": {"catalogData": {"description": "mine"}},
    "SetRepositoryPolicy": {"policyText": "{}", "force": True},
    "TagResource": {"tags": [{"Key": "k", "Value": "v"}]},
    "UntagResource": {"tagKeys": ["k"]},
    "UploadLayerPart": {"uploadId": UPLOAD, "partFirstByte": 0, "partLastByte": 0, "layerPartBlob": b"x"},
}
OWN: dict[str, dict[str, Any]] = {
    "DescribeRegistries": {},
    "GetAuthorizationToken": {},
    "GetRegistryCatalogData": {},
    "PutRegistryCatalogData": {"displayName": "mine"},
}
BY_ARN = ("ListTagsForResource", "TagResource", "UntagResource")


@pytest.fixture(scope="module")
def public(server: Server) -> Public:
    return Public(server)


def given(operation: str, name: str) -> dict[str, Any]:
    """The input of an operation, on a repository of the default account where it is on one."""
    if operation in OWN:
        return OWN[operation]
    if operation in BY_ARN:
        return {"resourceArn": f"arn:aws:ecr-public::{ACCOUNT}:repository/{name}", **NAMED[operation]}
    if operation == "DescribeRepositories":
        return {"registryId": ACCOUNT, "repositoryNames": [name]}
    registry = {} if operation == "CreateRepository" else {"registryId": ACCOUNT}
    return {"repositoryName": name, **registry, **NAMED[operation]}


def call(client: Any, operation: str, asked: dict[str, Any]) -> ClientError:
    """The refusal of a call."""
    with pytest.raises(ClientError) as refused:
        client._make_api_call(operation, asked)
    return refused.value


def test_every_operation_is_asked():
    assert set(NAMED) | set(OWN) == set(OPERATIONS)


@pytest.mark.parametrize("operation", [name for name in NAMED if name != "CreateRepository"])
def test_another_account_is_denied_whether_or_not_a_thing_exists(
    public: Public, stranger: Credentials, operation: str
) -> None:
    client = public.server.client("ecr-public", credentials=stranger)
    told = []
    for name in (public.name, "never/was"):
        error = call(client, operation, given(operation, name)).response["Error"]
        told.append((error["Code"], error["Message"].replace(name, "")))
    assert told[0] == told[1]
    assert told[0][0] == "AccessDeniedException"
    assert "no resource-based policy allows the ecr-public:" in told[0][1]


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_a_user_without_a_policy_is_denied_by_name_of_action_and_arn(public: Public, operation: str) -> None:
    keys = PublicRegistry(public.server).user("sts:GetCallerIdentity")
    client = public.server.client("ecr-public", credentials=keys)
    error = call(client, operation, given(operation, public.name))
    assert error.response["Error"]["Code"] == "AccessDeniedException"
    message = error.response["Error"]["Message"]
    assert f"is not authorized to perform: ecr-public:{operation} on resource: " in message
    assert "because no identity-based policy allows" in message
    resource = "*" if operation == "GetAuthorizationToken" else f"arn:aws:ecr-public::{ACCOUNT}:"
    assert f"on resource: {resource}" in message


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_who_is_allowed_just_this_may_do_just_this(public: Public, operation: str) -> None:
    name = f"just/{operation.lower()}"
    if operation != "CreateRepository":
        public.api.create_repository(repositoryName=name)
    registry = PublicRegistry(public.server)
    keys = registry.user(f"ecr-public:{operation}", *(TOKEN if operation == "GetAuthorizationToken" else ()))
    client = public.server.client("ecr-public", credentials=keys)
    other = "DeleteRepository" if operation == "DescribeRepositories" else "DescribeRepositories"
    assert code_of(client, other, name) == "AccessDeniedException"
    assert code_of(client, operation, name) in (
        *("", "LayersNotFoundException", "UploadNotFoundException", "InvalidParameterException"),
        *("RepositoryPolicyNotFoundException", "RepositoryCatalogDataNotFoundException"),
    )


def code_of(client: Any, operation: str, name: str) -> str:
    """The code of a refusal; empty when it was done."""
    try:
        client._make_api_call(operation, given(operation, name))
    except ClientError as refused:
        return str(refused.response["Error"]["Code"])
    return ""


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_nobody_asks_anything_over_the_api(public: Public, operation: str) -> None:
    """What is public over OCI is public there alone."""
    request = urllib.request.Request(
        public.server.base_url,
        data=b"{}",
        headers={"X-Amz-Target": f"SpencerFrontendService.{operation}", "Content-Type": "application/x-amz-json-1.1"},
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    assert refused.value.code == 403
    assert b"MissingAuthenticationTokenException" in refused.value.read()
    refused.value.close()
