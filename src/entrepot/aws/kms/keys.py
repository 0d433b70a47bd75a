"""Operations on keys as a whole."""

import asyncio
import uuid
from datetime import datetime
from typing import Any

from entrepot.aws.kms import inputs
from entrepot.aws.kms.inputs import Output
from entrepot.aws.protocol.call import Call
from entrepot.core.keys import deletion, keeping
from entrepot.core.keys.keeping import Key, KeyDraft
from entrepot.core.keys.places import ENABLED
from entrepot.core.keys.vault import SYMMETRIC
from entrepot.errors import KeyFeatureUnsupported
from entrepot.seal import key_pairs

_DAYS = 30
_FEATURES = {"CustomKeyStoreId": "Custom key stores", "XksKeyId": "External key stores"}


async def create_key(call: Call) -> Output:
    """CreateKey."""
    draft = _draft(call)
    keeping.allow_create(call.caller, draft)
    _refuse(call)
    material = await asyncio.to_thread(call.core.vault.fresh, draft.id, draft.spec, call.caller.at)
    made = await call.core.units.write(keeping.create, call.caller, draft, material)
    return {"KeyMetadata": _shown(made, material.id if draft.spec == SYMMETRIC else "")}


async def describe_key(call: Call) -> Output:
    """DescribeKey."""
    found, material_id = await call.core.units.read(keeping.describe, call.caller, call.input["KeyId"])
    return {"KeyMetadata": _shown(found, material_id)}


async def list_keys(call: Call) -> Output:
    """ListKeys."""
    after = inputs.start(call, "ListKeys")
    page = await call.core.units.read(keeping.list_all, call.caller, inputs.limit(call), after)
    return inputs.shown_page(call, "ListKeys", page, "Keys", lambda key: {"KeyId": key.id, "KeyArn": key.arn})


async def enable_key(call: Call) -> Output:
    """EnableKey."""
    await call.core.units.write(keeping.enable, call.caller, call.input["KeyId"])
    return {}


async def disable_key(call: Call) -> Output:
    """DisableKey."""
    await call.core.units.write(keeping.disable, call.caller, call.input["KeyId"])
    return {}


async def update_key_description(call: Call) -> Output:
    """UpdateKeyDescription."""
    given = call.input
    await call.core.units.write(keeping.set_description, call.caller, given["KeyId"], given["Description"])
    return {}


async def schedule_key_deletion(call: Call) -> Output:
    """ScheduleKeyDeletion."""
    days = call.input.get("PendingWindowInDays", _DAYS)
    key = await call.core.units.write(deletion.schedule, call.caller, call.input["KeyId"], days)
    return {
        "KeyId": key.arn,
        "DeletionDate": key.deletes_at,
        "KeyState": key.state,
        "PendingWindowInDays": days,
    }


async def cancel_key_deletion(call: Call) -> Output:
    """CancelKeyDeletion."""
    return {"KeyId": (await call.core.units.write(deletion.cancel, call.caller, call.input["KeyId"])).arn}


def _draft(call: Call) -> KeyDraft:
    given = call.input
    return KeyDraft(
        str(uuid.uuid4()),
        given.get("KeySpec") or given.get("CustomerMasterKeySpec") or SYMMETRIC,
        given.get("KeyUsage", ""),
        given.get("Description", ""),
        given.get("Policy"),
        inputs.tags(given.get("Tags", ())),
        given.get("BypassPolicyLockoutSafetyCheck", False),
    )


def _refuse(call: Call) -> None:
    """KeyFeatureUnsupported for what keys cannot be here."""
    for member, feature in _FEATURES.items():
        if member in call.input:
            raise KeyFeatureUnsupported(reason=f"{feature} are not supported here.")
    if call.input.get("MultiRegion"):
        raise KeyFeatureUnsupported(reason="Multi-Region keys are not supported here.")
    if call.input.get("Origin", "AWS_KMS") != "AWS_KMS":
        raise KeyFeatureUnsupported(reason="Imported key material is not supported here.")


def _shown(key: Key, material_id: str) -> dict[str, Any]:
    encrypts = key.spec == SYMMETRIC
    deletes_at: datetime | None = key.deletes_at
    return {
        "AWSAccountId": key.account,
        "KeyId": key.id,
        "Arn": key.arn,
        "CreationDate": key.created_at,
        "Enabled": key.state == ENABLED,
        "Description": key.description,
        "KeyUsage": key.usage,
        "KeyState": key.state,
        "DeletionDate": deletes_at,
        "Origin": "AWS_KMS",
        "KeyManager": key.manager,
        "CustomerMasterKeySpec": key.spec,
        "KeySpec": key.spec,
        "EncryptionAlgorithms": [SYMMETRIC] if encrypts else None,
        "SigningAlgorithms": None if encrypts else list(key_pairs.ALGORITHMS[key.spec]),
        "MultiRegion": False,
        "CurrentKeyMaterialId": material_id or None,
    }
