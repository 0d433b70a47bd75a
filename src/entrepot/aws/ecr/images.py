"""Operations on images."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.ecr import keys
from entrepot.aws.protocol.call import Call
from entrepot.core import deletion, image_batches, images
from entrepot.core.deletion import ImageId, Refusal
from entrepot.core.images import AWS_RULES, Image, ImageDetail
from entrepot.errors import ParameterInvalid
from entrepot.spec.digest import Digest
from entrepot.spec.reference import Tag

Output = Mapping[str, Any]


async def put_image(call: Call) -> Output:
    """PutImage."""
    given, key = call.input, keys.repository(call)
    await call.core.reads.require_put(call.caller, key, given.get("imageTag", ""), given.get("imageDigest", ""))
    tag = Tag.parse(given["imageTag"]) if "imageTag" in given else None
    digest = Digest.parse(given["imageDigest"]) if "imageDigest" in given else None
    payload = given["imageManifest"].encode()
    manifest = await call.core.units.manifest(payload, given.get("imageManifestMediaType"))
    image = await call.core.units.write(images.put, call.caller, key, digest or tag, manifest, AWS_RULES, tag)
    return {"image": _shown(image)}


async def batch_get_image(call: Call) -> Output:
    """BatchGetImage: what was found, and a failure for each id that names nothing."""
    key = keys.repository(call)
    accepted = call.input.get("acceptedMediaTypes")
    found, refusals = await call.core.units.read(
        image_batches.get, call.caller, key, _ids(call.input["imageIds"]), accepted
    )
    await call.core.reads.count(call.caller, key, found)
    return {"images": [_shown(image) for image in found], "failures": [_failure(item) for item in refusals]}


async def batch_delete_image(call: Call) -> Output:
    """BatchDeleteImage."""
    removed, refusals = await call.core.units.write(
        deletion.batch_delete, call.caller, keys.repository(call), _ids(call.input["imageIds"])
    )
    return {"imageIds": [_id(item) for item in removed], "failures": [_failure(item) for item in refusals]}


async def list_images(call: Call) -> Output:
    """ListImages: one id for each tag, and one for each untagged image."""
    after_digest, after_tag = keys.page_start(call, "ListImages", 2)
    page = await call.core.units.read(
        images.list_ids,
        call.caller,
        keys.repository(call),
        _status(call),
        keys.page_limit(call),
        (after_digest, after_tag),
    )
    ids = [] if _only_archived(call) else [_id(ImageId(digest, tag)) for digest, tag in page.items]
    return {"imageIds": ids, "nextToken": keys.page_token(call, "ListImages", page.after)}


async def describe_images(call: Call) -> Output:
    """DescribeImages: those named (ImageNotFound for the whole call if one is missing), or a page of all."""
    key = keys.repository(call)
    if "imageIds" in call.input:
        keys.refuse_paging(call, "imageIds")
        found = await call.core.units.read(
            images.describe_these, call.caller, key, [_named(item) for item in call.input["imageIds"]]
        )
        return {"imageDetails": [_detail(call, detail) for detail in found]}
    (after,) = keys.page_start(call, "DescribeImages", 1)
    page = await call.core.units.read(images.describe, call.caller, key, _status(call), keys.page_limit(call), after)
    details = [] if _only_archived(call) else [_detail(call, detail) for detail in page.items]
    return {"imageDetails": details, "nextToken": keys.page_token(call, "DescribeImages", page.after)}


def _status(call: Call) -> images.TagStatus:
    status: images.TagStatus = call.input.get("filter", {}).get("tagStatus", "ANY")
    return status


def _only_archived(call: Call) -> bool:
    """Whether the filter asks for images that are not active; there are none."""
    return call.input.get("filter", {}).get("imageStatus", "ACTIVE") not in ("ACTIVE", "ANY")


def _named(given: Mapping[str, str]) -> tuple[Digest | None, Tag | None]:
    """An id of a call that fails as a whole: ParameterInvalid for one that names nothing, DigestInvalid, TagInvalid."""
    if not given:
        raise ParameterInvalid(parameter="imageIds", reason="both tag and digest cannot be null")
    digest = Digest.parse(given["imageDigest"]) if "imageDigest" in given else None
    return digest, Tag.parse(given["imageTag"]) if "imageTag" in given else None


def _ids(given: list[Mapping[str, str]]) -> list[ImageId]:
    return [ImageId(item.get("imageDigest"), item.get("imageTag")) for item in given]


def _id(image_id: ImageId) -> Output:
    return {"imageDigest": image_id.digest, "imageTag": image_id.tag}


def _failure(refusal: Refusal) -> Output:
    return {"imageId": _id(refusal.id), "failureCode": refusal.code, "failureReason": refusal.reason}


def _shown(image: Image) -> Output:
    return {
        "registryId": image.key.registry.account,
        "repositoryName": image.key.name,
        "imageId": _id(ImageId(image.manifest.digest, image.tag)),
        "imageManifest": image.manifest.body.decode(),
        "imageManifestMediaType": image.manifest.media_type,
    }


def _detail(call: Call, detail: ImageDetail) -> Output:
    key, manifest = keys.repository(call), detail.manifest
    return {
        "registryId": key.registry.account,
        "repositoryName": key.name,
        "imageDigest": manifest.digest,
        "imageTags": list(detail.tags) or None,
        "imageSizeInBytes": manifest.image_size,
        "imagePushedAt": manifest.pushed_at,
        "imageManifestMediaType": manifest.media_type,
        "artifactMediaType": manifest.artifact_type,
        "lastRecordedPullTime": manifest.last_pulled_at,
        "subjectManifestDigest": manifest.subject,
        "imageStatus": "ACTIVE",
    }
