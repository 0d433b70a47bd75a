"""Lists of images through boto3: to the end whatever the page, by every filter, with tokens of their own."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.behaviour.doors import push
from tests.factories.layouts import Image, image


def refusal(operation: Callable[..., Any], **parameters: Any) -> tuple[str, str]:
    """(code, message) of a call that must be refused."""
    with pytest.raises(ClientError) as refused:
        operation(**parameters)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.fixture
def filled(doors, repository) -> tuple[str, list[Image], list[Image]]:
    """A repository with tagged images (one of them twice) and untagged ones."""
    tagged, untagged = [image(620 + number, layers=1, size=64) for number in range(3)], [image(630, layers=1, size=64)]
    untagged.append(image(631, layers=1, size=64))
    for number, content in enumerate(tagged):
        push(doors["aws"], repository, content, f"t{number}", *(["extra"] if number == 0 else []))
    for content in untagged:
        push(doors["aws"], repository, content)
    return repository, tagged, untagged


@pytest.mark.parametrize("page", [1, 2, 1000])
@pytest.mark.parametrize("status", [None, "ANY", "TAGGED", "UNTAGGED"])
def test_images_are_listed_to_the_end_whatever_the_page_and_the_filter(ecr, filled, status, page: int):
    repository, tagged, untagged = filled
    given = {} if status is None else {"filter": {"tagStatus": status}}
    config = {"PageSize": page}
    pages = ecr.get_paginator("list_images").paginate(repositoryName=repository, PaginationConfig=config, **given)
    listed = [(each["imageDigest"], each.get("imageTag")) for answer in pages for each in answer["imageIds"]]
    of_tagged = [(content.digest, f"t{number}") for number, content in enumerate(tagged)] + [
        (tagged[0].digest, "extra")
    ]
    of_untagged = [(content.digest, None) for content in untagged]
    expected = (of_tagged if status != "UNTAGGED" else []) + (of_untagged if status != "TAGGED" else [])
    assert sorted(listed, key=str) == sorted(expected, key=str)
    pages = ecr.get_paginator("describe_images").paginate(repositoryName=repository, PaginationConfig=config, **given)
    described = [each["imageDigest"] for answer in pages for each in answer["imageDetails"]]
    assert sorted(described) == sorted({digest for digest, _ in expected})
    assert len(described) == len(set(described))


def test_a_page_token_is_good_for_the_same_parameters_only(ecr, filled, repository, make_repository):
    token = ecr.list_images(repositoryName=repository, maxResults=1)["nextToken"]
    expected = (
        "InvalidParameterException",
        "Invalid parameter at 'NextToken' failed to satisfy constraint: 'Invalid next token provided'",
    )
    for operation, ask in (
        (ecr.list_images, {"repositoryName": make_repository()}),
        (ecr.list_images, {"repositoryName": repository, "filter": {"tagStatus": "TAGGED"}}),
        (ecr.describe_images, {"repositoryName": repository}),
    ):
        assert refusal(operation, nextToken=token, **ask) == expected
    assert ecr.list_images(repositoryName=repository, nextToken=token, maxResults=2)["imageIds"]


def test_filters_outside_their_values_are_refused(ecr, repository):
    code, message = refusal(ecr.list_images, repositoryName=repository, filter={"tagStatus": "SOME"})
    assert code == "InvalidParameterException"
    assert message == (
        "Invalid parameter at 'filter.tagStatus' failed to satisfy constraint: "
        "'Member must satisfy enum value set: [TAGGED, UNTAGGED, ANY]'"
    )
