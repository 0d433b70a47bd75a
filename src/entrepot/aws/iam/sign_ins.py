"""Operations on passwords and virtual MFA devices."""

import asyncio
from collections.abc import Callable

from entrepot.aws.iam import inputs, shown
from entrepot.aws.iam.shown import Output
from entrepot.aws.protocol.call import Call
from entrepot.core import login_profiles, mfa_devices, password_policies
from entrepot.core.entities import DEVICE, Entity
from entrepot.core.login_profiles import LoginProfile
from entrepot.core.mfa_devices import NamedDevice
from entrepot.errors import ParameterInvalid


async def create_login_profile(call: Call) -> Output:
    """CreateLoginProfile."""
    given = call.input
    if "Password" not in given or "UserName" not in given:
        raise ParameterInvalid(parameter="Password", reason="a user and a password must be named")
    password = await _hashed(call, given["Password"])
    reset = given.get("PasswordResetRequired", False)
    owner, made = await call.core.units.write(
        login_profiles.create, call.caller, given["UserName"], password, reset_required=reset
    )
    return {"LoginProfile": _profile(owner, made)}


async def get_login_profile(call: Call) -> Output:
    """GetLoginProfile."""
    owner, found = await call.core.units.read(login_profiles.get, call.caller, call.input.get("UserName"))
    return {"LoginProfile": _profile(owner, found)}


async def update_login_profile(call: Call) -> Output:
    """UpdateLoginProfile."""
    given = call.input
    password = None
    if "Password" in given:
        password = await _hashed(call, given["Password"])
    reset = given.get("PasswordResetRequired")
    await call.core.units.write(login_profiles.update, call.caller, given["UserName"], password, reset_required=reset)
    return {}


async def delete_login_profile(call: Call) -> Output:
    """DeleteLoginProfile."""
    if "UserName" not in call.input:
        raise ParameterInvalid(parameter="UserName", reason="a user must be named")
    await call.core.units.write(login_profiles.delete, call.caller, call.input["UserName"])
    return {}


async def change_password(call: Call) -> Output:
    """ChangePassword: of the calling user."""
    known = await call.core.units.read(login_profiles.own, call.caller)
    await asyncio.to_thread(login_profiles.require_password, known, call.input["OldPassword"])
    await asyncio.to_thread(login_profiles.require_new, known, call.input["NewPassword"])
    password = await asyncio.to_thread(login_profiles.hashed, known.policy, call.input["NewPassword"])
    await call.core.units.write(login_profiles.change, call.caller, known, password)
    return {}


async def create_virtual_mfa_device(call: Call) -> Output:
    """CreateVirtualMFADevice: the only answer that holds the seed."""
    draft = inputs.draft(call, DEVICE, "VirtualMFADeviceName")
    seed = mfa_devices.new_seed()
    sealed = call.core.credentials.seal_seed(draft.id, seed)
    made = await call.core.units.write(mfa_devices.create, call.caller, draft, sealed)
    secret = mfa_devices.shown_seed(seed)
    picture = await asyncio.to_thread(mfa_devices.picture, made.entity, secret)
    return {
        "VirtualMFADevice": {
            "SerialNumber": made.serial,
            "Base32StringSeed": secret.encode(),
            "QRCodePNG": picture,
            "Tags": shown.tags(made.tags) or None,
        }
    }


async def delete_virtual_mfa_device(call: Call) -> Output:
    """DeleteVirtualMFADevice."""
    await call.core.units.write(mfa_devices.delete, call.caller, call.input["SerialNumber"])
    return {}


async def list_virtual_mfa_devices(call: Call) -> Output:
    """ListVirtualMFADevices."""
    assignment = call.input.get("AssignmentStatus", "Any")
    found = await call.core.units.read(mfa_devices.list_all, call.caller, assignment)
    page = inputs.part(call, "ListVirtualMFADevices", found, lambda each: each.entity.name.lower())
    listed = [
        {
            "SerialNumber": each.serial,
            "User": None if each.user is None else shown.user(each.user),
            "EnableDate": each.device.enabled_at,
        }
        for each in page.items
    ]
    return {"VirtualMFADevices": listed, **inputs.paging(call, "ListVirtualMFADevices", page)}


async def enable_mfa_device(call: Call) -> Output:
    """EnableMFADevice."""
    return await _with_codes(call, mfa_devices.enable)


async def resync_mfa_device(call: Call) -> Output:
    """ResyncMFADevice."""
    return await _with_codes(call, mfa_devices.resync)


async def deactivate_mfa_device(call: Call) -> Output:
    """DeactivateMFADevice."""
    given = call.input
    await call.core.units.write(mfa_devices.deactivate, call.caller, given.get("UserName"), given["SerialNumber"])
    return {}


async def get_mfa_device(call: Call) -> Output:
    """GetMFADevice."""
    given = call.input
    found = await call.core.units.read(mfa_devices.get, call.caller, given["SerialNumber"], given.get("UserName"))
    return _enabled(found)


async def list_mfa_devices(call: Call) -> Output:
    """ListMFADevices: of the user named, else the caller."""
    _, found = await call.core.units.read(mfa_devices.list_of, call.caller, call.input.get("UserName"))
    page = inputs.part(call, "ListMFADevices", found, lambda each: each.entity.name.lower())
    return {"MFADevices": [_enabled(each) for each in page.items], **inputs.paging(call, "ListMFADevices", page)}


async def _hashed(call: Call, password: str) -> str:
    policy = await call.core.units.read(password_policies.in_force, call.account)
    return await asyncio.to_thread(login_profiles.hashed, policy, password)


async def _with_codes(call: Call, use_case: Callable[..., None]) -> Output:
    given = call.input
    codes = given["AuthenticationCode1"], given["AuthenticationCode2"]
    open_seed = call.core.credentials.open_seed
    await call.core.units.write(use_case, call.caller, open_seed, given["UserName"], given["SerialNumber"], codes)
    return {}


def _profile(owner: Entity, found: LoginProfile) -> Output:
    return {
        "UserName": owner.name,
        "CreateDate": found.created_at,
        "PasswordResetRequired": found.reset_required,
    }


def _enabled(found: NamedDevice) -> Output:
    return {
        "UserName": (found.user and found.user.name) or None,
        "SerialNumber": found.serial,
        "EnableDate": found.device.enabled_at,
    }
