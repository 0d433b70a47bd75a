"""AWS STS: who a credential is."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.protocol.call import Call, Operation


async def get_caller_identity(call: Call) -> Mapping[str, Any]:
    """GetCallerIdentity: needs no permission, and none can deny it."""
    principal = call.caller.principal
    return {"UserId": principal.id, "Account": principal.account, "Arn": principal.arn}


OPERATIONS: Mapping[str, Operation] = {"GetCallerIdentity": get_caller_identity}
