"""boto3, unmodified: an image goes in by the API alone, comes out by the API and by the registry."""

import hashlib
import io
import urllib.request
from typing import Any

import pytest

from tests.clients.workplace import Workplace
from tests.factories.layouts import Content, Image, contents, image, index

PART = 5 * 1024 * 1024


def upload(ecr: Any, repository: str, blob: Content, part: int = PART) -> str:
    session = ecr.initiate_layer_upload(repositoryName=repository)["uploadId"]
    for first in range(0, len(blob.data), part):
        piece = blob.data[first : first + part]
        answer = ecr.upload_layer_part(
            repositoryName=repository,
            uploadId=session,
            partFirstByte=first,
            partLastByte=first + len(piece) - 1,
            layerPartBlob=piece,
        )
        assert answer["lastByteReceived"] == first + len(piece) - 1
    answer = ecr.complete_layer_upload(repositoryName=repository, uploadId=session, layerDigests=[blob.digest])
    digest: str = answer["layerDigest"]
    return digest


def put(ecr: Any, repository: str, content: Image, *tags: str) -> None:
    for blob in content.blobs:
        assert upload(ecr, repository, blob) == blob.digest
    for tag in tags:
        answer = ecr.put_image(
            repositoryName=repository,
            imageManifest=content.manifest.data.decode(),
            imageManifestMediaType=content.manifest.media_type,
            imageTag=tag,
        )
        assert answer["image"]["imageId"] == {"imageDigest": content.digest, "imageTag": tag}


def test_an_image_put_by_the_api_is_read_by_both_doors(workplace: Workplace):
    content = image(501, layers=2, size=6 * 1024 * 1024)
    put(workplace.ecr, workplace.repository, content, "v1")
    got = workplace.ecr.batch_get_image(repositoryName=workplace.repository, imageIds=[{"imageTag": "v1"}])
    assert got["failures"] == []
    assert got["images"][0]["imageManifest"].encode() == content.manifest.data
    for blob in content.blobs:
        assert download(workplace, blob.digest) == blob.data
    assert workplace.registry.pull(workplace.repository, "v1") == contents(content)


def download(workplace: Workplace, digest: str) -> bytes:
    answer = workplace.ecr.get_download_url_for_layer(repositoryName=workplace.repository, layerDigest=digest)
    assert answer["layerDigest"] == digest
    with urllib.request.urlopen(answer["downloadUrl"], context=workplace.server.context()) as stream:
        data: bytes = stream.read()
    return data


def test_layers_are_available_once_uploaded_and_an_upload_of_one_again_says_so(workplace: Workplace):
    content = image(502)
    digests = [blob.digest for blob in content.blobs]
    ask = {"repositoryName": workplace.repository, "layerDigests": digests}
    before = workplace.ecr.batch_check_layer_availability(**ask)["layers"]
    assert {layer["layerAvailability"] for layer in before} == {"UNAVAILABLE"}
    put(workplace.ecr, workplace.repository, content, "v1")
    after = workplace.ecr.batch_check_layer_availability(**ask)["layers"]
    assert [(layer["layerDigest"], layer["layerAvailability"], layer["layerSize"]) for layer in after] == [
        (blob.digest, "AVAILABLE", len(blob.data)) for blob in content.blobs
    ]
    with pytest.raises(workplace.ecr.exceptions.LayerAlreadyExistsException):
        upload(workplace.ecr, workplace.repository, content.layers[0])


def test_images_are_listed_page_by_page_and_described(workplace: Workplace):
    pushed = [image(510 + number, layers=1) for number in range(5)]
    for number, content in enumerate(pushed):
        put(workplace.ecr, workplace.repository, content, f"v{number}")
    pages = workplace.ecr.get_paginator("list_images").paginate(
        repositoryName=workplace.repository, PaginationConfig={"PageSize": 2}
    )
    listed = [entry for page in pages for entry in page["imageIds"]]
    assert sorted((entry["imageTag"], entry["imageDigest"]) for entry in listed) == [
        (f"v{number}", content.digest) for number, content in enumerate(pushed)
    ]
    details = workplace.ecr.describe_images(repositoryName=workplace.repository)["imageDetails"]
    sizes = {detail["imageDigest"]: detail["imageSizeInBytes"] for detail in details}
    assert sizes == {content.digest: sum(len(blob.data) for blob in content.blobs) for content in pushed}


def test_an_index_needs_its_children_and_then_comes_back_whole(workplace: Workplace):
    content = index(520)
    ask = {
        "repositoryName": workplace.repository,
        "imageManifest": content.manifest.data.decode(),
        "imageManifestMediaType": content.manifest.media_type,
        "imageTag": "multi",
    }
    with pytest.raises(workplace.ecr.exceptions.ReferencedImagesNotFoundException):
        workplace.ecr.put_image(**ask)
    for child in content.children:
        put(workplace.ecr, workplace.repository, child, f"child-{child.digest[7:15]}")
    workplace.ecr.put_image(**ask)
    assert workplace.registry.pull(workplace.repository, "multi") == contents(content)


def test_deleting_is_reported_image_by_image(workplace: Workplace):
    content = image(530)
    put(workplace.ecr, workplace.repository, content, "a", "b")
    untagged = workplace.ecr.batch_delete_image(
        repositoryName=workplace.repository, imageIds=[{"imageTag": "a"}, {"imageTag": "absent"}]
    )
    assert untagged["imageIds"] == [{"imageTag": "a", "imageDigest": content.digest}]
    assert [failure["failureCode"] for failure in untagged["failures"]] == ["ImageNotFound"]
    gone = workplace.ecr.batch_delete_image(
        repositoryName=workplace.repository, imageIds=[{"imageDigest": content.digest}]
    )
    assert gone["imageIds"] == [{"imageTag": "b", "imageDigest": content.digest}]
    assert workplace.ecr.describe_images(repositoryName=workplace.repository)["imageDetails"] == []


def test_the_repository_uri_is_reachable_as_it_is(workplace: Workplace):
    described = workplace.ecr.describe_repositories(repositoryNames=[workplace.repository])["repositories"][0]
    assert described["repositoryUri"] == workplace.address
    endpoint = workplace.ecr.get_authorization_token()["authorizationData"][0]["proxyEndpoint"]
    assert endpoint == workplace.server.base_url


def test_parts_that_do_not_match_the_digest_are_refused(workplace: Workplace):
    blob = Content("", hashlib.sha256(b"seed").digest() * 1000)
    other = Content("", io.BytesIO(blob.data[::-1]).read())
    session = workplace.ecr.initiate_layer_upload(repositoryName=workplace.repository)["uploadId"]
    workplace.ecr.upload_layer_part(
        repositoryName=workplace.repository,
        uploadId=session,
        partFirstByte=0,
        partLastByte=len(blob.data) - 1,
        layerPartBlob=blob.data,
    )
    with pytest.raises(workplace.ecr.exceptions.InvalidLayerException):
        workplace.ecr.complete_layer_upload(
            repositoryName=workplace.repository, uploadId=session, layerDigests=[other.digest]
        )
