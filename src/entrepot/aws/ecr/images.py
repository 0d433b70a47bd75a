"""Operations on images."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.ecr import keys, scans
from entrepot.aws.protocol.call import Call
from entrepot.aws.repository import images as shared
from entrepot.aws.repository import pages
from entrepot.core import admission, image_batches, images
from entrepot.core.deletion import ImageId
from entrepot.core.images import ImageDetail
from entrepot.spec.repository import RepositoryKey

Output = Mapping[str, Any]


async def put_image(call: Call) -> Output:
    """PutImage."""
    return await shared.put(call, keys.repository(call))


async def batch_get_image(call: Call) -> Output:
    """BatchGetImage: what was found, and a failure for each id that names nothing."""
    key = keys.repository(call)
    accepted = call.input.get("acceptedMediaTypes")
    batch = await call.core.units.read(
        image_batches.get, call.caller, key, shared.ids(call.input["imageIds"]), accepted
    )
    telling = call.exchange.telling
    telling.repository_id = call.core.reads.repository_id(key)
    telling.pulled = tuple(image.manifest.digest for image in batch.images)
    telling.response = admission.told(batch.not_admitted) if batch.not_admitted else None
    return {
        "images": [shared.shown(image) for image in batch.images],
        "failures": [shared.failure(item) for item in batch.refusals],
    }


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
    """DescribeImages."""
    key = keys.repository(call)
    found, token = await shared.describe(call, key, "DescribeImages", _status(call))
    hidden = "imageIds" not in call.input and _only_archived(call)
    return {"imageDetails": [] if hidden else [_detail(key, detail) for detail in found], "nextToken": token}


def _status(call: Call) -> images.TagStatus:
    status: images.TagStatus = call.input.get("filter", {}).get("tagStatus", "ANY")
    return status


def _only_archived(call: Call) -> bool:
    """Whether the filter asks for images that are not active; there are none."""
    return call.input.get("filter", {}).get("imageStatus", "ACTIVE") not in ("ACTIVE", "ANY")


def _detail(key: RepositoryKey, detail: ImageDetail) -> Output:
    standing = detail.standing
    return shared.detail(key, detail) | {
        "lastRecordedPullTime": detail.manifest.last_pulled_at,
        "subjectManifestDigest": detail.manifest.subject,
        "imageStatus": "ACTIVE",
        "imageScanStatus": None if standing is None else scans.scan_status(standing),
        "imageScanFindingsSummary": None
        if standing is None or standing.completed_at is None
        else scans.summary(standing),
    }
