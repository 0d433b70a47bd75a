"""Operations on the rotation of keys."""

from typing import Any

from entrepot.aws.kms import inputs
from entrepot.aws.kms.inputs import Output
from entrepot.aws.protocol.call import Call
from entrepot.core.keys import rotation
from entrepot.core.keys.rotation import Material, Rotations
from entrepot.core.page import cut

_ALL = "ALL_KEY_MATERIAL"


async def enable_key_rotation(call: Call) -> Output:
    """EnableKeyRotation."""
    days = call.input.get("RotationPeriodInDays")
    await call.core.units.write(rotation.enable, call.caller, call.input["KeyId"], days)
    return {}


async def disable_key_rotation(call: Call) -> Output:
    """DisableKeyRotation."""
    await call.core.units.write(rotation.disable, call.caller, call.input["KeyId"])
    return {}


async def get_key_rotation_status(call: Call) -> Output:
    """GetKeyRotationStatus."""
    key = await call.core.units.read(rotation.status, call.caller, call.input["KeyId"])
    on = key.rotates_at is not None
    return {
        "KeyRotationEnabled": on,
        "KeyId": key.arn,
        "RotationPeriodInDays": key.rotation_days if on else None,
        "NextRotationDate": key.rotates_at,
    }


async def rotate_key_on_demand(call: Call) -> Output:
    """RotateKeyOnDemand."""
    return {
        "KeyId": (await call.core.units.write(rotation.on_demand, call.caller, call.core.vault, call.input["KeyId"])).id
    }


async def list_key_rotations(call: Call) -> Output:
    """ListKeyRotations: what was there at first only where all material is asked for."""
    operation, after = "ListKeyRotations", inputs.start(call, "ListKeyRotations")
    found = await call.core.units.read(rotation.list_of, call.caller, call.input["KeyId"])
    everything = call.input.get("IncludeKeyMaterial") == _ALL
    wanted = [each for each in found.materials if everything or each.made_by != "CREATION"]
    later = [each for each in wanted if f"{each.ordinal:09}" > after]
    page = cut(later, inputs.limit(call), lambda each: f"{each.ordinal:09}")
    return inputs.shown_page(
        call, operation, page, "Rotations", lambda each: _shown(found, each, everything=everything)
    )


def _shown(found: Rotations, material: Material, *, everything: bool) -> dict[str, Any]:
    first, current = material.made_by == "CREATION", material == found.materials[-1]
    return {
        "KeyId": found.key.arn,
        "KeyMaterialId": material.id,
        "KeyMaterialState": ("CURRENT" if current else "NON_CURRENT") if everything else None,
        "RotationDate": None if first else material.created_at,
        "RotationType": None if first else material.made_by,
    }
