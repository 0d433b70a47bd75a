"""Operations on tags of trails."""

from entrepot.aws.cloudtrail import shown
from entrepot.aws.cloudtrail.shown import Output
from entrepot.aws.protocol.call import Call
from entrepot.core.audit import trail_tags


async def add_tags(call: Call) -> Output:
    """AddTags."""
    given = call.input
    tags = shown.tags_given(given["TagsList"])
    await call.core.units.write(trail_tags.put, call.caller, given["ResourceId"], tags)
    return {}


async def remove_tags(call: Call) -> Output:
    """RemoveTags."""
    given = call.input
    tags = shown.tags_given(given["TagsList"])
    await call.core.units.write(trail_tags.remove, call.caller, given["ResourceId"], tags)
    return {}


async def list_tags(call: Call) -> Output:
    """ListTags: all of them in one page."""
    found = await call.core.units.read(trail_tags.list_of, call.caller, call.input["ResourceIdList"])
    return {"ResourceTagList": [{"ResourceId": each.arn, "TagsList": shown.tags(each.tags)} for each in found]}
