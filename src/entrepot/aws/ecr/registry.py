"""Operations on a registry as a whole."""

import base64
from collections.abc import Mapping
from typing import Any

from entrepot.aws.protocol.call import Call
from entrepot.core import logins, registries
from entrepot.spec.repository import RegistryKey

Output = Mapping[str, Any]


async def get_authorization_token(call: Call) -> Output:
    """GetAuthorizationToken: one token, good for every registry that the caller may use, and its endpoint for each."""
    logins.require(call.caller, "ecr")
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


async def get_registry_policy(call: Call) -> Output:
    """GetRegistryPolicy."""
    return _policy(call, await call.core.units.read(registries.get_policy, call.caller, call.registry))


async def put_registry_policy(call: Call) -> Output:
    """PutRegistryPolicy."""
    text = call.input["policyText"]
    return _policy(call, await call.core.units.write(registries.put_policy, call.caller, call.registry, text))


async def delete_registry_policy(call: Call) -> Output:
    """DeleteRegistryPolicy."""
    return _policy(call, await call.core.units.write(registries.delete_policy, call.caller, call.registry))


async def get_account_setting(call: Call) -> Output:
    """GetAccountSetting."""
    name = call.input["name"]
    value = await call.core.units.read(registries.get_setting, call.caller, call.registry, name)
    return {"name": name, "value": value}


async def put_account_setting(call: Call) -> Output:
    """PutAccountSetting."""
    name, value = call.input["name"], call.input["value"]
    await call.core.units.write(registries.put_setting, call.caller, call.registry, name, value)
    return {"name": name, "value": value}


def _policy(call: Call, text: str) -> Output:
    return {"registryId": call.registry.account, "policyText": text}


def _registry(call: Call, account: str) -> RegistryKey:
    return RegistryKey("private", account, call.region)
