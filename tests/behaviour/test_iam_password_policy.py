"""The account's password policy holds whenever a password is set, by an administrator or by its user."""

import csv
import io
from datetime import datetime
from typing import Any

import pytest

from tests.behaviour.identities import refusal
from tests.behaviour.sessions import deny, document
from tests.factories.processes import Credentials, Server
from tests.operation.commands import entrepot

GOOD = "Correct-horse-7"
WANTED: dict[str, Any] = {
    "MinimumPasswordLength": 12,
    "RequireSymbols": True,
    "RequireNumbers": True,
    "RequireUppercaseCharacters": True,
    "RequireLowercaseCharacters": True,
}


class Account:
    """An account of its own with a user who has a password and a key."""

    def __init__(self, server: Server) -> None:
        made = entrepot("account", "create", "--data", server.data, "--output", "json").result
        self.id = made["account_id"]
        self.api = server.client("iam", credentials=Credentials(made["access_key_id"], made["secret_access_key"]))
        self.api.create_user(UserName="ann")
        self.api.create_login_profile(UserName="ann", Password=GOOD)
        key = self.api.create_access_key(UserName="ann")["AccessKey"]
        self.ann = server.client("iam", credentials=Credentials(key["AccessKeyId"], key["SecretAccessKey"]))

    def want(self, **given: Any) -> None:
        self.api.update_account_password_policy(**given)

    def rotation(self) -> str:
        """When the user's password must be changed, as the credential report says."""
        self.api.generate_credential_report()
        content = self.api.get_credential_report()["Content"].decode()
        (row,) = [row for row in csv.DictReader(io.StringIO(content)) if row["user"] == "ann"]
        return row["password_next_rotation"]

    def change(self, old: str, new: str) -> None:
        self.ann.change_password(OldPassword=old, NewPassword=new)

    def refused_change(self, old: str, new: str) -> str:
        return refusal(self.ann.change_password, OldPassword=old, NewPassword=new)[0]


@pytest.fixture
def account(server: Server) -> Account:
    return Account(server)


def test_a_policy_is_set_shown_and_forgotten(account: Account):
    absent = ("NoSuchEntity", f"The Password Policy with domain name {account.id} cannot be found.")
    assert refusal(account.api.get_account_password_policy) == absent
    assert refusal(account.api.delete_account_password_policy) == absent
    account.want(**WANTED, MaxPasswordAge=90, PasswordReusePrevention=3, HardExpiry=True)
    assert account.api.get_account_password_policy()["PasswordPolicy"] == {
        **WANTED,
        "AllowUsersToChangePassword": False,
        "ExpirePasswords": True,
        "MaxPasswordAge": 90,
        "PasswordReusePrevention": 3,
        "HardExpiry": True,
    }
    account.want()
    assert account.api.get_account_password_policy()["PasswordPolicy"] == {
        **dict.fromkeys(WANTED, False),
        "MinimumPasswordLength": 6,
        "AllowUsersToChangePassword": False,
        "ExpirePasswords": False,
        "HardExpiry": False,
    }
    account.api.delete_account_password_policy()
    assert refusal(account.api.get_account_password_policy) == absent
    assert account.ann is not None
    assert refusal(account.ann.update_account_password_policy)[0] == "AccessDenied"


def test_length_and_characters_are_wanted_of_every_new_password(account: Account):
    account.want(**WANTED)
    account.api.create_user(UserName="bob")
    for wrong, told in (
        ("Short-1a", "Password should have a minimum length of 12"),
        ("Correcthorse77", "Password should have at least one symbol"),
        ("Correct-horse-", "Password should have at least one number"),
        ("correct-horse-7", "Password should have at least one uppercase letter"),
        ("CORRECT-HORSE-7", "Password should have at least one lowercase letter"),
    ):
        refused = ("PasswordPolicyViolation", told)
        assert refusal(account.api.create_login_profile, UserName="bob", Password=wrong) == refused
        assert refusal(account.api.update_login_profile, UserName="ann", Password=wrong) == refused
    account.api.create_login_profile(UserName="bob", Password=GOOD)
    account.api.update_login_profile(UserName="ann", Password=GOOD + "!")
    account.want()
    account.api.update_login_profile(UserName="ann", Password="sixsix")


def test_users_change_their_own_passwords_when_the_policy_lets_them(account: Account):
    assert account.refused_change(GOOD, GOOD + "1") == "AccessDenied"
    account.want(**WANTED, AllowUsersToChangePassword=True)
    assert refusal(account.ann.change_password, OldPassword=GOOD, NewPassword="short") == (
        "PasswordPolicyViolation",
        "Password should have a minimum length of 12",
    )
    account.change(GOOD, GOOD + "1")
    account.ann.get_account_password_policy()
    assert refusal(account.ann.list_users)[0] == "AccessDenied"
    denied = document(deny("iam:ChangePassword"))
    account.api.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=denied)
    assert account.refused_change(GOOD + "1", GOOD + "2") == "AccessDenied"
    account.api.delete_user_policy(UserName="ann", PolicyName="p")
    account.want(**WANTED)
    assert account.refused_change(GOOD + "1", GOOD + "2") == "AccessDenied"


def test_old_passwords_are_not_taken_again(account: Account):
    account.want(AllowUsersToChangePassword=True, PasswordReusePrevention=2)
    assert account.refused_change(GOOD, GOOD) == "PasswordPolicyViolation"
    account.change(GOOD, GOOD + "1")
    assert account.refused_change(GOOD + "1", GOOD) == "PasswordPolicyViolation"
    account.change(GOOD + "1", GOOD + "2")
    account.change(GOOD + "2", GOOD)
    account.api.delete_login_profile(UserName="ann")
    for key in account.api.list_access_keys(UserName="ann")["AccessKeyMetadata"]:
        account.api.delete_access_key(UserName="ann", AccessKeyId=key["AccessKeyId"])
    account.api.delete_user(UserName="ann")


def test_the_credential_report_says_when_a_password_expires(account: Account):
    account.want(MaxPasswordAge=90)
    made = account.api.get_login_profile(UserName="ann")["LoginProfile"]["CreateDate"]
    left = datetime.fromisoformat(account.rotation()) - made
    assert 89 <= left.days <= 90
