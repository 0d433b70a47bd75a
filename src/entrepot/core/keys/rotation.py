"""Rotation of a key's material (KMS developer guide, "Rotate KMS keys"): what was encrypted before is decrypted by what
encrypted it, for the blob names that.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from entrepot.core.access import Caller
from entrepot.core.keys import places
from entrepot.core.keys.keeping import ROTATION_DAYS
from entrepot.core.keys.places import CUSTOMER, Asked
from entrepot.core.keys.vault import SYMMETRIC, Vault
from entrepot.db import keys as rows
from entrepot.db.database import Reader, Transaction
from entrepot.db.key_records import Key, Material
from entrepot.errors import KeyFeatureUnsupported, KeyQuotaExceeded

__all__ = ["Material"]

MOST_ON_DEMAND = 25  # of a key: AWS's quota


@dataclass(frozen=True, slots=True)
class Rotations:
    """A key, its material, the first one first."""

    key: Key
    materials: Sequence[Material]


def enable(tx: Transaction, caller: Caller, given: str, days: int | None) -> None:
    """New material by itself every so many days: KeyNotFound, KeyDisabled, KeyStateInvalid, KeyFeatureUnsupported."""
    period = ROTATION_DAYS if days is None else days
    asked = Asked("EnableKeyRotation", keys={"kms:rotationperiodindays": (str(period),)})
    key = _rotatable(places.require_enabled(places.require_locked(tx, caller, given, asked)))
    rows.change(tx, replace(key, rotation_days=period, rotates_at=caller.at + timedelta(days=period)))
    told = {"keyId": given, "rotationPeriodInDays": period}
    places.changed(tx, caller, "EnableKeyRotation", told, key.account)


def disable(tx: Transaction, caller: Caller, given: str) -> None:
    """No new material by itself: as `enable`."""
    key = places.require_locked(tx, caller, given, Asked("DisableKeyRotation"))
    _rotatable(places.require_enabled(key))
    rows.change(tx, replace(key, rotates_at=None))
    places.changed(tx, caller, "DisableKeyRotation", {"keyId": given}, key.account)


def status(tx: Reader, caller: Caller, given: str) -> Key:
    """A key whose rotation is asked about: KeyNotFound, KeyFeatureUnsupported."""
    return _symmetric(places.require(tx, caller, given, Asked("GetKeyRotationStatus")))


def on_demand(tx: Transaction, caller: Caller, vault: Vault, given: str) -> Key:
    """New material now: as `enable`; KeyQuotaExceeded."""
    key = places.require_locked(tx, caller, given, Asked("RotateKeyOnDemand"))
    _rotatable(places.require_enabled(key))
    found = rows.materials(tx, key.id)
    if sum(each.made_by == "ON_DEMAND" for each in found) >= MOST_ON_DEMAND:
        raise KeyQuotaExceeded(reason=f"{key.arn} has been rotated on demand {MOST_ON_DEMAND} times.")
    rows.add_material(tx, vault.fresh(key.id, key.spec, caller.at, found[-1].ordinal + 1, "ON_DEMAND"))
    places.changed(tx, caller, "RotateKeyOnDemand", {"keyId": given}, key.account)
    return key


def list_of(tx: Reader, caller: Caller, given: str) -> Rotations:
    """A key's material: KeyNotFound, KeyFeatureUnsupported."""
    key = _symmetric(places.require(tx, caller, given, Asked("ListKeyRotations")))
    return Rotations(key, rows.materials(tx, key.id))


def _symmetric(key: Key) -> Key:
    if key.spec != SYMMETRIC:
        raise KeyFeatureUnsupported(reason=f"{key.arn} is an asymmetric key, which is not rotated.")
    return key


def _rotatable(key: Key) -> Key:
    if key.manager != CUSTOMER:
        raise KeyFeatureUnsupported(reason=f"{key.arn} is managed by a service.")
    return _symmetric(key)
