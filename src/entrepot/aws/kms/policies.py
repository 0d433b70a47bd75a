"""Operations on key policies, and on tags of keys."""

from entrepot.aws.kms import inputs
from entrepot.aws.kms.inputs import Output
from entrepot.aws.protocol.call import Call
from entrepot.core.keys import policies, tags


async def put_key_policy(call: Call) -> Output:
    """PutKeyPolicy."""
    given = call.input
    name, bypass = given.get("PolicyName", policies.NAME), given.get("BypassPolicyLockoutSafetyCheck", False)
    await call.core.units.write(policies.put, call.caller, given["KeyId"], given["Policy"], name, bypass=bypass)
    return {}


async def get_key_policy(call: Call) -> Output:
    """GetKeyPolicy."""
    name = call.input.get("PolicyName", policies.NAME)
    text = await call.core.units.read(policies.get, call.caller, call.input["KeyId"], name)
    return {"Policy": text, "PolicyName": name}


async def list_key_policies(call: Call) -> Output:
    """ListKeyPolicies: a key has one."""
    names = await call.core.units.read(policies.list_names, call.caller, call.input["KeyId"])
    return {"PolicyNames": list(names), "Truncated": False}


async def tag_resource(call: Call) -> Output:
    """TagResource."""
    await call.core.units.write(tags.put, call.caller, call.input["KeyId"], inputs.tags(call.input["Tags"]))
    return {}


async def untag_resource(call: Call) -> Output:
    """UntagResource."""
    await call.core.units.write(tags.remove, call.caller, call.input["KeyId"], call.input["TagKeys"])
    return {}


async def list_resource_tags(call: Call) -> Output:
    """ListResourceTags."""
    after, most = inputs.start(call, "ListResourceTags"), inputs.limit(call, 50)
    page = await call.core.units.read(tags.list_of, call.caller, call.input["KeyId"], most, after)
    return inputs.shown_page(call, "ListResourceTags", page, "Tags", lambda tag: {"TagKey": tag[0], "TagValue": tag[1]})
