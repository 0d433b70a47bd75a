"""AWS tags of buses and rules."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.events import inputs
from entrepot.aws.protocol.call import Call
from entrepot.core.events import tagging

Output = Mapping[str, Any]


async def tag_resource(call: Call) -> Output:
    """TagResource."""
    await call.core.units.write(tagging.put, call.caller, call.input["ResourceARN"], inputs.tags(call))
    return {}


async def untag_resource(call: Call) -> Output:
    """UntagResource."""
    await call.core.units.write(tagging.remove, call.caller, call.input["ResourceARN"], call.input["TagKeys"])
    return {}


async def list_tags_for_resource(call: Call) -> Output:
    """ListTagsForResource."""
    tags = await call.core.units.read(tagging.list_of, call.caller, call.input["ResourceARN"])
    return {"Tags": [{"Key": name, "Value": value} for name, value in tags]}
