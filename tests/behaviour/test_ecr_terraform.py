"""Terraform's AWS provider over its resources and data sources of ECR and ECR Public, by the calls that it makes:
created, read, planned again without a change, changed, imported and destroyed.
"""

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.behaviour.identities import refusal
from tests.behaviour.terraform import Api, Resource, pages, plain_repository
from tests.behaviour.terraform_registry import RESOURCES, read_image
from tests.factories.layouts import image
from tests.factories.processes import Credentials, Server, create_account
from tests.factories.registry import Registry

ACCOUNT = "555544443333"
EXAMPLE = Path(__file__).parents[2] / "examples" / "terraform"
# what the example reads and the tests below ask for
DATA = {
    *("aws_caller_identity", "aws_ecr_authorization_token", "aws_ecr_image", "aws_ecr_images", "aws_ecr_repositories"),
    *("aws_ecr_lifecycle_policy_document", "aws_ecr_repository", "aws_ecr_repository_creation_template"),
    *("aws_ecrpublic_authorization_token", "aws_ecrpublic_images", "aws_iam_policy_document"),
}


@pytest.fixture(scope="module")
def keys(server: Server) -> Credentials:
    """An account whose registries nothing else changes."""
    return create_account(server, ACCOUNT)


@pytest.fixture
def api(server: Server, keys: Credentials) -> Api:
    return Api(server, keys, ACCOUNT)


@pytest.mark.parametrize("resource", RESOURCES.values(), ids=list(RESOURCES))
def test_a_resource_is_what_was_applied_until_it_is_destroyed(api: Api, resource: Resource):
    resource.around(api)
    if not resource.stays:
        assert resource.found(api) is None
    resource.create(api)
    created = resource.found(api)
    assert created is not None
    expected = resource.expected(api)
    assert {name: created[name] for name in expected} == expected
    assert resource.found(api) == created, "a plan finds a change that nobody made"
    resource.change(api)
    changed = resource.found(api)
    assert changed not in (None, created)
    assert resource.found(api) == changed
    resource.delete(api)
    if resource.stays:
        return
    assert resource.found(api) is None
    if resource.gone:
        assert refusal(resource.delete, api=api)[0] in resource.gone


def test_the_provider_learns_whose_keys_it_has(api: Api):
    told = api.server.client("sts", credentials=api.keys).get_caller_identity()
    assert (told["Account"], told["Arn"]) == (ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root")


def test_what_is_removed_behind_terraforms_back_is_planned_anew(api: Api):
    plain_repository(api)
    for kind in ("aws_ecr_repository_policy", "aws_ecr_lifecycle_policy"):
        RESOURCES[kind].create(api)
    api.ecr.delete_repository(repositoryName=api.name, force=True)
    for kind in ("aws_ecr_repository", "aws_ecr_repository_policy", "aws_ecr_lifecycle_policy"):
        assert RESOURCES[kind].found(api) is None


def test_a_repository_with_images_is_destroyed_by_force_only(api: Api):
    plain_repository(api)
    path = f"{ACCOUNT}/us-east-1/{api.name}"
    Registry(api.server, api.server.token(api.keys)).push(path, image(4300), "v1")
    named = {"repositoryName": api.name, "registryId": ACCOUNT}
    assert refusal(api.ecr.delete_repository, **named, force=False)[0] == "RepositoryNotEmptyException"
    api.ecr.delete_repository(**named, force=True)
    assert RESOURCES["aws_ecr_repository"].found(api) is None


def test_images_and_repositories_are_read_as_data(api: Api):
    plain_repository(api)
    made = image(4301)
    Registry(api.server, api.server.token(api.keys)).push(f"{ACCOUNT}/us-east-1/{api.name}", made, "v1", "latest")
    found = read_image(api)
    assert found["imageDigest"] == made.digest
    assert sorted(found["imageTags"]) == ["latest", "v1"]
    assert found["image_uri"] == f"{api.server.host}/{ACCOUNT}/us-east-1/{api.name}@{made.digest}"
    assert found["imagePushedAt"].tzinfo is not None
    listed = pages(api.ecr, "list_images", "imageIds", repositoryName=api.name)
    assert sorted(each["imageTag"] for each in listed) == ["latest", "v1"]
    names = [each["repositoryName"] for each in pages(api.ecr, "describe_repositories", "repositories")]
    assert api.name in names


def test_images_of_a_public_repository_are_read_as_data(api: Api):
    uri = api.public.create_repository(repositoryName=api.name)["repository"]["repositoryUri"]
    made = image(4302)
    Registry(api.server, api.server.public_token(api.keys)).push(uri.partition("/")[2], made, "v1")
    (found,) = pages(api.public, "describe_images", "imageDetails", repositoryName=api.name)
    assert (found["imageDigest"], found["imageTags"]) == (made.digest, ["v1"])
    assert {"artifactMediaType", "imageManifestMediaType", "imagePushedAt", "imageSizeInBytes"} <= set(found)


def test_tokens_are_what_docker_logs_in_with(api: Api):
    (private,) = api.ecr.get_authorization_token(registryIds=[ACCOUNT])["authorizationData"]
    public = api.public.get_authorization_token()["authorizationData"]
    assert private["proxyEndpoint"] == api.server.base_url
    for told in (private, public):
        user, _, password = base64.b64decode(told["authorizationToken"]).decode().partition(":")
        assert (user, ":" in password) == ("AWS", False)
        assert told["expiresAt"].tzinfo is not None


def blocks(kind: str) -> Iterator[str]:
    for path in sorted(EXAMPLE.glob("*.tf")):
        yield from re.findall(rf'^{kind} "([a-z_]+)" "[a-z_]+" {{', path.read_text(), re.MULTILINE)


def test_all_that_the_example_makes_and_reads_is_tried_here():
    assert set(blocks("resource")) == set(RESOURCES)
    assert set(blocks("data")) <= DATA


def test_the_example_asks_this_server_for_everything():
    provider = (EXAMPLE / "provider.tf").read_text()
    assert set(re.findall(r"^    ([a-z]+) += var.endpoint$", provider, re.MULTILINE)) >= {"ecr", "ecrpublic", "sts"}
