"""Operations on roles, service-linked ones too."""

from entrepot.aws.iam import inputs, shown
from entrepot.aws.iam.shown import Output
from entrepot.aws.protocol.call import Call
from entrepot.core import entities, roles, service_roles
from entrepot.core.entities import ROLE
from entrepot.core.roles import DEFAULT_SESSION_SECONDS


async def create_role(call: Call) -> Output:
    """CreateRole."""
    given = call.input
    trust, seconds = given["AssumeRolePolicyDocument"], given.get("MaxSessionDuration", DEFAULT_SESSION_SECONDS)
    draft = inputs.draft(call, ROLE, "RoleName")
    made = await call.core.units.write(roles.create, call.caller, draft, trust, seconds)
    return {"Role": {**shown.role(made), "Tags": shown.tags(made.tags) or None}}


async def get_role(call: Call) -> Output:
    """GetRole."""
    found = await call.core.units.read(roles.get, call.caller, call.input["RoleName"])
    return {"Role": shown.role_in_full(found)}


async def list_roles(call: Call) -> Output:
    """ListRoles."""
    prefix, limit, after = call.input.get("PathPrefix", "/"), inputs.limit(call), inputs.start(call, "ListRoles")
    page = await call.core.units.read(roles.list_below, call.caller, prefix, limit, after)
    return {"Roles": [shown.role(found) for found in page.items], **inputs.paging(call, "ListRoles", page)}


async def update_role(call: Call) -> Output:
    """UpdateRole."""
    given = call.input
    await call.core.units.write(
        roles.update, call.caller, given["RoleName"], given.get("Description"), given.get("MaxSessionDuration")
    )
    return {}


async def update_role_description(call: Call) -> Output:
    """UpdateRoleDescription."""
    given = call.input
    changed = await call.core.units.write(roles.describe, call.caller, given["RoleName"], given["Description"])
    return {"Role": shown.role_in_full(changed)}


async def update_assume_role_policy(call: Call) -> Output:
    """UpdateAssumeRolePolicy."""
    given = call.input
    await call.core.units.write(roles.set_trust, call.caller, given["RoleName"], given["PolicyDocument"])
    return {}


async def delete_role(call: Call) -> Output:
    """DeleteRole."""
    await call.core.units.write(roles.delete, call.caller, call.input["RoleName"])
    return {}


async def create_service_linked_role(call: Call) -> Output:
    """CreateServiceLinkedRole."""
    given = call.input
    inputs.refuse(given, "CustomSuffix", "the services here do not take one")
    made = await call.core.units.write(
        service_roles.create,
        call.caller,
        given["AWSServiceName"],
        given.get("Description", ""),
        entities.new_id(ROLE),
    )
    return {"Role": shown.role(made)}


async def delete_service_linked_role(call: Call) -> Output:
    """DeleteServiceLinkedRole: it is gone when this answers."""
    task = await call.core.units.write(service_roles.delete, call.caller, call.input["RoleName"])
    return {"DeletionTaskId": task}


async def get_service_linked_role_deletion_status(call: Call) -> Output:
    """GetServiceLinkedRoleDeletionStatus."""
    return {"Status": service_roles.deletion_status(call.caller, call.input["DeletionTaskId"])}
