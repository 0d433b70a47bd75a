"""Operations on aliases of keys."""

from typing import Any

from entrepot.aws.kms import inputs
from entrepot.aws.kms.inputs import Output
from entrepot.aws.protocol.call import Call
from entrepot.core.keys import aliases
from entrepot.core.keys.aliases import Alias


async def create_alias(call: Call) -> Output:
    """CreateAlias."""
    await call.core.units.write(aliases.create, call.caller, call.input["AliasName"], call.input["TargetKeyId"])
    return {}


async def update_alias(call: Call) -> Output:
    """UpdateAlias."""
    await call.core.units.write(aliases.update, call.caller, call.input["AliasName"], call.input["TargetKeyId"])
    return {}


async def delete_alias(call: Call) -> Output:
    """DeleteAlias."""
    await call.core.units.write(aliases.delete, call.caller, call.input["AliasName"])
    return {}


async def list_aliases(call: Call) -> Output:
    """ListAliases."""
    given, after = call.input.get("KeyId", ""), inputs.start(call, "ListAliases")
    page = await call.core.units.read(aliases.list_all, call.caller, given, inputs.limit(call, 50), after)
    return inputs.shown_page(call, "ListAliases", page, "Aliases", _shown)


def _shown(alias: Alias) -> dict[str, Any]:
    return {
        "AliasName": alias.name,
        "AliasArn": alias.arn,
        "TargetKeyId": alias.key_id,
        "CreationDate": alias.created_at,
        "LastUpdatedDate": alias.updated_at,
    }
