"""AWS tags of profiles."""

from entrepot.aws.protocol.call import Call
from entrepot.aws.signer.pages import Output
from entrepot.core.signing import tags


async def tag_resource(call: Call) -> Output:
    """TagResource."""
    given = tuple(call.input["tags"].items())
    await call.core.units.write(tags.put, call.caller, call.input["resourceArn"], given)
    return {}


async def untag_resource(call: Call) -> Output:
    """UntagResource."""
    await call.core.units.write(tags.remove, call.caller, call.input["resourceArn"], call.input["tagKeys"])
    return {}


async def list_tags_for_resource(call: Call) -> Output:
    """ListTagsForResource."""
    return {"tags": dict(await call.core.units.read(tags.list_of, call.caller, call.input["resourceArn"]))}
