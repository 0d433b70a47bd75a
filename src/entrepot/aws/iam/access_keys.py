"""Operations on access keys."""

from entrepot.aws.iam import inputs
from entrepot.aws.iam.shown import Output
from entrepot.aws.protocol.call import Call
from entrepot.core import access_keys, identities
from entrepot.core.access_keys import KeyUse


async def create_access_key(call: Call) -> Output:
    """CreateAccessKey: the only answer that holds the secret."""
    fresh = identities.fresh_credentials(call.account)
    sealed = call.core.credentials.seal_key(fresh.access_key_id, fresh.secret_access_key)
    owner, made = await call.core.units.write(
        access_keys.create, call.caller, call.input.get("UserName"), fresh.access_key_id, sealed
    )
    return {"AccessKey": {**_shown(owner.name, made), "SecretAccessKey": fresh.secret_access_key}}


async def list_access_keys(call: Call) -> Output:
    """ListAccessKeys: of the user named, else the caller."""
    owner, keys = await call.core.units.read(access_keys.list_of, call.caller, call.input.get("UserName"))
    page = inputs.part(call, "ListAccessKeys", keys, lambda key: key.id)
    listed = [_shown(owner.name, key) for key in page.items]
    return {"AccessKeyMetadata": listed, **inputs.paging(call, "ListAccessKeys", page)}


async def update_access_key(call: Call) -> Output:
    """UpdateAccessKey."""
    given = call.input
    await call.core.units.write(
        access_keys.set_status, call.caller, given.get("UserName"), given["AccessKeyId"], given["Status"]
    )
    return {}


async def delete_access_key(call: Call) -> Output:
    """DeleteAccessKey."""
    given = call.input
    await call.core.units.write(access_keys.delete, call.caller, given.get("UserName"), given["AccessKeyId"])
    return {}


async def get_access_key_last_used(call: Call) -> Output:
    """GetAccessKeyLastUsed."""
    owner, key = await call.core.units.read(access_keys.last_use, call.caller, call.input["AccessKeyId"])
    used = {"LastUsedDate": key.last_used_at, "ServiceName": key.service or "N/A", "Region": key.region or "N/A"}
    return {"UserName": owner or None, "AccessKeyLastUsed": used}


def _shown(owner: str, key: KeyUse) -> Output:
    return {
        "UserName": owner or None,
        "AccessKeyId": key.id,
        "Status": key.status,
        "CreateDate": key.created_at,
    }
