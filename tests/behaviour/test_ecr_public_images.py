"""Images in a public registry: the laws of private ones, pushed by either door and read by anybody."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.behaviour import test_images
from tests.behaviour.doors import Door, OciDoor, PublicAwsDoor, push
from tests.behaviour.identities import refusal
from tests.behaviour.public import ACCOUNT, PublicRegistry, answer_of
from tests.factories.layouts import image, index, sha256
from tests.factories.processes import Server

# the laws of test_images.py that ask nothing of operations that only private registries have
test_pushed_is_read = test_images.test_an_image_pushed_by_one_door_is_read_byte_by_byte_by_either
test_kept_as_sent = test_images.test_the_manifest_is_kept_as_it_was_sent
test_put_again = test_images.test_put_of_what_is_there_differs_between_the_doors_as_listed
test_upload_again = test_images.test_upload_of_what_is_there_differs_between_the_doors_as_listed
test_by_digest = test_images.test_an_image_put_by_digest_is_untagged
test_layers_missing = test_images.test_an_image_without_its_layers_is_refused_and_leaves_nothing
test_layers_elsewhere = test_images.test_layers_of_another_repository_do_not_count
test_wrong_digest = test_images.test_a_manifest_put_by_another_digest_is_refused
test_wrong_bytes = test_images.test_bytes_of_another_digest_are_refused_and_not_kept
test_no_manifest = test_images.test_what_is_no_manifest_is_refused
test_one_of_several_tags = test_images.test_deleting_one_of_several_tags_leaves_the_image
test_last_tag = test_images.test_deleting_the_last_tag_deletes_the_image
test_delete_by_digest = test_images.test_deleting_by_digest_takes_all_tags
test_lives_on = test_images.test_a_deleted_image_lives_on_in_another_repository
test_index = test_images.test_an_index_comes_back_with_its_children
test_sparse_index = test_images.test_an_index_without_its_children_differs_between_the_doors_as_listed
test_child_protected = test_images.test_a_child_is_protected_while_an_index_names_it
test_foreign_layer = test_images.test_a_layer_that_cannot_be_distributed_need_not_be_there
test_absent = test_images.test_nothing_is_done_to_a_repository_that_is_absent


@pytest.fixture(scope="module")
def public(server: Server) -> PublicRegistry:
    return PublicRegistry(server)


@pytest.fixture(scope="module")
def public_doors(server: Server, public: PublicRegistry) -> dict[str, Door]:
    prefix = f"public.ecr/{public.alias}/"
    anybody = OciDoor(server, "", prefix)
    return {
        "oci": OciDoor(server, public.token(), prefix),
        "aws": PublicAwsDoor(server, anybody),
        "anybody": anybody,
    }


@pytest.fixture(params=["oci", "aws"])
def door(request: pytest.FixtureRequest, public_doors: dict[str, Door]) -> Door:
    return public_doors[request.param]


@pytest.fixture
def reader(public_doors: dict[str, Door]) -> Door:
    return public_doors["anybody"]


@pytest.fixture
def make_repository(public: PublicRegistry) -> Callable[..., str]:
    return public.repository


@pytest.fixture
def api(public: PublicRegistry) -> Any:
    return public.api


def test_put_by_tag_moves_the_tag_and_leaves_the_old_image_untagged(door: Door, reader: Door, repository: str, api):
    old, new = image(4), image(5)
    push(door, repository, old, "latest")
    push(door, repository, new, "latest")
    assert reader.read(repository, "latest") == new.manifest
    assert reader.read(repository, old.digest) == old.manifest
    details = api.describe_images(repositoryName=repository)["imageDetails"]
    assert {each["imageDigest"]: each.get("imageTags") for each in details} == {
        old.digest: None,
        new.digest: ["latest"],
    }


def test_images_are_described_one_by_one_and_by_page(door: Door, repository: str, api):
    contents = [image(930 + number) for number in range(3)]
    for number, content in enumerate(contents):
        push(door, repository, content, f"v{number}")
    (found,) = api.describe_images(repositoryName=repository, imageIds=[{"imageTag": "v1"}])["imageDetails"]
    assert found.pop("imagePushedAt").tzinfo is not None
    assert found == {
        "registryId": ACCOUNT,
        "repositoryName": repository,
        "imageDigest": contents[1].digest,
        "imageTags": ["v1"],
        "imageSizeInBytes": sum(len(blob.data) for blob in contents[1].blobs),
        "imageManifestMediaType": contents[1].manifest.media_type,
        "artifactMediaType": contents[1].config.media_type,
    }
    pages = list(api.get_paginator("describe_images").paginate(repositoryName=repository, maxResults=1))
    assert [len(page["imageDetails"]) for page in pages] == [1, 1, 1]
    assert {page["imageDetails"][0]["imageDigest"] for page in pages} == {content.digest for content in contents}


def test_tags_are_described_with_their_images_by_page(door: Door, repository: str, api):
    content, other = image(940), index(941)
    push(door, repository, content, "b", "a")
    push(door, repository, other, "c")
    found = api.describe_image_tags(repositoryName=repository)["imageTagDetails"]
    assert [each["imageTag"] for each in found] == ["a", "b", "c"]
    first = found[0]
    assert first["createdAt"] >= first["imageDetail"].pop("imagePushedAt")
    assert first["imageDetail"] == {
        "imageDigest": content.digest,
        "imageSizeInBytes": sum(len(blob.data) for blob in content.blobs),
        "imageManifestMediaType": content.manifest.media_type,
        "artifactMediaType": content.config.media_type,
    }
    assert found[2]["imageDetail"]["imageDigest"] == other.digest
    pages = list(api.get_paginator("describe_image_tags").paginate(repositoryName=repository, maxResults=2))
    assert [[each["imageTag"] for each in page["imageTagDetails"]] for page in pages] == [["a", "b"], ["c"]]


def test_a_tag_was_created_when_it_was_last_pointed(door: Door, repository: str, api):
    push(door, repository, image(942), "latest")
    (before,) = api.describe_image_tags(repositoryName=repository)["imageTagDetails"]
    push(door, repository, image(943), "latest")
    (after,) = api.describe_image_tags(repositoryName=repository)["imageTagDetails"]
    assert after["createdAt"] > before["createdAt"]


def test_an_image_that_is_absent_fails_the_whole_description(repository: str, api):
    code, message = refusal(api.describe_images, repositoryName=repository, imageIds=[{"imageTag": "no"}])
    assert code == "ImageNotFoundException"
    assert f"the repository with name '{repository}' in the registry with id '{ACCOUNT}'" in message


def test_ids_and_pages_do_not_go_together(repository: str, api):
    asked = {"repositoryName": repository, "imageIds": [{"imageTag": "v1"}], "maxResults": 1}
    assert refusal(api.describe_images, **asked)[0] == "InvalidParameterException"


def test_a_page_token_of_another_operation_or_service_is_refused(door: Door, repository: str, api, ecr):
    for number in range(2):
        push(door, repository, image(944 + number), f"v{number}")
    token = api.describe_images(repositoryName=repository, maxResults=1)["nextToken"]
    for operation in (api.describe_image_tags, ecr.describe_images):
        refused = refusal(operation, repositoryName=repository, nextToken=token)
        assert refused[0] == "InvalidParameterException" or refused[0] == "RepositoryNotFoundException"
    ecr.create_repository(repositoryName=repository)
    assert refusal(ecr.describe_images, repositoryName=repository, nextToken=token)[0] == "InvalidParameterException"


def test_a_batch_tells_what_was_deleted_and_what_was_not(door: Door, repository: str, api):
    content = image(946)
    push(door, repository, content, "v1")
    ids = [{"imageTag": "v1"}, {"imageTag": "no"}, {"imageDigest": "sha256:no"}, {}]
    answer = answer_of(api.batch_delete_image, repositoryName=repository, imageIds=ids)
    assert answer["imageIds"] == [{"imageDigest": content.digest, "imageTag": "v1"}]
    codes = [failure["failureCode"] for failure in answer["failures"]]
    assert codes == ["ImageNotFound", "InvalidImageDigest", "MissingDigestAndTag"]


def test_layers_are_available_when_they_have_been_pushed(door: Door, repository: str, api):
    content = image(947)
    push(door, repository, content, "v1")
    asked = [content.layers[0].digest, sha256(b"absent"), "nonsense"]
    answer = answer_of(api.batch_check_layer_availability, repositoryName=repository, layerDigests=asked)
    held, absent = answer["layers"]
    assert held == {
        "layerDigest": content.layers[0].digest,
        "layerAvailability": "AVAILABLE",
        "layerSize": len(content.layers[0].data),
        "mediaType": content.layers[0].media_type,
    }
    assert absent == {"layerDigest": asked[1], "layerAvailability": "UNAVAILABLE"}
    assert [failure["failureCode"] for failure in answer["failures"]] == ["InvalidLayerDigest"]


def test_an_upload_in_parts_is_told_of_as_documented(repository: str, api):
    opened = answer_of(api.initiate_layer_upload, repositoryName=repository)
    assert opened["partSize"] == 10 * 1024 * 1024
    session, data = opened["uploadId"], b"layer" * 100
    told = {"registryId": ACCOUNT, "repositoryName": repository, "uploadId": session}
    part = answer_of(
        api.upload_layer_part,
        repositoryName=repository,
        uploadId=session,
        partFirstByte=0,
        partLastByte=len(data) - 1,
        layerPartBlob=data,
    )
    assert part == {**told, "lastByteReceived": len(data) - 1}
    gap = {"partFirstByte": len(data) + 1, "partLastByte": len(data) + 1, "layerPartBlob": b"x"}
    assert refusal(api.upload_layer_part, repositoryName=repository, uploadId=session, **gap)[0] == (
        "InvalidLayerPartException"
    )
    done = answer_of(
        api.complete_layer_upload, repositoryName=repository, uploadId=session, layerDigests=[sha256(data)]
    )
    assert done == {**told, "layerDigest": sha256(data)}
    gone = refusal(api.complete_layer_upload, repositoryName=repository, uploadId=session, layerDigests=[sha256(data)])
    assert gone[0] == "UploadNotFoundException"


def test_an_operation_of_a_push_names_the_registry_by_an_alias_too(public: PublicRegistry, repository: str, api):
    for registry in (public.alias, ACCOUNT):
        assert api.initiate_layer_upload(registryId=registry, repositoryName=repository)["uploadId"]
    asked = {"registryId": "nobody-has-this", "repositoryName": repository}
    code, message = refusal(api.initiate_layer_upload, **asked)
    assert (code, message) == (
        "RegistryNotFoundException",
        "The registry with alias 'nobody-has-this' does not exist",
    )
    assert refusal(api.describe_images, **asked)[0] == "InvalidParameterException"


@pytest.mark.parametrize("kind", ["private", "public"])
def test_private_and_public_repositories_of_one_name_do_not_see_each_other(
    public_doors: dict[str, Door], doors: dict[str, Door], public: PublicRegistry, ecr, kind: str
):
    name = public.repository()
    ecr.create_repository(repositoryName=name)
    content = image(948)
    here, there = (doors["oci"], public_doors["anybody"]) if kind == "private" else (public_doors["oci"], doors["oci"])
    push(here, name, content, "v1")
    assert there.tags(name) == []
    with pytest.raises(Exception, match="image absent"):
        there.read(name, content.digest)
    with pytest.raises(Exception, match="layer absent"):
        there.read_blob(name, content.layers[0].digest)
