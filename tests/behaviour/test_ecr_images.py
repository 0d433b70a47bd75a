"""Images through boto3: failures[] and exceptions with AWS's texts, filters, pages, and what a put refuses."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.behaviour.doors import push
from tests.factories.layouts import DOCKER_LIST, OCI_INDEX, OCI_MANIFEST, Content, Image, image, index, manifest

ACCOUNT = "000000000000"
ABSENT = "sha256:" + "0" * 64


def refusal(operation: Callable[..., Any], **parameters: Any) -> tuple[str, str]:
    """(code, message) of a call that must be refused."""
    with pytest.raises(ClientError) as refused:
        operation(**parameters)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def put(ecr: Any, repository: str, content: Content, **more: Any) -> dict[str, Any]:
    ask = {"imageManifest": content.data.decode(), "imageManifestMediaType": content.media_type, **more}
    found: dict[str, Any] = ecr.put_image(repositoryName=repository, **ask)["image"]
    return found


def upload(doors, repository: str, content: Image) -> Image:
    for blob in content.blobs:
        doors["aws"].upload(repository, blob)
    return content


def not_found(repository: str, digest: str = "null", tag: str = "null") -> tuple[str, str]:
    text = (
        f"The image with imageId {{imageDigest:'{digest}', imageTag:'{tag}'}} does not exist within the repository "
        f"with name '{repository}' in the registry with id '{ACCOUNT}'"
    )
    return "ImageNotFoundException", text


def test_the_answer_of_a_put_is_the_image(ecr, doors, repository):
    content = upload(doors, repository, image(600))
    assert put(ecr, repository, content.manifest, imageTag="v1", imageDigest=content.digest) == {
        "registryId": ACCOUNT,
        "repositoryName": repository,
        "imageId": {"imageDigest": content.digest, "imageTag": "v1"},
        "imageManifest": content.manifest.data.decode(),
        "imageManifestMediaType": content.manifest.media_type,
    }


def test_an_image_that_is_there_already_is_told_with_and_without_its_tag(ecr, doors, repository):
    content = upload(doors, repository, image(601))
    put(ecr, repository, content.manifest, imageTag="v1")
    for more, tag in (({"imageTag": "v1"}, "v1"), ({}, "null")):
        text = (
            f"Image with digest '{content.digest}' and tag '{tag}' already exists in the repository with name "
            f"'{repository}' in registry with id '{ACCOUNT}'"
        )
        ask = {"imageManifest": content.manifest.data.decode(), **more}
        assert refusal(ecr.put_image, repositoryName=repository, **ask) == ("ImageAlreadyExistsException", text)
    assert put(ecr, repository, content.manifest, imageTag="v2")["imageId"]["imageTag"] == "v2"


def test_an_immutable_tag_is_told_by_name(ecr, doors, make_repository):
    repository = make_repository(imageTagMutability="IMMUTABLE")
    push(doors["aws"], repository, image(602), "v1")
    other = upload(doors, repository, image(603))
    text = (
        f"The image tag 'v1' already exists in the '{repository}' repository and cannot be overwritten because the tag "
        "is immutable."
    )
    ask = {"imageManifest": other.manifest.data.decode(), "imageTag": "v1"}
    assert refusal(ecr.put_image, repositoryName=repository, **ask) == ("ImageTagAlreadyExistsException", text)


def required(what: str, digests: str, repository: str) -> str:
    return (
        f"{what} with digests '[{digests}]' required for pushing image into repository with name '{repository}' in the "
        f"registry with id '{ACCOUNT}' do not exist"
    )


def test_missing_layers_and_children_are_listed(ecr, repository):
    content = image(604)
    missing = ", ".join(sorted(blob.digest for blob in content.blobs))
    assert refusal(ecr.put_image, repositoryName=repository, imageManifest=content.manifest.data.decode()) == (
        "LayersNotFoundException",
        required("Layers", missing, repository),
    )
    several = index(605)
    missing = ", ".join(sorted(child.digest for child in several.children))
    assert refusal(ecr.put_image, repositoryName=repository, imageManifest=several.manifest.data.decode()) == (
        "ReferencedImagesNotFoundException",
        required("Images", missing, repository),
    )
    assert ecr.list_images(repositoryName=repository)["imageIds"] == []


def test_layers_of_another_repository_are_missing_all_the_same(ecr, doors, repository, make_repository):
    content = upload(doors, make_repository(), image(606))
    ask = {"repositoryName": repository, "imageManifest": content.manifest.data.decode()}
    assert refusal(ecr.put_image, **ask)[0] == "LayersNotFoundException"


def test_a_digest_that_is_not_the_manifests_is_refused(ecr, doors, repository):
    content = upload(doors, repository, image(607))
    ask = {"repositoryName": repository, "imageManifest": content.manifest.data.decode(), "imageDigest": ABSENT}
    code, message = refusal(ecr.put_image, **ask)
    assert code == "ImageDigestDoesNotMatchException"
    assert ABSENT in message
    assert content.digest in message


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda _: "no json", "Invalid JSON syntax"),
        (lambda _: "{}", "image manifest mediatype not provided in manifest or parameter"),
        (lambda _: "[]", ""),
        (lambda body: body.replace('"schemaVersion":2', '"schemaVersion":3'), "schemaVersion"),
        (lambda body: body.replace("sha256:", "sha999:"), "digest"),
        (lambda body: body.replace('"size":', '"size":-'), "size"),
        (lambda body: body.replace('"mediaType":"application/vnd.oci.image.config', '"mediaType":"\\u0000'), ""),
        (lambda body: body[:-1] + ',"artifactType":"a\\u0000b"}', ""),
        (lambda body: body[:-1] + ',"schemaVersion":2}', "twice"),
    ],
)
def test_a_manifest_that_is_none_is_an_invalid_parameter(ecr, repository, change, words: str):
    body = change(image(608).manifest.data.decode())
    code, message = refusal(ecr.put_image, repositoryName=repository, imageManifest=body)
    assert code == "InvalidParameterException"
    assert message.startswith("Invalid parameter at 'ImageManifest' failed to satisfy constraint: '")
    assert words in message


def test_a_manifest_is_four_mebibytes_at_most(ecr, repository):
    code, message = refusal(ecr.put_image, repositoryName=repository, imageManifest="x" * (4 * 1024 * 1024 + 1))
    assert (code, "less than or equal to 4194304" in message) == ("InvalidParameterException", True)


def test_an_image_has_five_hundred_layers_at_most(ecr, repository):
    content = image(609, layers=1)
    many = manifest(content.config, [content.layers[0]] * 501)
    code, message = refusal(ecr.put_image, repositoryName=repository, imageManifest=many.data.decode())
    assert (code, "Limit on number of layers per image exceeded" in message) == ("InvalidParameterException", True)


def test_the_media_type_may_be_given_beside_the_manifest(ecr, doors, repository):
    content = upload(doors, repository, image(610))
    document = json.loads(content.manifest.data)
    media_type = document.pop("mediaType")
    bare = json.dumps(document)
    code, message = refusal(ecr.put_image, repositoryName=repository, imageManifest=bare)
    assert (code, "mediatype not provided" in message) == ("InvalidParameterException", True)
    made = ecr.put_image(repositoryName=repository, imageManifest=bare, imageManifestMediaType=media_type)["image"]
    assert made["imageManifestMediaType"] == media_type


@pytest.mark.parametrize("tag", ["-x", ".x", "a b", "a/b", "x" * 129, "ü", "<script>", "a\n", "a\0", "'; DROP TABLE--"])
def test_a_tag_that_is_none_is_refused_on_the_way_in(ecr, doors, repository, tag: str):
    ask = {"repositoryName": repository, "imageManifest": image(611).manifest.data.decode(), "imageTag": tag}
    assert refusal(ecr.put_image, **ask)[0] == "InvalidParameterException"
    assert refusal(ecr.describe_images, repositoryName=repository, imageIds=[{"imageTag": tag}])[0] == (
        "InvalidParameterException"
    )
    for answer in (
        ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageTag": tag}]),
        ecr.batch_delete_image(repositoryName=repository, imageIds=[{"imageTag": tag}]),
    ):
        assert [failure["failureCode"] for failure in answer["failures"]] == ["InvalidImageTag"]
        assert [failure["imageId"] for failure in answer["failures"]] == [{"imageTag": tag}]


@pytest.mark.parametrize("operation", ["batch_get_image", "batch_delete_image"])
def test_each_id_of_a_batch_that_names_nothing_has_a_reason(ecr, doors, repository, operation: str):
    first, second = image(612), image(613)
    push(doors["aws"], repository, first, "a")
    push(doors["aws"], repository, second, "b")
    asked: list[tuple[dict[str, str], str, str]] = [
        ({"imageTag": "absent"}, "ImageNotFound", "Requested image not found"),
        ({"imageDigest": ABSENT}, "ImageNotFound", "Requested image not found"),
        ({}, "MissingDigestAndTag", "Invalid request parameters: both tag and digest cannot be null"),
        (
            {"imageDigest": "sha256:xyz"},
            "InvalidImageDigest",
            "Invalid request parameters: image digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
        ),
        (
            {"imageDigest": first.digest, "imageTag": "b"},
            "ImageTagDoesNotMatchDigest",
            "Requested tag does not point at the digest",
        ),
    ]
    answer = getattr(ecr, operation)(repositoryName=repository, imageIds=[each[0] for each in asked])
    assert answer["failures"] == [
        {"imageId": image_id, "failureCode": code, "failureReason": reason} for image_id, code, reason in asked
    ]
    assert answer.get("images", answer.get("imageIds")) == []
    assert len(ecr.describe_images(repositoryName=repository)["imageDetails"]) == 2


def test_a_batch_answers_each_id_once_by_tag_and_by_digest(ecr, doors, repository):
    content = image(614)
    push(doors["aws"], repository, content, "v1")
    ids = [{"imageTag": "v1"}, {"imageDigest": content.digest}, {"imageTag": "v1"}]
    answer = ecr.batch_get_image(repositoryName=repository, imageIds=ids)
    assert [each["imageId"] for each in answer["images"]] == [
        {"imageDigest": content.digest, "imageTag": "v1"},
        {"imageDigest": content.digest},
    ]


def test_an_image_in_another_media_type_is_not_found(ecr, doors, repository):
    push(doors["aws"], repository, image(615), "v1")
    answer = ecr.batch_get_image(
        repositoryName=repository, imageIds=[{"imageTag": "v1"}], acceptedMediaTypes=["application/x"]
    )
    assert (answer["images"], answer["failures"][0]["failureCode"]) == ([], "ImageNotFound")


@pytest.mark.parametrize(
    ("accepted", "found"),
    [
        ([OCI_INDEX], True),
        (["application/x", OCI_INDEX], True),
        (["*/*"], True),
        (["application/*"], True),
        ([OCI_INDEX.upper()], True),
        ([OCI_MANIFEST], False),  # an index is not turned into one of its images
        ([DOCKER_LIST], False),
        ([f"{OCI_INDEX};q=0"], False),
    ],
)
def test_a_batch_hands_out_what_is_in_an_accepted_media_type(ecr, doors, repository, accepted, found):
    content = index(617)
    push(doors["oci"], repository, content, "multi")
    for image_id in ({"imageTag": "multi"}, {"imageDigest": content.digest}):
        answer = ecr.batch_get_image(repositoryName=repository, imageIds=[image_id], acceptedMediaTypes=accepted)
        assert bool(answer["images"]) is found
        assert [each["imageId"] for each in answer["failures"]] == ([] if found else [image_id])


def test_a_child_of_an_index_goes_after_the_index(ecr, doors, repository):
    content = index(616)
    push(doors["aws"], repository, content, "multi")
    child = content.children[0].digest
    answer = ecr.batch_delete_image(repositoryName=repository, imageIds=[{"imageDigest": child}])
    assert answer["failures"] == [
        {
            "imageId": {"imageDigest": child},
            "failureCode": "ImageReferencedByManifestList",
            "failureReason": f"Requested image referenced by manifest list: [{content.digest}]",
        }
    ]
    gone = ecr.batch_delete_image(repositoryName=repository, imageIds=[{"imageTag": "multi"}, {"imageDigest": child}])
    assert gone["imageIds"] == [{"imageDigest": content.digest, "imageTag": "multi"}, {"imageDigest": child}]


def test_an_image_deleted_by_digest_goes_with_all_its_tags(ecr, doors, repository):
    content = image(617)
    push(doors["aws"], repository, content, "a", "b")
    gone = ecr.batch_delete_image(repositoryName=repository, imageIds=[{"imageDigest": content.digest}])
    assert gone["imageIds"] == [{"imageDigest": content.digest, "imageTag": tag} for tag in ("a", "b")]


@pytest.mark.parametrize("operation", ["batch_get_image", "batch_delete_image", "describe_images"])
def test_a_batch_has_a_hundred_ids_at_most(ecr, repository, operation: str):
    ids = [{"imageTag": f"t{number}"} for number in range(101)]
    reason = "Member must have length less than or equal to 100"
    assert refusal(getattr(ecr, operation), repositoryName=repository, imageIds=ids) == (
        "InvalidParameterException",
        f"Invalid parameter at 'imageIds' failed to satisfy constraint: '{reason}'",
    )


def test_described_images_are_all_there_or_none(ecr, doors, repository):
    content = image(618)
    push(doors["aws"], repository, content, "v1")
    here = {"imageTag": "v1"}

    def asked(missing: dict[str, str]) -> tuple[str, str]:
        return refusal(ecr.describe_images, repositoryName=repository, imageIds=[here, missing])

    assert asked({"imageTag": "absent"}) == not_found(repository, tag="absent")
    assert asked({"imageDigest": ABSENT}) == not_found(repository, digest=ABSENT)
    assert asked({"imageDigest": ABSENT, "imageTag": "v1"}) == not_found(repository, digest=ABSENT, tag="v1")
    assert asked({})[0] == "InvalidParameterException"
    assert asked({"imageDigest": "sha256:\0"})[0] == "InvalidParameterException"


def test_ids_and_pages_do_not_go_together(ecr, doors, repository):
    push(doors["aws"], repository, image(619), "v1")
    for paging in ({"maxResults": 1}, {"nextToken": "x"}):
        ask = {"repositoryName": repository, "imageIds": [{"imageTag": "v1"}], **paging}
        assert refusal(ecr.describe_images, **ask)[0] == "InvalidParameterException"


def test_an_image_has_a_thousand_tags_at_most(ecr, doors, repository):
    content = upload(doors, repository, image(640, layers=1, size=64))
    for number in range(1000):
        put(ecr, repository, content.manifest, imageTag=f"t{number}")
    text = (
        f"Adding tag 'one-more' to an image in the repository with name '{repository}' in registry with id '{ACCOUNT}' "
        "exceeds the maximum allowed number of tags per image which is '1000'"
    )
    ask = {"imageManifest": content.manifest.data.decode(), "imageTag": "one-more"}
    assert refusal(ecr.put_image, repositoryName=repository, **ask) == ("LimitExceededException", text)
    (detail,) = ecr.describe_images(repositoryName=repository)["imageDetails"]
    assert len(detail["imageTags"]) == 1000
