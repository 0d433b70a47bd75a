"""Virtual MFA devices: a sealed TOTP seed, whose they are once two consecutive codes have shown it."""

import base64
import io
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

import segno

from entrepot.core import entities, users
from entrepot.core.access import Caller
from entrepot.core.entities import DEVICE, Draft, Entity
from entrepot.db import accounts
from entrepot.db import entities as entity_rows
from entrepot.db import sign_ins as rows
from entrepot.db.database import Transaction
from entrepot.db.identity_records import Device
from entrepot.errors import EntityAlreadyExists, EntityInUse, EntityNotFound, MfaCodeWrong, MfaRefused, QuotaExceeded
from entrepot.seal import totp

MOST_DEVICES = 8
_SEED_BYTES = 40
_NEAR_DRIFT = 1  # steps of 30 seconds, of a single code
_DRIFT = 3
_WIDE_DRIFT = 40  # of a device that is synchronised again
Unseal = Callable[[str, bytes], bytes]


@dataclass(frozen=True, slots=True)
class NamedDevice:
    """A device with its entity, its user (the root in the shape of one) and tags."""

    entity: Entity
    device: Device
    user: Entity | None
    tags: tuple[tuple[str, str], ...]

    @property
    def serial(self) -> str:
        """The serial number, which is its ARN."""
        return entities.arn(self.entity)


def new_seed() -> bytes:
    """A fresh seed; 64 characters in base 32."""
    return secrets.token_bytes(_SEED_BYTES)


def shown_seed(seed: bytes) -> str:
    """A seed as an authenticator takes it."""
    return base64.b32encode(seed).decode()


def picture(found: Entity, secret: str) -> bytes:
    """A QR code (PNG) of what an authenticator needs to know. Takes tens of milliseconds."""
    address = f"otpauth://totp/Entrepot:{quote(found.name)}@{found.account}?secret={secret}&issuer=Entrepot"
    image = io.BytesIO()
    segno.make(address, micro=False).save(image, kind="png", scale=4)
    return image.getvalue()


def create(tx: Transaction, caller: Caller, draft: Draft, sealed: bytes) -> NamedDevice:
    """Make a device that is nobody's yet: EntityAlreadyExists."""
    entities.allow_new(caller, "CreateVirtualMFADevice", DEVICE, draft)
    accounts.lock(tx, caller.principal.account)
    made = entities.add(tx, caller, DEVICE, draft)
    rows.add_device(tx, made.id, sealed)
    told = {"virtualMFADeviceName": draft.name, "path": draft.path, "tags": dict(draft.tags)}
    entities.changed(tx, caller, "CreateVirtualMFADevice", told)
    return _whole(tx, made)


def enable(tx: Transaction, caller: Caller, unseal: Unseal, user: str, serial: str, codes: tuple[str, str]) -> None:
    """Make a device a user's: MfaCodeWrong, EntityAlreadyExists when it is somebody's, QuotaExceeded."""
    owner, found = _owned(tx, caller, "EnableMFADevice", user, serial)
    if found.device.user_id is not None:
        raise EntityAlreadyExists(entity=f"MFADevice {serial} of a user")
    if len(rows.devices_of(tx, owner.id)) >= MOST_DEVICES:
        raise QuotaExceeded(quota="MFADevicesPerUser", limit=MOST_DEVICES)
    step = _checked(caller, unseal, found.device, codes, _DRIFT)
    rows.enable(tx, found.device.id, owner.id, caller.at, step)
    entities.changed(tx, caller, "EnableMFADevice", {"userName": user, "serialNumber": serial})


def resync(tx: Transaction, caller: Caller, unseal: Unseal, user: str, serial: str, codes: tuple[str, str]) -> None:
    """Take two codes of a device whose clock has drifted: MfaCodeWrong."""
    owner, found = _owned(tx, caller, "ResyncMFADevice", user, serial)
    _require_of(owner, found, serial)
    step = _checked(caller, unseal, found.device, codes, _WIDE_DRIFT)
    rows.enable(tx, found.device.id, owner.id, found.device.enabled_at, step)
    entities.changed(tx, caller, "ResyncMFADevice", {"userName": user, "serialNumber": serial})


def deactivate(tx: Transaction, caller: Caller, user: str | None, serial: str) -> None:
    """Make a device nobody's: EntityNotFound when it is not the user's."""
    owner, found = _owned(tx, caller, "DeactivateMFADevice", user, serial)
    _require_of(owner, found, serial)
    rows.enable(tx, found.device.id, None, None, found.device.last_step)
    entities.changed(tx, caller, "DeactivateMFADevice", {"userName": owner.name, "serialNumber": serial})


