"""Operations that say who is who."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.protocol.call import Call
from entrepot.core import access_keys


async def get_caller_identity(call: Call) -> Mapping[str, Any]:
    """GetCallerIdentity: needs no permission, and none can deny it."""
    principal = call.caller.principal
    return {"UserId": principal.user_id, "Account": principal.account, "Arn": principal.arn}


async def get_access_key_info(call: Call) -> Mapping[str, Any]:
    """GetAccessKeyInfo: the account of any access key, expired temporary ones too."""
    account = await call.core.units.read(access_keys.account_of, call.caller, call.input["AccessKeyId"])
    return {"Account": account}
