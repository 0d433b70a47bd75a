"""Operations on images."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.ecr_public import keys
from entrepot.aws.protocol.call import Call
from entrepot.aws.repository import image_details, pages
from entrepot.aws.repository import images as shared
from entrepot.core import tags
from entrepot.core.images import LISTED
from entrepot.core.tags import TaggedImage

Output = Mapping[str, Any]


async def put_image(call: Call) -> Output:
    """PutImage."""
    return await shared.put(call, keys.pushed_to(call))


async def batch_delete_image(call: Call) -> Output:
    """BatchDeleteImage."""
    return await shared.delete(call, keys.repository(call))


async def describe_images(call: Call) -> Output:
    """DescribeImages."""
    key = keys.repository(call)
    found, token = await shared.describe(call, key, "ecr-public:DescribeImages", LISTED)
    return {"imageDetails": image_details.public(key, found), "nextToken": token}


async def describe_image_tags(call: Call) -> Output:
    """DescribeImageTags: a page of tags in byte order, each with its image."""
    (after,) = pages.start(call, "ecr-public:DescribeImageTags", 1)
    page = await call.core.units.read(tags.describe, call.caller, keys.repository(call), pages.limit(call), after)
    return {
        "imageTagDetails": [_tagged(tagged) for tagged in page.items],
        "nextToken": pages.following(call, "ecr-public:DescribeImageTags", page.after),
    }


def _tagged(tagged: TaggedImage) -> Output:
    return {
        "imageTag": tagged.tag,
        "createdAt": tagged.pointed_at,
        "imageDetail": shared.referenced(tagged.manifest),
    }
