"""Operations on the policies of users, groups and roles: their own, those attached to them, and their boundaries."""

from entrepot.aws.iam import inputs, shown
from entrepot.aws.iam.shown import Output
from entrepot.aws.protocol.call import Call
from entrepot.core import attachments, boundaries, inline_policies
from entrepot.core.entities import GROUP, ROLE, USER, Kind


async def put_user_policy(call: Call) -> Output:
    """PutUserPolicy."""
    return await _put(call, USER)


async def put_group_policy(call: Call) -> Output:
    """PutGroupPolicy."""
    return await _put(call, GROUP)


async def put_role_policy(call: Call) -> Output:
    """PutRolePolicy."""
    return await _put(call, ROLE)


async def get_user_policy(call: Call) -> Output:
    """GetUserPolicy."""
    return await _get(call, USER)


async def get_group_policy(call: Call) -> Output:
    """GetGroupPolicy."""
    return await _get(call, GROUP)


async def get_role_policy(call: Call) -> Output:
    """GetRolePolicy."""
    return await _get(call, ROLE)


async def list_user_policies(call: Call) -> Output:
    """ListUserPolicies."""
    return await _list(call, USER)


async def list_group_policies(call: Call) -> Output:
    """ListGroupPolicies."""
    return await _list(call, GROUP)


async def list_role_policies(call: Call) -> Output:
    """ListRolePolicies."""
    return await _list(call, ROLE)


async def delete_user_policy(call: Call) -> Output:
    """DeleteUserPolicy."""
    return await _delete(call, USER)


async def delete_group_policy(call: Call) -> Output:
    """DeleteGroupPolicy."""
    return await _delete(call, GROUP)


async def delete_role_policy(call: Call) -> Output:
    """DeleteRolePolicy."""
    return await _delete(call, ROLE)


async def attach_user_policy(call: Call) -> Output:
    """AttachUserPolicy."""
    return await _attach(call, USER)


async def attach_group_policy(call: Call) -> Output:
    """AttachGroupPolicy."""
    return await _attach(call, GROUP)


async def attach_role_policy(call: Call) -> Output:
    """AttachRolePolicy."""
    return await _attach(call, ROLE)


async def detach_user_policy(call: Call) -> Output:
    """DetachUserPolicy."""
    return await _detach(call, USER)


async def detach_group_policy(call: Call) -> Output:
    """DetachGroupPolicy."""
    return await _detach(call, GROUP)


async def detach_role_policy(call: Call) -> Output:
    """DetachRolePolicy."""
    return await _detach(call, ROLE)


async def list_attached_user_policies(call: Call) -> Output:
    """ListAttachedUserPolicies."""
    return await _list_attached(call, USER)


async def list_attached_group_policies(call: Call) -> Output:
    """ListAttachedGroupPolicies."""
    return await _list_attached(call, GROUP)


async def list_attached_role_policies(call: Call) -> Output:
    """ListAttachedRolePolicies."""
    return await _list_attached(call, ROLE)


async def put_user_permissions_boundary(call: Call) -> Output:
    """PutUserPermissionsBoundary."""
    return await _put_boundary(call, USER)


async def delete_user_permissions_boundary(call: Call) -> Output:
    """DeleteUserPermissionsBoundary."""
    return await _delete_boundary(call, USER)


async def put_role_permissions_boundary(call: Call) -> Output:
    """PutRolePermissionsBoundary."""
    return await _put_boundary(call, ROLE)


async def delete_role_permissions_boundary(call: Call) -> Output:
    """DeleteRolePermissionsBoundary."""
    return await _delete_boundary(call, ROLE)


async def _put(call: Call, kind: Kind) -> Output:
    given = call.input
    await call.core.units.write(
        inline_policies.put, call.caller, kind, given[_member(kind)], given["PolicyName"], given["PolicyDocument"]
    )
    return {}


async def _get(call: Call, kind: Kind) -> Output:
    holder, name = call.input[_member(kind)], call.input["PolicyName"]
    text = await call.core.units.read(inline_policies.get, call.caller, kind, holder, name)
    return {_member(kind): holder, "PolicyName": name, "PolicyDocument": shown.encoded(text)}


async def _list(call: Call, kind: Kind) -> Output:
    operation = f"List{kind.name}Policies"
    names = await call.core.units.read(inline_policies.names, call.caller, kind, call.input[_member(kind)])
    page = inputs.part(call, operation, names, lambda name: name)
    return {"PolicyNames": list(page.items), **inputs.paging(call, operation, page)}


async def _delete(call: Call, kind: Kind) -> Output:
    given = call.input
    await call.core.units.write(inline_policies.delete, call.caller, kind, given[_member(kind)], given["PolicyName"])
    return {}


async def _attach(call: Call, kind: Kind) -> Output:
    given = call.input
    await call.core.units.write(attachments.attach, call.caller, kind, given[_member(kind)], given["PolicyArn"])
    return {}


async def _detach(call: Call, kind: Kind) -> Output:
    given = call.input
    await call.core.units.write(attachments.detach, call.caller, kind, given[_member(kind)], given["PolicyArn"])
    return {}


async def _list_attached(call: Call, kind: Kind) -> Output:
    operation, prefix = f"ListAttached{kind.name}Policies", call.input.get("PathPrefix", "/")
    found = await call.core.units.read(attachments.list_of, call.caller, kind, call.input[_member(kind)], prefix)
    page = inputs.part(call, operation, found, lambda pair: f"{pair[0].lower()} {inputs.short(pair[1])}")
    return {"AttachedPolicies": shown.attached(page.items), **inputs.paging(call, operation, page)}


async def _put_boundary(call: Call, kind: Kind) -> Output:
    given = call.input
    await call.core.units.write(boundaries.put, call.caller, kind, given[_member(kind)], given["PermissionsBoundary"])
    return {}


async def _delete_boundary(call: Call, kind: Kind) -> Output:
    await call.core.units.write(boundaries.delete, call.caller, kind, call.input[_member(kind)])
    return {}


def _member(kind: Kind) -> str:
    """The member that names the holder."""
    return f"{kind.noun}Name"
