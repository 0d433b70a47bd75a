"""Operations on policies and tags of secrets."""

from entrepot.aws.protocol.call import Call
from entrepot.aws.secretsmanager import inputs
from entrepot.aws.secretsmanager.inputs import Output
from entrepot.core.secrets import policies, tags


async def put_resource_policy(call: Call) -> Output:
    """PutResourcePolicy."""
    inputs.refuse_unbuilt(call)
    given = call.input
    block, text = given.get("BlockPublicPolicy", False), given["ResourcePolicy"]
    secret = await call.core.units.write(policies.put, call.caller, given["SecretId"], text, block_public=block)
    return {"ARN": secret.arn, "Name": secret.name}


async def get_resource_policy(call: Call) -> Output:
    """GetResourcePolicy."""
    inputs.refuse_unbuilt(call)
    secret = await call.core.units.read(policies.get, call.caller, call.input["SecretId"])
    return {"ARN": secret.arn, "Name": secret.name, "ResourcePolicy": secret.policy}


async def delete_resource_policy(call: Call) -> Output:
    """DeleteResourcePolicy."""
    inputs.refuse_unbuilt(call)
    secret = await call.core.units.write(policies.delete, call.caller, call.input["SecretId"])
    return {"ARN": secret.arn, "Name": secret.name}


async def validate_resource_policy(call: Call) -> Output:
    """ValidateResourcePolicy."""
    given = call.input
    found = await call.core.units.read(
        policies.validate, call.caller, given.get("SecretId", ""), given["ResourcePolicy"]
    )
    faults = [{"CheckName": name, "ErrorMessage": why} for name, why in found.faults]
    return {"PolicyValidationPassed": not faults, "ValidationErrors": faults}


async def tag_resource(call: Call) -> Output:
    """TagResource."""
    given = inputs.tags(call.input["Tags"])
    await call.core.units.write(tags.put, call.caller, call.input["SecretId"], given)
    return {}


async def untag_resource(call: Call) -> Output:
    """UntagResource."""
    await call.core.units.write(tags.remove, call.caller, call.input["SecretId"], call.input["TagKeys"])
    return {}
