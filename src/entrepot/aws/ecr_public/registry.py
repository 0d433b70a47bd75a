"""Operations on a registry as a whole."""

import base64
from collections.abc import Mapping
from typing import Any

from entrepot.aws.ecr_public import keys
from entrepot.aws.protocol.call import Call
from entrepot.core import public_registries
from entrepot.core.public_aliases import PublicAlias

Output = Mapping[str, Any]


async def get_authorization_token(call: Call) -> Output:
    """GetAuthorizationToken: one for every public registry that the caller may push to."""
    public_registries.require_token(call.caller)
    token, expires_at = call.core.credentials.issue_token(call.caller.principal, call.region, "ecr-public")
    encoded = base64.b64encode(f"AWS:{token}".encode()).decode()
    return {"authorizationData": {"authorizationToken": encoded, "expiresAt": expires_at}}


async def describe_registries(call: Call) -> Output:
    """DescribeRegistries: the caller's own, and nothing after it."""
    held = await call.core.units.read(public_registries.aliases, call.caller)
    registry = keys.registry(call)
    shown = {
        "registryId": registry.account,
        "registryArn": public_registries.registry_arn(registry),
        "registryUri": call.addressing.registry_uri(registry, call.exchange),
        "verified": False,
        "aliases": [_shown(alias) for alias in held],
    }
    return {"registries": [shown]}


async def get_registry_catalog_data(call: Call) -> Output:
    """GetRegistryCatalogData."""
    return _told(await call.core.units.read(public_registries.display_name, call.caller))


async def put_registry_catalog_data(call: Call) -> Output:
    """PutRegistryCatalogData; without a name it takes the name away."""
    name = call.input.get("displayName", "")
    await call.core.units.write(public_registries.set_display_name, call.caller, name)
    return _told(name)


def _told(name: str) -> Output:
    return {"registryCatalogData": {"displayName": name}}


def _shown(alias: PublicAlias) -> Output:
    return {
        "name": alias.name,
        "status": "ACTIVE",
        "primaryRegistryAlias": alias.primary,
        "defaultRegistryAlias": alias.standing == "default",
    }
