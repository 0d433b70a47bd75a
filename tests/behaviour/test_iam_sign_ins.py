"""Passwords and MFA devices through boto3; the codes are those of an authenticator made here."""

import base64
import hashlib
import hmac
import struct
import time
from typing import Any

from tests.behaviour.identities import ACCOUNT, Iam, refusal
from tests.behaviour.test_iam_users import keys_of
from tests.factories.processes import Server

PASSWORD = "correct horse battery"


def code(seed: str, step: int) -> str:
    """RFC 6238, as an authenticator computes it."""
    mac = hmac.digest(base64.b32decode(seed), struct.pack(">Q", step), hashlib.sha1)
    (value,) = struct.unpack(">I", mac[mac[-1] & 15 :][:4])
    return f"{(value & 0x7FFFFFFF) % 1_000_000:06d}"


def codes(seed: str, first: int) -> dict[str, str]:
    return {"AuthenticationCode1": code(seed, first), "AuthenticationCode2": code(seed, first + 1)}


def now() -> int:
    return int(time.time()) // 30


def device(iam: Iam) -> tuple[str, str]:
    made: dict[str, Any] = iam.api.create_virtual_mfa_device(VirtualMFADeviceName=iam.name())["VirtualMFADevice"]
    assert made["QRCodePNG"].startswith(b"\x89PNG")
    return made["SerialNumber"], made["Base32StringSeed"].decode()


def test_a_password_is_made_changed_and_taken_away(iam: Iam):
    user = iam.user()
    absent = ("NoSuchEntity", f"Login Profile for User {user} cannot be found.")
    assert refusal(iam.api.get_login_profile, UserName=user) == absent
    made = iam.api.create_login_profile(UserName=user, Password=PASSWORD, PasswordResetRequired=True)["LoginProfile"]
    assert (made["UserName"], made["PasswordResetRequired"]) == (user, True)
    assert refusal(iam.api.create_login_profile, UserName=user, Password=PASSWORD) == (
        "EntityAlreadyExists",
        f"Login Profile for user {user} already exists.",
    )
    iam.api.update_login_profile(UserName=user, PasswordResetRequired=False)
    assert iam.api.get_login_profile(UserName=user)["LoginProfile"]["PasswordResetRequired"] is False
    assert refusal(iam.api.update_login_profile, UserName=user, Password="short")[0] == "PasswordPolicyViolation"
    assert refusal(iam.api.delete_user, UserName=user)[1] == "Cannot delete entity, must delete login profile first."
    iam.api.delete_login_profile(UserName=user)
    assert refusal(iam.api.delete_login_profile, UserName=user) == absent


def test_the_root_has_no_password_to_change(iam: Iam):
    given = {"OldPassword": PASSWORD, "NewPassword": PASSWORD}
    assert refusal(iam.api.change_password, **given)[0] == "InvalidUserType"


def test_a_user_without_permission_does_not_change_its_password(server: Server, iam: Iam):
    user = iam.user()
    iam.api.create_login_profile(UserName=user, Password=PASSWORD)
    keys = keys_of(iam.api.create_access_key(UserName=user))
    given = {"OldPassword": PASSWORD, "NewPassword": PASSWORD}
    assert refusal(server.client("iam", credentials=keys).change_password, **given)[0] == "AccessDenied"


def test_two_codes_in_a_row_make_a_device_a_users(iam: Iam):
    user = iam.user()
    serial, seed = device(iam)
    assert serial.startswith(f"arn:aws:iam::{ACCOUNT}:mfa/")
    named = {"UserName": user, "SerialNumber": serial}
    first = now() - 1
    apart = {"AuthenticationCode1": code(seed, first), "AuthenticationCode2": code(seed, first + 2)}
    assert refusal(iam.api.enable_mfa_device, **named, **apart)[0] == "InvalidAuthenticationCode"
    assert refusal(iam.api.enable_mfa_device, **named, **codes(seed, now() - 100))[0] == "InvalidAuthenticationCode"
    iam.api.enable_mfa_device(**named, **codes(seed, first))
    assert [each["SerialNumber"] for each in iam.api.list_mfa_devices(UserName=user)["MFADevices"]] == [serial]
    assert iam.api.get_mfa_device(SerialNumber=serial)["UserName"] == user
    assigned = iam.api.list_virtual_mfa_devices(AssignmentStatus="Assigned")["VirtualMFADevices"]
    assert user in {each["User"]["UserName"] for each in assigned if each["SerialNumber"] == serial}
    assert refusal(iam.api.delete_virtual_mfa_device, SerialNumber=serial)[0] == "DeleteConflict"
    assert refusal(iam.api.delete_user, UserName=user)[1] == "Cannot delete entity, must delete MFA device first."


def test_a_code_is_taken_once(iam: Iam):
    user = iam.user()
    serial, seed = device(iam)
    named, shown = {"UserName": user, "SerialNumber": serial}, codes(seed, now() - 1)
    iam.api.enable_mfa_device(**named, **shown)
    assert refusal(iam.api.resync_mfa_device, **named, **shown)[0] == "InvalidAuthenticationCode"
    iam.api.deactivate_mfa_device(**named)
    assert refusal(iam.api.enable_mfa_device, **named, **shown)[0] == "InvalidAuthenticationCode"
    iam.api.delete_virtual_mfa_device(SerialNumber=serial)
    assert refusal(iam.api.get_mfa_device, SerialNumber=serial)[0] == "NoSuchEntity"


def test_a_device_of_another_user_is_not_theirs(iam: Iam):
    owner, other = iam.user(), iam.user()
    serial, seed = device(iam)
    iam.api.enable_mfa_device(UserName=owner, SerialNumber=serial, **codes(seed, now() - 1))
    named = {"UserName": other, "SerialNumber": serial}
    assert refusal(iam.api.deactivate_mfa_device, **named)[0] == "NoSuchEntity"
    assert refusal(iam.api.get_mfa_device, **named)[0] == "NoSuchEntity"
    assert refusal(iam.api.enable_mfa_device, **named, **codes(seed, now()))[0] == "EntityAlreadyExists"
