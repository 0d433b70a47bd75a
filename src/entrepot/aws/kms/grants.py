"""Operations on grants."""

import secrets
from typing import Any

from entrepot.aws.kms import inputs
from entrepot.aws.kms.inputs import Output
from entrepot.aws.protocol.call import Call
from entrepot.core.keys import grants
from entrepot.core.keys.grants import GrantDraft, ShownGrant
from entrepot.errors import ParameterInvalid

_ID_BYTES = 32
_KINDS = ("EncryptionContextSubset", "EncryptionContextEquals")


async def create_grant(call: Call) -> Output:
    """CreateGrant."""
    inputs.check_tokens(call)
    draft, dry = _draft(call), inputs.dry(call)
    made = await call.core.units.write(grants.create, call.caller, call.input["KeyId"], draft, dry=dry)
    return {"GrantId": made, "GrantToken": call.core.vault.grant_token(made)}


async def list_grants(call: Call) -> Output:
    """ListGrants."""
    given, after = call.input, inputs.start(call, "ListGrants")
    grantee = given.get("GranteePrincipal") or given.get("GranteeServicePrincipal") or ""
    wanted = (given.get("GrantId", ""), grantee)
    page = await call.core.units.read(
        grants.list_of, call.caller, given["KeyId"], wanted, inputs.limit(call, 50), after
    )
    return inputs.shown_page(call, "ListGrants", page, "Grants", _shown)


async def list_retirable_grants(call: Call) -> Output:
    """ListRetirableGrants."""
    operation, given = "ListRetirableGrants", call.input
    retiree, after = _one(call, "RetiringPrincipal", "RetiringServicePrincipal"), inputs.start(call, operation)
    most = int(given.get("Limit", 50))
    page = await call.core.units.read(grants.list_retirable, call.caller, retiree, most, after)
    return inputs.shown_page(call, operation, page, "Grants", _shown)


async def revoke_grant(call: Call) -> Output:
    """RevokeGrant."""
    given, dry = call.input, inputs.dry(call)
    await call.core.units.write(grants.revoke, call.caller, given["KeyId"], given["GrantId"], dry=dry)
    return {}


async def retire_grant(call: Call) -> Output:
    """RetireGrant: of a token, or of a key and an id."""
    given, dry = call.input, inputs.dry(call)
    if ("GrantToken" in given) == ("GrantId" in given) or ("GrantId" in given and "KeyId" not in given):
        raise ParameterInvalid(parameter="grantToken", reason="a grant token, or a key and a grant id must be given")
    grant_id = given.get("GrantId") or call.core.vault.grant_of(given["GrantToken"])
    await call.core.units.write(grants.retire, call.caller, given.get("KeyId", ""), grant_id, dry=dry)
    return {}


def _draft(call: Call) -> GrantDraft:
    given = call.input
    constraints = given.get("Constraints", {})
    for kind in constraints:
        if kind not in _KINDS:
            raise ParameterInvalid(parameter="constraints", reason=f"{kind} is not supported here")
    if len(constraints) > 1:
        raise ParameterInvalid(parameter="constraints", reason="a grant can have one kind of constraint only")
    return GrantDraft(
        secrets.token_hex(_ID_BYTES),
        _one(call, "GranteePrincipal", "GranteeServicePrincipal"),
        tuple(given["Operations"]),
        given.get("RetiringPrincipal") or given.get("RetiringServicePrincipal") or "",
        {kind: dict(context) for kind, context in constraints.items()},
        given.get("Name", ""),
    )


def _one(call: Call, principal: str, service: str) -> str:
    given = [call.input[member] for member in (principal, service) if member in call.input]
    if len(given) != 1:
        raise ParameterInvalid(parameter=principal, reason=f"either this or {service} must be given")
    return str(given[0])


def _shown(found: ShownGrant) -> dict[str, Any]:
    grant = found.grant
    return {
        "KeyId": found.key.arn,
        "GrantId": grant.id,
        "Name": grant.name,
        "CreationDate": grant.created_at,
        "GranteePrincipal": found.grantee,
        "RetiringPrincipal": found.retiree or None,
        "IssuingAccount": f"arn:aws:iam::{grant.issuer}:root",
        "Operations": list(grant.operations),
        "Constraints": dict(grant.constraints) or None,
    }
