"""Operations on images."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.ecr_public import keys
from entrepot.aws.protocol.call import Call
from entrepot.aws.repository import images as shared
from entrepot.aws.repository import pages
from entrepot.core import images, tags
from entrepot.core.images import ImageDetail
from entrepot.core.tags import TaggedImage

Output = Mapping[str, Any]


async def put_image(call: Call) -> Output:
    """PutImage."""
    return await shared.put(call, keys.pushed_to(call))


async def batch_delete_image(call: Call) -> Output:
    """BatchDeleteImage."""
    return await shared.delete(call, keys.repository(call))


async def describe_images(call: Call) -> Output:
    """DescribeImages: those named (ImageNotFound for the whole call if one is missing), or a page of all."""
    key = keys.repository(call)
    if "imageIds" in call.input:
        pages.refuse(call, "imageIds")
        found = await call.core.units.read(
            images.describe_these, call.caller, key, [shared.named(item) for item in call.input["imageIds"]]
        )
        return {"imageDetails": [_detail(call, detail) for detail in found]}
    (after,) = pages.start(call, "ecr-public:DescribeImages", 1)
    page = await call.core.units.read(images.describe, call.caller, key, "ANY", pages.limit(call), after)
    return {
        "imageDetails": [_detail(call, detail) for detail in page.items],
        "nextToken": pages.following(call, "ecr-public:DescribeImages", page.after),
    }


async def describe_image_tags(call: Call) -> Output:
    """DescribeImageTags: a page of tags in byte order, each with its image."""
    (after,) = pages.start(call, "ecr-public:DescribeImageTags", 1)
    page = await call.core.units.read(tags.describe, call.caller, keys.repository(call), pages.limit(call), after)
    return {
        "imageTagDetails": [_tagged(tagged) for tagged in page.items],
        "nextToken": pages.following(call, "ecr-public:DescribeImageTags", page.after),
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
    }


def _tagged(tagged: TaggedImage) -> Output:
    manifest = tagged.manifest
    return {
        "imageTag": tagged.tag,
        "createdAt": tagged.pointed_at,
        "imageDetail": {
            "imageDigest": manifest.digest,
            "imageSizeInBytes": manifest.image_size,
            "imagePushedAt": manifest.pushed_at,
            "imageManifestMediaType": manifest.media_type,
            "artifactMediaType": manifest.artifact_type,
        },
    }