def delete(tx: Transaction, caller: Caller, serial: str) -> None:
    """Remove a device that is nobody's: EntityInUse."""
    found = _whole(tx, entities.require_locked(tx, caller, "DeleteVirtualMFADevice", DEVICE, serial))
    if found.device.user_id is not None:
        raise EntityInUse(first="deactivate MFA device")
    rows.remove_device(tx, found.device.id)
    entity_rows.remove(tx, found.entity.id)
    entities.changed(tx, caller, "DeleteVirtualMFADevice", {"serialNumber": serial})


def get(tx: Transaction, caller: Caller, serial: str, user: str | None) -> NamedDevice:
    """An enabled device, of this user where one is named: EntityNotFound."""
    found = _whole(tx, entities.require(tx, caller, "GetMFADevice", DEVICE, serial))
    if found.user is None or (user is not None and found.user.name != user):
        raise EntityNotFound(entity=f"MFA Device {serial}")
    return found


def list_of(tx: Transaction, caller: Caller, user: str | None) -> tuple[Entity, tuple[NamedDevice, ...]]:
    """(whose, devices) of a user, by default the caller."""
    owner = users.require_named_or_self(tx, caller, "ListMFADevices", user)
    named = ((device, entity_rows.by_id(tx, device.id)) for device in rows.devices_of(tx, owner.id))
    return owner, tuple(NamedDevice(found, device, owner, ()) for device, found in named if found is not None)


def list_all(tx: Transaction, caller: Caller, assignment: str) -> tuple[NamedDevice, ...]:
    """The account's devices: `assignment` is Assigned, Unassigned or Any."""
    page = entities.page(tx, caller, "ListVirtualMFADevices", DEVICE, "/", DEVICE.most, "")
    found = [_whole(tx, each) for each in page.items]
    wanted = {"Assigned": (True,), "Unassigned": (False,)}.get(assignment, (True, False))
    return tuple(each for each in found if (each.device.user_id is not None) in wanted)


def prove(tx: Transaction, caller: Caller, unseal: Unseal, serial: str, code: str) -> None:
    """Take a code of a device of the caller's own, which must call with a long-term key: MfaRefused."""
    accounts.lock(tx, caller.principal.account)
    for device in rows.devices_of(tx, caller.principal.id) if caller.principal.session is None else ():
        found = entity_rows.by_id(tx, device.id)
        if found is None or entities.arn(found) != serial:
            continue
        step = totp.step_of(unseal(device.id, device.seed), code, caller.at, _NEAR_DRIFT)
        if step is not None and step > device.last_step:
            rows.enable(tx, device.id, device.user_id, device.enabled_at, step)
            return
    raise MfaRefused


def _owned(
    tx: Transaction, caller: Caller, operation: str, user: str | None, serial: str
) -> tuple[Entity, NamedDevice]:
    """(user, device), with the account held for a change; whose the device is, is for the caller to check.

    The permission is asked for on the user alone, as AWS does.
    """
    accounts.lock(tx, caller.principal.account)
    root = user is not None and user in ("root", caller.principal.account)
    owner = users.require_named_or_self(tx, caller, operation, None if root else user)
    return owner, _whole(tx, entities.by_arn(tx, caller.principal.account, DEVICE, serial))


def _require_of(owner: Entity, found: NamedDevice, serial: str) -> None:
    if found.device.user_id != owner.id:
        raise EntityNotFound(entity=f"MFA Device {serial} of user {owner.name}")


def _checked(caller: Caller, unseal: Unseal, device: Device, codes: tuple[str, str], drift: int) -> int:
    seed = unseal(device.id, device.seed)
    step = totp.consecutive(seed, *codes, caller.at, drift)
    if step is None or step <= device.last_step:
        raise MfaCodeWrong
    return step


def _whole(tx: Transaction, found: Entity) -> NamedDevice:
    device = rows.find_device(tx, found.id)
    if device is None:
        raise EntityNotFound(entity=f"VirtualMFADevice {found.name}")
    user = None
    if device.user_id is not None:
        user = (
            users.root(tx, found.account) if device.user_id == found.account else entity_rows.by_id(tx, device.user_id)
        )
    return NamedDevice(found, device, user, entity_rows.tags(tx, found.id))
