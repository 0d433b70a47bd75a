"""Operations on a registry as a whole."""

import base64
from collections.abc import Mapping
from typing import Any

from entrepot.aws.protocol.call import Call
from entrepot.core import access
from entrepot.core.access import Resource
from entrepot.spec.repository import RegistryKey


async def get_authorization_token(call: Call) -> Mapping[str, Any]:
    """GetAuthorizationToken: one token, good for every registry that the caller may use, and its endpoint for each."""
    access.require(call.caller, "GetAuthorizationToken", Resource.of_registry(_registry(call, call.account)))
    token, expires_at = call.core.credentials.issue_token(call.caller.principal, call.region)
    encoded = base64.b64encode(f"AWS:{token}".encode()).decode()
    return {
        "authorizationData": [
            {
                "authorizationToken": encoded,
                "expiresAt": expires_at,
                "proxyEndpoint": call.addressing.endpoint(_registry(call, account), call.exchange),
            }
            for account in call.input.get("registryIds") or [call.account]
        ]
    }


async def describe_registry(call: Call) -> Mapping[str, Any]:
    """DescribeRegistry: no replication is configured before it can be."""
    access.require(call.caller, "DescribeRegistry", Resource.of_registry(call.registry))
    return {"registryId": call.account, "replicationConfiguration": {"rules": []}}


def _registry(call: Call, account: str) -> RegistryKey:
    return RegistryKey("private", account, call.region)
