"""Operations on images."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.ecr import keys
from entrepot.aws.protocol.call import Call
from entrepot.aws.repository import images as shared
from entrepot.aws.repository import pages
from entrepot.core import image_batches, images
from entrepot.core.deletion import ImageId
from entrepot.core.images import ImageDetail

Output = Mapping[str, Any]


async def put_image(call: Call) -> Output:
    """PutImage."""
    return await shared.put(call, keys.repository(call))


async def batch_get_image(call: Call) -> Output:
    """BatchGetImage: what was found, and a failure for each id that names nothing."""
    key = keys.repository(call)
    accepted = call.input.get("acceptedMediaTypes")
    found, refusals = await call.core.units.read(
        image_batches.get, call.caller, key, shared.ids(call.input["imageIds"]), accepted
    )
    await call.core.reads.count(call.caller, key, found)
    return {"images": [shared.shown(image) for image in found], "failures": [shared.failure(item) for item in refusals]}


async def batch_delete_image(call: Call) -> Output:
    """BatchDeleteImage."""
    return await shared.delete(call, keys.repository(call))


async def list_images(call: Call) -> Output:
    """ListImages: one id for each tag, and one for each untagged image."""
    after_digest, after_tag = pages.start(call, "ListImages", 2)
    page = await call.core.units.read(
        images.list_ids,
        call.caller,
        keys.repository(call),
        _status(call),
        pages.limit(call),
        (after_digest, after_tag),
    )
    ids = [] if _only_archived(call) else [shared.shown_id(ImageId(digest, tag)) for digest, tag in page.items]
    return {"imageIds": ids, "nextToken": pages.following(call, "ListImages", page.after)}


async def describe_images(call: Call) -> Output:
    """DescribeImages: those named (ImageNotFound for the whole call if one is missing), or a page of all."""
    key = keys.repository(call)
    if "imageIds" in call.input:
        pages.refuse(call, "imageIds")
        found = await call.core.units.read(
            images.describe_these, call.caller, key, [shared.named(item) for item in call.input["imageIds"]]
        )
        return {"imageDetails": [_detail(call, detail) for detail in found]}
    (after,) = pages.start(call, "DescribeImages", 1)
    page = await call.core.units.read(images.describe, call.caller, key, _status(call), pages.limit(call), after)
    details = [] if _only_archived(call) else [_detail(call, detail) for detail in page.items]
    return {"imageDetails": details, "nextToken": pages.following(call, "DescribeImages", page.after)}


def _status(call: Call) -> images.TagStatus:
    status: images.TagStatus = call.input.get("filter", {}).get("tagStatus", "ANY")
    return status


def _only_archived(call: Call) -> bool:
    """Whether the filter asks for images that are not active; there are none."""
    return call.input.get("filter", {}).get("imageStatus", "ACTIVE") not in ("ACTIVE", "ANY")


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
