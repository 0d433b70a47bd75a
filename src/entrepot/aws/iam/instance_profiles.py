"""Operations on instance profiles."""

from entrepot.aws.iam import inputs, shown
from entrepot.aws.iam.shown import Output
from entrepot.aws.protocol.call import Call
from entrepot.core import instance_profiles
from entrepot.core.entities import PROFILE

_NAME = "InstanceProfileName"


async def create_instance_profile(call: Call) -> Output:
    """CreateInstanceProfile."""
    made = await call.core.units.write(instance_profiles.create, call.caller, inputs.draft(call, PROFILE, _NAME))
    return {"InstanceProfile": shown.instance_profile(made)}


async def get_instance_profile(call: Call) -> Output:
    """GetInstanceProfile."""
    found = await call.core.units.read(instance_profiles.get, call.caller, call.input[_NAME])
    return {"InstanceProfile": shown.instance_profile(found)}


async def list_instance_profiles(call: Call) -> Output:
    """ListInstanceProfiles."""
    operation, prefix = "ListInstanceProfiles", call.input.get("PathPrefix", "/")
    limit, after = inputs.limit(call), inputs.start(call, operation)
    page = await call.core.units.read(instance_profiles.list_below, call.caller, prefix, limit, after)
    listed = [shown.instance_profile(found) for found in page.items]
    return {"InstanceProfiles": listed, **inputs.paging(call, operation, page)}


async def list_instance_profiles_for_role(call: Call) -> Output:
    """ListInstanceProfilesForRole."""
    operation = "ListInstanceProfilesForRole"
    found = await call.core.units.read(instance_profiles.list_for_role, call.caller, call.input["RoleName"])
    page = inputs.part(call, operation, found, lambda each: each.entity.name.lower())
    listed = [shown.instance_profile(each) for each in page.items]
    return {"InstanceProfiles": listed, **inputs.paging(call, operation, page)}


async def delete_instance_profile(call: Call) -> Output:
    """DeleteInstanceProfile."""
    await call.core.units.write(instance_profiles.delete, call.caller, call.input[_NAME])
    return {}


async def add_role_to_instance_profile(call: Call) -> Output:
    """AddRoleToInstanceProfile."""
    given = call.input
    await call.core.units.write(instance_profiles.add_role, call.caller, given[_NAME], given["RoleName"])
    return {}


async def remove_role_from_instance_profile(call: Call) -> Output:
    """RemoveRoleFromInstanceProfile."""
    given = call.input
    await call.core.units.write(instance_profiles.remove_role, call.caller, given[_NAME], given["RoleName"])
    return {}
