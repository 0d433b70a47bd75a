"""Operations on tags of what IAM keeps."""

from entrepot.aws.iam import inputs, shown
from entrepot.aws.iam.shown import Output
from entrepot.aws.protocol.call import Call
from entrepot.core import entity_tags
from entrepot.core.entities import DEVICE, POLICY, PROFILE, PROVIDER, ROLE, USER, Kind


async def tag_user(call: Call) -> Output:
    """TagUser."""
    return await _put(call, USER, call.input["UserName"])


async def untag_user(call: Call) -> Output:
    """UntagUser."""
    return await _remove(call, USER, call.input["UserName"])


async def list_user_tags(call: Call) -> Output:
    """ListUserTags."""
    return await _list(call, USER, call.input["UserName"])


async def tag_role(call: Call) -> Output:
    """TagRole."""
    return await _put(call, ROLE, call.input["RoleName"])


async def untag_role(call: Call) -> Output:
    """UntagRole."""
    return await _remove(call, ROLE, call.input["RoleName"])


async def list_role_tags(call: Call) -> Output:
    """ListRoleTags."""
    return await _list(call, ROLE, call.input["RoleName"])


async def tag_policy(call: Call) -> Output:
    """TagPolicy."""
    return await _put(call, POLICY, call.input["PolicyArn"])


async def untag_policy(call: Call) -> Output:
    """UntagPolicy."""
    return await _remove(call, POLICY, call.input["PolicyArn"])


async def list_policy_tags(call: Call) -> Output:
    """ListPolicyTags."""
    return await _list(call, POLICY, call.input["PolicyArn"])


async def tag_instance_profile(call: Call) -> Output:
    """TagInstanceProfile."""
    return await _put(call, PROFILE, call.input["InstanceProfileName"])


async def untag_instance_profile(call: Call) -> Output:
    """UntagInstanceProfile."""
    return await _remove(call, PROFILE, call.input["InstanceProfileName"])


async def list_instance_profile_tags(call: Call) -> Output:
    """ListInstanceProfileTags."""
    return await _list(call, PROFILE, call.input["InstanceProfileName"])


async def tag_open_id_connect_provider(call: Call) -> Output:
    """TagOpenIDConnectProvider."""
    return await _put(call, PROVIDER, call.input["OpenIDConnectProviderArn"])


async def untag_open_id_connect_provider(call: Call) -> Output:
    """UntagOpenIDConnectProvider."""
    return await _remove(call, PROVIDER, call.input["OpenIDConnectProviderArn"])


async def list_open_id_connect_provider_tags(call: Call) -> Output:
    """ListOpenIDConnectProviderTags."""
    return await _list(call, PROVIDER, call.input["OpenIDConnectProviderArn"])


async def tag_mfa_device(call: Call) -> Output:
    """TagMFADevice."""
    return await _put(call, DEVICE, call.input["SerialNumber"])


async def untag_mfa_device(call: Call) -> Output:
    """UntagMFADevice."""
    return await _remove(call, DEVICE, call.input["SerialNumber"])


async def list_mfa_device_tags(call: Call) -> Output:
    """ListMFADeviceTags."""
    return await _list(call, DEVICE, call.input["SerialNumber"])


async def _put(call: Call, kind: Kind, name: str) -> Output:
    await call.core.units.write(entity_tags.put, call.caller, kind, name, inputs.tags(call))
    return {}


async def _remove(call: Call, kind: Kind, name: str) -> Output:
    await call.core.units.write(entity_tags.remove, call.caller, kind, name, call.input["TagKeys"])
    return {}


async def _list(call: Call, kind: Kind, name: str) -> Output:
    operation = f"List {kind.name} tags"
    found = await call.core.units.read(entity_tags.list_of, call.caller, kind, name)
    page = inputs.part(call, operation, found, lambda pair: pair[0].lower())
    return {"Tags": shown.tags(page.items), **inputs.paging(call, operation, page)}
