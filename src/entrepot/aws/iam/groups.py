"""Operations on groups."""

from entrepot.aws.iam import inputs, shown
from entrepot.aws.iam.shown import Output
from entrepot.aws.protocol.call import Call
from entrepot.core import groups
from entrepot.core.entities import GROUP


async def create_group(call: Call) -> Output:
    """CreateGroup."""
    made = await call.core.units.write(groups.create, call.caller, inputs.draft(call, GROUP, "GroupName"))
    return {"Group": shown.group(made)}


async def get_group(call: Call) -> Output:
    """GetGroup: with a page of its users."""
    limit, after = inputs.limit(call), inputs.start(call, "GetGroup")
    found, page = await call.core.units.read(groups.get, call.caller, call.input["GroupName"], limit, after)
    users = [shown.user(user) for user in page.items]
    return {"Group": shown.group(found), "Users": users, **inputs.paging(call, "GetGroup", page)}


async def list_groups(call: Call) -> Output:
    """ListGroups."""
    prefix, limit, after = call.input.get("PathPrefix", "/"), inputs.limit(call), inputs.start(call, "ListGroups")
    page = await call.core.units.read(groups.list_below, call.caller, prefix, limit, after)
    return {"Groups": [shown.group(found) for found in page.items], **inputs.paging(call, "ListGroups", page)}


async def list_groups_for_user(call: Call) -> Output:
    """ListGroupsForUser."""
    limit, after = inputs.limit(call), inputs.start(call, "ListGroupsForUser")
    page = await call.core.units.read(groups.list_for_user, call.caller, call.input["UserName"], limit, after)
    return {"Groups": [shown.group(found) for found in page.items], **inputs.paging(call, "ListGroupsForUser", page)}


async def update_group(call: Call) -> Output:
    """UpdateGroup."""
    given = call.input
    await call.core.units.write(
        groups.update, call.caller, given["GroupName"], given.get("NewGroupName"), given.get("NewPath")
    )
    return {}


async def delete_group(call: Call) -> Output:
    """DeleteGroup."""
    await call.core.units.write(groups.delete, call.caller, call.input["GroupName"])
    return {}


async def add_user_to_group(call: Call) -> Output:
    """AddUserToGroup."""
    await call.core.units.write(groups.add_user, call.caller, call.input["GroupName"], call.input["UserName"])
    return {}


async def remove_user_from_group(call: Call) -> Output:
    """RemoveUserFromGroup."""
    await call.core.units.write(groups.remove_user, call.caller, call.input["GroupName"], call.input["UserName"])
    return {}
