"""Operations that say who is who."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.protocol.call import Call
from entrepot.core import access, access_keys
from entrepot.core.resources import Resource


async def get_caller_identity(call: Call) -> Mapping[str, Any]:
    """GetCallerIdentity: needs no permission, and none can deny it."""
    principal = call.caller.principal
    return {"UserId": principal.user_id, "Account": principal.account, "Arn": principal.arn}


async def get_access_key_info(call: Call) -> Mapping[str, Any]:
    """GetAccessKeyInfo: the account of any access key, expired temporary ones too."""
    account = await call.core.units.read(access_keys.account_of, call.caller, call.input["AccessKeyId"])
    return {"Account": account}


async def decode_authorization_message(call: Call) -> Mapping[str, Any]:
    """DecodeAuthorizationMessage: of the caller's own account."""
    access.require(call.caller, "DecodeAuthorizationMessage", Resource(call.account, "*", "sts"))
    told = call.core.credentials.decode_denial(call.account, call.input["EncodedMessage"])
    return {"DecodedMessage": told}
