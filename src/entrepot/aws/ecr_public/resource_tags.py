"""Operations on AWS tags of repositories."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.protocol.call import Call
from entrepot.aws.repository import resource_tags

Output = Mapping[str, Any]


async def tag_resource(call: Call) -> Output:
    """TagResource."""
    return await resource_tags.put(call, resource_tags.key_of(call, "public"))


async def untag_resource(call: Call) -> Output:
    """UntagResource."""
    return await resource_tags.remove(call, resource_tags.key_of(call, "public"))


async def list_tags_for_resource(call: Call) -> Output:
    """ListTagsForResource."""
    return await resource_tags.list_of(call, resource_tags.key_of(call, "public"))
