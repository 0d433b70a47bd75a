"""Repositories through boto3: what AWS documents of creating, describing, changing, tagging and deleting them."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.behaviour.doors import push
from tests.factories.layouts import image
from tests.factories.processes import Server

ACCOUNT, OTHER = "000000000000", "111122223333"
_numbers = itertools.count()


def refusal(operation: Callable[..., Any], **parameters: Any) -> tuple[str, str]:
    """(code, message) of a call that must be refused."""
    with pytest.raises(ClientError) as refused:
        operation(**parameters)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def invalid(parameter: str, reason: str) -> tuple[str, str]:
    return "InvalidParameterException", f"Invalid parameter at '{parameter}' failed to satisfy constraint: '{reason}'"


def arn(name: str) -> str:
    return f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/{name}"


@pytest.fixture
def name() -> str:
    return f"repositories/r{next(_numbers)}"


def test_a_repository_is_made_with_the_documented_defaults(server: Server, ecr, name: str):
    made = ecr.create_repository(repositoryName=name)["repository"]
    assert made.pop("createdAt").tzinfo is not None
    assert made == {
        "repositoryArn": arn(name),
        "registryId": ACCOUNT,
        "repositoryName": name,
        "repositoryUri": f"{server.host}/{name}",
        "imageTagMutability": "MUTABLE",
        "imageScanningConfiguration": {"scanOnPush": False},
        "encryptionConfiguration": {"encryptionType": "AES256"},
    }


def test_a_name_is_taken_once(ecr, name: str):
    ecr.create_repository(repositoryName=name)
    text = f"The repository with name '{name}' already exists in the registry with id '{ACCOUNT}'"
    assert refusal(ecr.create_repository, repositoryName=name) == ("RepositoryAlreadyExistsException", text)


@pytest.mark.parametrize(
    "bad",
    ["UPPER", "a", "x" * 257, "a//b", "a..b", "-a", "a-", "a/", "a b", "a\n", "a___b", "ü", "a\0", "'; DROP TABLE"],
)
def test_a_name_outside_the_pattern_is_an_invalid_parameter(ecr, bad: str):
    if len(bad) < 2:
        bad = "_a"  # the client itself refuses names that are too short
    code, message = refusal(ecr.create_repository, repositoryName=bad)
    assert code == "InvalidParameterException"
    component = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*"
    reason = rf"must satisfy regular expression '{component}(\/{component})*'"
    if len(bad) > 256:
        reason = "Member must have length less than or equal to 256"
    assert (code, message) == invalid("repositoryName", reason)


@pytest.mark.parametrize("reserved", ["111122223333/eu-west-1/app", "public.ecr/alias/app"])
def test_a_name_that_is_an_address_is_refused(ecr, reserved: str):
    code, message = refusal(ecr.create_repository, repositoryName=reserved)
    assert (code, reserved in message) == ("InvalidParameterException", True)


def test_encryption_that_is_not_done_is_not_promised(ecr, name: str):
    for configuration in ({"encryptionType": "KMS_DSSE"}, {"encryptionType": "AES256", "kmsKey": "k"}):
        code, message = refusal(ecr.create_repository, repositoryName=name, encryptionConfiguration=configuration)
        assert (code, "KMS" in message) == ("InvalidParameterException", True)
    assert refusal(ecr.describe_repositories, repositoryNames=[name])[0] == "RepositoryNotFoundException"


def absent(name: str) -> tuple[str, str]:
    text = f"The repository with name '{name}' does not exist in the registry with id '{ACCOUNT}'"
    return "RepositoryNotFoundException", text


DIGEST, UPLOAD = "sha256:" + "0" * 64, "00000000-0000-4000-8000-000000000000"
NEEDS_REPOSITORY: list[tuple[str, dict[str, Any]]] = [
    ("batch_check_layer_availability", {"layerDigests": [DIGEST]}),
    ("batch_delete_image", {"imageIds": [{"imageTag": "t"}]}),
    ("batch_get_image", {"imageIds": [{"imageTag": "t"}]}),
    ("complete_layer_upload", {"uploadId": UPLOAD, "layerDigests": [DIGEST]}),
    ("delete_repository", {}),
    ("delete_repository", {"force": True}),
    ("describe_images", {}),
    ("describe_images", {"imageIds": [{"imageTag": "t"}]}),
    ("get_download_url_for_layer", {"layerDigest": DIGEST}),
    ("initiate_layer_upload", {}),
    ("list_images", {}),
    ("put_image", {"imageManifest": image(1).manifest.data.decode()}),
    ("put_image_tag_mutability", {"imageTagMutability": "IMMUTABLE"}),
    ("upload_layer_part", {"uploadId": UPLOAD, "partFirstByte": 0, "partLastByte": 0, "layerPartBlob": b"x"}),
]


@pytest.mark.parametrize(("operation", "parameters"), NEEDS_REPOSITORY)
def test_what_needs_a_repository_says_that_it_is_not_there(ecr, name: str, operation: str, parameters):
    assert refusal(getattr(ecr, operation), repositoryName=name, **parameters) == absent(name)


@pytest.mark.parametrize(("operation", "parameters"), NEEDS_REPOSITORY)
def test_the_registry_of_another_account_is_denied_whether_or_not_it_is_there(ecr, name: str, operation, parameters):
    code, message = refusal(getattr(ecr, operation), repositoryName=name, registryId=OTHER, **parameters)
    action = "ecr:" + ecr.meta.method_to_api_mapping[operation]
    resource = f"arn:aws:ecr:us-east-1:{OTHER}:repository/{name}"
    assert code == "AccessDeniedException"
    assert message.startswith(
        f"User: arn:aws:iam::{ACCOUNT}:root is not authorized to perform: {action} on resource: {resource} because no "
    )


def test_other_operations_on_another_account_are_denied(ecr, name: str):
    other = arn(name).replace(ACCOUNT, OTHER)
    for operation, parameters in (
        ("create_repository", {"repositoryName": name, "registryId": OTHER}),
        ("describe_repositories", {"registryId": OTHER}),
        ("list_tags_for_resource", {"resourceArn": other}),
        ("tag_resource", {"resourceArn": other, "tags": [{"Key": "k", "Value": "v"}]}),
        ("untag_resource", {"resourceArn": other, "tagKeys": ["k"]}),
    ):
        assert refusal(getattr(ecr, operation), **parameters)[0] == "AccessDeniedException", operation


def test_the_own_account_may_be_named(ecr, name: str):
    ecr.create_repository(repositoryName=name, registryId=ACCOUNT)
    found = ecr.describe_repositories(repositoryNames=[name], registryId=ACCOUNT)["repositories"]
    assert [each["repositoryName"] for each in found] == [name]


@pytest.mark.parametrize("page", [1, 1000])
def test_repositories_are_described_to_the_end_whatever_the_page(ecr, name: str, page: int):
    names = [f"{name}/{number}" for number in range(4)]
    for each in names:
        ecr.create_repository(repositoryName=each)
    pages = ecr.get_paginator("describe_repositories").paginate(PaginationConfig={"PageSize": page})
    found = [each["repositoryName"] for answer in pages for each in answer["repositories"]]
    assert found == sorted(set(found))
    assert [each for each in found if each.startswith(f"{name}/")] == names


def test_described_repositories_are_all_there_or_none(ecr, repository: str, name: str):
    assert refusal(ecr.describe_repositories, repositoryNames=[repository, name]) == absent(name)


def test_names_and_pages_do_not_go_together(ecr, repository: str):
    code, message = refusal(ecr.describe_repositories, repositoryNames=[repository], maxResults=1)
    assert (code, "maxResults" in message) == ("InvalidParameterException", True)


def test_the_bounds_of_pages_and_lists_are_those_of_the_model(ecr, repository: str):
    assert refusal(ecr.describe_repositories, maxResults=1001) == invalid(
        "maxResults", "Member must have value less than or equal to 1000"
    )
    assert refusal(ecr.describe_repositories, repositoryNames=[repository] * 101) == invalid(
        "repositoryNames", "Member must have length less than or equal to 100"
    )
    code, message = refusal(ecr.describe_repositories, registryId="12345")
    assert code == "InvalidParameterException"
    assert message.endswith(
        "'Member must satisfy constraint: [Member must satisfy regular expression pattern: [0-9]{12}]'"
    )


def test_a_page_token_is_good_for_the_call_that_it_was_given_for(ecr, make_repository):
    for _ in range(2):
        make_repository()
    token = ecr.describe_repositories(maxResults=1)["nextToken"]
    assert ecr.describe_repositories(maxResults=1, nextToken=token)["repositories"]
    expected = invalid("NextToken", "Invalid next token provided")
    for wrong in ("x", token[:-4], token + "=", "bm90IGEgdG9rZW4="):
        assert refusal(ecr.describe_repositories, nextToken=wrong) == expected
    repository = make_repository()
    assert refusal(ecr.list_images, repositoryName=repository, nextToken=token) == expected


def test_a_repository_with_images_is_deleted_by_force_only(ecr, doors, repository: str):
    push(doors["aws"], repository, image(2), "v1")
    text = (
        f"The repository with name '{repository}' in registry with id '{ACCOUNT}' cannot be deleted because it still "
        "contains images"
    )
    assert refusal(ecr.delete_repository, repositoryName=repository) == ("RepositoryNotEmptyException", text)
    assert ecr.delete_repository(repositoryName=repository, force=True)["repository"]["repositoryName"] == repository
    assert refusal(ecr.describe_repositories, repositoryNames=[repository]) == absent(repository)


def filters(*texts: str) -> list[dict[str, str]]:
    return [{"filterType": "WILDCARD", "filter": text} for text in texts]


@pytest.mark.parametrize(
    ("mode", "given"),
    [
        ("MUTABLE", {}),
        ("IMMUTABLE", {}),
        ("IMMUTABLE_WITH_EXCLUSION", {"imageTagMutabilityExclusionFilters": filters("dev-*", "latest")}),
        ("MUTABLE_WITH_EXCLUSION", {"imageTagMutabilityExclusionFilters": filters("v*", "*", "a.b_c-d", "*x*", "e")}),
    ],
)
def test_mutability_is_set_told_and_kept(ecr, repository: str, name: str, mode: str, given):
    told = ecr.put_image_tag_mutability(repositoryName=repository, imageTagMutability=mode, **given)
    told.pop("ResponseMetadata")
    assert told == {"registryId": ACCOUNT, "repositoryName": repository, "imageTagMutability": mode, **given}
    (described,) = ecr.describe_repositories(repositoryNames=[repository])["repositories"]
    made = ecr.create_repository(repositoryName=name, imageTagMutability=mode, **given)["repository"]
    for found in (described, made):
        assert found["imageTagMutability"] == mode
        assert found.get("imageTagMutabilityExclusionFilters") == given.get("imageTagMutabilityExclusionFilters")


def test_a_mode_without_exclusion_forgets_the_filters(ecr, make_repository):
    repository = make_repository(
        imageTagMutability="IMMUTABLE_WITH_EXCLUSION", imageTagMutabilityExclusionFilters=filters("dev-*")
    )
    ecr.put_image_tag_mutability(repositoryName=repository, imageTagMutability="MUTABLE")
    (found,) = ecr.describe_repositories(repositoryNames=[repository])["repositories"]
    assert "imageTagMutabilityExclusionFilters" not in found


@pytest.mark.parametrize(
    ("mode", "given", "words"),
    [
        ("IMMUTABLE_WITH_EXCLUSION", None, "can't be null when imageTagMutability is set as IMMUTABLE_WITH_EXCLUSION"),
        ("MUTABLE_WITH_EXCLUSION", None, "can't be null when imageTagMutability is set as MUTABLE_WITH_EXCLUSION"),
        ("MUTABLE", filters("a"), "must be null"),
        ("IMMUTABLE", filters("a"), "must be null"),
        ("MUTABLE_WITH_EXCLUSION", filters(*"abcdef"), "less than or equal to 5"),
        ("MUTABLE_WITH_EXCLUSION", filters("a b"), "regular expression"),
        ("MUTABLE_WITH_EXCLUSION", filters("x" * 129), "less than or equal to 128"),
        ("MUTABLE_WITH_EXCLUSION", filters("*a*b*"), "at most 2 wildcards"),
        ("MUTABLE_WITH_EXCLUSION", [{"filterType": "REGEX", "filter": "a"}], "enum value set: [WILDCARD]"),
        ("FROZEN", None, "enum value set: ["),
    ],
)
def test_modes_and_filters_that_do_not_fit_are_refused_and_change_nothing(ecr, repository, mode, given, words):
    extra = {} if given is None else {"imageTagMutabilityExclusionFilters": given}
    ask = {"repositoryName": repository, "imageTagMutability": mode, **extra}
    code, message = refusal(ecr.put_image_tag_mutability, **ask)
    assert code == "InvalidParameterException"
    assert words in message
    (found,) = ecr.describe_repositories(repositoryNames=[repository])["repositories"]
    assert found["imageTagMutability"] == "MUTABLE"


def tags_of(ecr: Any, name: str) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in ecr.list_tags_for_resource(resourceArn=arn(name))["tags"]}


def pairs(**tags: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def test_resource_tags_are_set_on_creation_changed_and_removed(ecr, name: str):
    ecr.create_repository(repositoryName=name, tags=pairs(team="größe 1", env=""))
    assert tags_of(ecr, name) == {"team": "größe 1", "env": ""}
    ecr.tag_resource(resourceArn=arn(name), tags=pairs(env="prod", path="a/b:c=d+e-f@g._"))
    assert tags_of(ecr, name) == {"team": "größe 1", "env": "prod", "path": "a/b:c=d+e-f@g._"}
    ecr.untag_resource(resourceArn=arn(name), tagKeys=["env", "never-there"])
    assert tags_of(ecr, name) == {"team": "größe 1", "path": "a/b:c=d+e-f@g._"}


def test_a_resource_has_fifty_tags_at_most(ecr, repository: str, name: str):
    text = "The list of tags on the repository is over the limit. The maximum number of tags is 50."
    fifty = [{"Key": f"k{number}", "Value": ""} for number in range(50)]
    ecr.tag_resource(resourceArn=arn(repository), tags=fifty)
    ecr.tag_resource(resourceArn=arn(repository), tags=fifty)
    more = [{"Key": "one-more", "Value": ""}]
    assert refusal(ecr.tag_resource, resourceArn=arn(repository), tags=more) == ("TooManyTagsException", text)
    assert refusal(ecr.create_repository, repositoryName=name, tags=fifty + more) == ("TooManyTagsException", text)
    assert len(tags_of(ecr, repository)) == 50


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("aws:team", "x"),
        ("AWS:team", "x"),
        ("", "x"),
        ("k" * 129, "x"),
        ("k", "v" * 257),
        ("<script>", "x"),
        ("k", "'; DROP TABLE"),
        ("k\n", "x"),
        ("k\0", "x"),
        ("k", "\u202e"),
        ("\U0001f40b", "x"),
    ],
)
def test_tags_outside_the_rules_are_refused(ecr, repository: str, key: str, value: str):
    tags = [{"Key": "good", "Value": ""}, {"Key": key, "Value": value}]
    assert refusal(ecr.tag_resource, resourceArn=arn(repository), tags=tags)[0] == "InvalidTagParameterException"
    assert tags_of(ecr, repository) == {}


def test_a_key_stands_once_in_a_call(ecr, repository: str):
    tags = [{"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}]
    assert refusal(ecr.tag_resource, resourceArn=arn(repository), tags=tags)[0] == "InvalidTagParameterException"


@pytest.mark.parametrize("bad", ["", "x", "arn:aws:s3:::bucket", "arn:aws:ecr:us-east-1:1:repository/a", "\0"])
def test_an_arn_that_is_none_is_invalid(ecr, bad: str):
    assert refusal(ecr.list_tags_for_resource, resourceArn=bad) == invalid("resourceArn", "Invalid ARN")


def test_tags_of_what_is_not_there_are_not_found(ecr, name: str):
    assert refusal(ecr.list_tags_for_resource, resourceArn=arn(name)) == absent(name)
    assert refusal(ecr.tag_resource, resourceArn=arn(name), tags=pairs(k="v")) == absent(name)
    assert refusal(ecr.untag_resource, resourceArn=arn(name), tagKeys=["k"]) == absent(name)


def test_the_registry_is_described(ecr):
    told = ecr.describe_registry()
    assert (told["registryId"], told["replicationConfiguration"]) == (ACCOUNT, {"rules": []})


def test_one_token_is_told_for_each_registry_asked_for(server: Server, ecr):
    told = ecr.get_authorization_token(registryIds=[ACCOUNT, OTHER])["authorizationData"]
    endpoints = [each["proxyEndpoint"] for each in told]
    assert endpoints == [server.base_url, server.base_url]
    assert len({each["authorizationToken"] for each in told}) == 1
    assert refusal(ecr.get_authorization_token, registryIds=[ACCOUNT] * 11) == invalid(
        "registryIds", "Member must have length less than or equal to 10"
    )


def test_an_operation_that_is_not_built_says_so_and_where_to_look(server: Server):
    code, message = refusal(server.client("events").list_endpoints)
    assert code == "UnknownOperationException"
    assert "ListEndpoints" in message
    assert "coverage" in message
