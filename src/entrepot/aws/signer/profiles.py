"""Operations on signing profiles."""

from dataclasses import replace

from entrepot.aws.protocol.call import Call
from entrepot.aws.signer import pages
from entrepot.aws.signer.pages import Output
from entrepot.core.signing import keys as signing_keys
from entrepot.core.signing import platforms, profiles, validity
from entrepot.core.signing.profiles import ProfileDraft, Shown, Wanted
from entrepot.errors import SigningInputInvalid


async def put_signing_profile(call: Call) -> Output:
    """PutSigningProfile."""
    core, draft = call.core, _draft(call)
    if draft.parameters.get(signing_keys.PARAMETER):
        arn = await signing_keys.known(core.units, call.caller, core.vault, draft.parameters[signing_keys.PARAMETER])
        draft = replace(draft, parameters={**draft.parameters, signing_keys.PARAMETER: arn})
    made = await core.units.write(profiles.put, call.caller, core.vault, draft)
    return {"arn": made.arn, "profileVersion": made.version, "profileVersionArn": made.version_arn}


async def get_signing_profile(call: Call) -> Output:
    """GetSigningProfile."""
    name, owner = call.input["profileName"], call.input.get("profileOwner", "")
    found = await call.core.units.read(profiles.get, call.caller, name, owner)
    value = found.revocation
    record = value and {"revocationEffectiveFrom": value.since, "revokedAt": value.at, "revokedBy": value.by}
    reason = found.profile.status_reason or None
    return {**_shown(found), "revocationRecord": record, "statusReason": reason}


async def list_signing_profiles(call: Call) -> Output:
    """ListSigningProfiles."""
    given = call.input
    wanted = Wanted(given.get("includeCanceled", False), given.get("platformId", ""), given.get("statuses", ()))
    (after,) = pages.start(call, "ListSigningProfiles")
    page = await call.core.units.read(profiles.list_all, call.caller, wanted, pages.limit(call), after)
    token = pages.following(call, "ListSigningProfiles", page.after)
    return {"profiles": [_shown(each) for each in page.items], "nextToken": token}


async def cancel_signing_profile(call: Call) -> Output:
    """CancelSigningProfile."""
    await call.core.units.write(profiles.cancel, call.caller, call.input["profileName"])
    return {}


async def revoke_signing_profile(call: Call) -> Output:
    """RevokeSigningProfile."""
    given = call.input
    version, since = given["profileVersion"], given["effectiveTime"]
    await call.core.units.write(profiles.revoke, call.caller, given["profileName"], version, since, given["reason"])
    return {}


def _draft(call: Call) -> ProfileDraft:
    """SigningInputInvalid for what no platform here takes."""
    given = call.input
    if "signingMaterial" in given or given.get("overrides"):
        raise SigningInputInvalid(reason="The platforms here take neither signing material nor overrides.")
    period = given.get("signatureValidityPeriod", {})
    value, kind = validity.DEFAULT
    return ProfileDraft(
        given["profileName"],
        given["platformId"],
        (period.get("value", value), period.get("type", kind)),
        given.get("signingParameters", {}),
        tuple(given.get("tags", {}).items()),
    )


def _shown(found: Shown) -> Output:
    profile = found.profile
    return {
        "profileName": profile.name,
        "profileVersion": profile.version,
        "profileVersionArn": profile.version_arn,
        "platformId": profile.platform,
        "platformDisplayName": platforms.name_of(profile.platform),
        "signatureValidityPeriod": {"value": profile.validity, "type": profile.validity_type},
        "signingParameters": dict(profile.parameters) or None,
        "status": profile.status,
        "arn": profile.arn,
        "tags": dict(found.tags),
    }
