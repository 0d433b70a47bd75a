"""Operations on images."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.ecr import keys
from entrepot.aws.protocol.call import Call
from entrepot.aws.repository import image_details, pages
from entrepot.aws.repository import images as shared
from entrepot.aws.repository.image_details import ShownId
from entrepot.core import admission, image_batches, images, storage_classes
from entrepot.core.deletion import ImageId
from entrepot.core.images import Filter
from entrepot.core.pull_through import batches, merging
from entrepot.core.referrers import Referrer, ReferrerFilter
from entrepot.spec.digest import Digest

Output = Mapping[str, Any]
_NONE = image_batches.Batch((), (), ())
_REFERRERS = 20  # of a page, unless told otherwise


async def put_image(call: Call) -> Output:
    """PutImage."""
    return await shared.put(call, keys.repository(call))


async def batch_get_image(call: Call) -> Output:
    """BatchGetImage: what was found, and a failure for each id that names nothing."""
    key = keys.repository(call)
    accepted = call.input.get("acceptedMediaTypes")
    ids = shared.ids(call.input["imageIds"])
    coming = await batches.coming(call.core.pull_through.pulls, call.caller, key, ids, accepted)
    there = [each for each in ids if each not in coming.images and each not in coming.refusals]
    batch = _NONE if not there else await call.core.units.read(image_batches.get, call.caller, key, there, accepted)
    batch = batch._replace(
        images=(*batch.images, *coming.images.values()), refusals=(*batch.refusals, *coming.refusals.values())
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
        _filter(call),
        pages.limit(call),
        (after_digest, after_tag),
    )
    ids = [ShownId(digest, tag) for digest, tag in page.items]
    return {"imageIds": ids, "nextToken": pages.following(call, "ListImages", page.after)}


async def describe_images(call: Call) -> Output:
    """DescribeImages."""
    key = keys.repository(call)
    found, token = await shared.describe(call, key, "DescribeImages", _filter(call))
    return {"imageDetails": image_details.private(key, found), "nextToken": token}


async def update_image_storage_class(call: Call) -> Output:
    """UpdateImageStorageClass."""
    key, given = keys.repository(call), call.input["imageId"]
    digest, tag = shared.named(given, "imageId")
    digest, status = await call.core.units.write(
        storage_classes.update, call.caller, key, digest, tag, call.input["targetStorageClass"]
    )
    return {
        "registryId": key.registry.account,
        "repositoryName": key.name,
        "imageId": shared.shown_id(ImageId(digest, tag)),
        "imageStatus": status,
    }


async def list_image_referrers(call: Call) -> Output:
    """ListImageReferrers."""
    (after,) = pages.start(call, "ListImageReferrers", 1)
    subject, wanted = Digest.parse(call.input["subjectId"]["imageDigest"]), call.input.get("filter", {})
    page = await merging.list_referrers(
        call.core.units,
        call.core.pull_through.lists,
        call.caller,
        keys.repository(call),
        subject,
        ReferrerFilter(tuple(wanted.get("artifactTypes", ())), wanted.get("artifactStatus", "ACTIVE")),
        pages.limit(call, _REFERRERS),
        after,
    )
    token = pages.following(call, "ListImageReferrers", page.after)
    return {"referrers": [_referrer(each) for each in page.items], "nextToken": token}


def _filter(call: Call) -> Filter:
    given = call.input.get("filter", {})
    return Filter(given.get("tagStatus", "ANY"), given.get("imageStatus", "ACTIVE"))


def _referrer(found: Referrer) -> Output:
    return {
        "digest": found.digest,
        "mediaType": found.media_type,
        "artifactType": found.artifact_type,
        "size": found.size,
        "annotations": found.annotations or None,
        "artifactStatus": found.status,
    }
