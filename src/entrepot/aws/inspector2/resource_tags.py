"""AWS tags of filters."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.protocol.call import Call
from entrepot.core.inspector import filter_tags

Output = Mapping[str, Any]


async def tag_resource(call: Call) -> Output:
    """TagResource."""
    await call.core.units.write(filter_tags.put, call.caller, call.input["resourceArn"], call.input["tags"])
    return {}


async def untag_resource(call: Call) -> Output:
    """UntagResource."""
    await call.core.units.write(filter_tags.remove, call.caller, call.input["resourceArn"], call.input["tagKeys"])
    return {}


async def list_tags_for_resource(call: Call) -> Output:
    """ListTagsForResource."""
    tags = await call.core.units.read(filter_tags.list_of, call.caller, call.input["resourceArn"])
    return {"tags": dict(tags)}
