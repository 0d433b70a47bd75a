"""What an account wants of its users' passwords (IAM user guide, "Set an account password policy"): how long, of which
characters, for how long, and whether users may change their own.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from entrepot.core import entities
from entrepot.core.access import Caller
from entrepot.db import accounts
from entrepot.db import password_policies as rows
from entrepot.db.database import Transaction
from entrepot.db.identity_records import LoginProfile, PasswordPolicy
from entrepot.errors import EntityNotFound, PasswordRefused

__all__ = ["PasswordPolicy"]

DEFAULT = PasswordPolicy(8, (), users_may_change=False, max_age_days=None, reuse_prevention=None, hard_expiry=False)
CLASSES: Mapping[str, re.Pattern[str]] = {
    "symbol": re.compile(r"[!@#$%^&*()_+\-=\[\]{}|']"),
    "number": re.compile("[0-9]"),
    "uppercase letter": re.compile("[A-Z]"),
    "lowercase letter": re.compile("[a-z]"),
}


def put(tx: Transaction, caller: Caller, policy: PasswordPolicy) -> None:
    """Set the account's policy, all of it; passwords that there are stay."""
    entities.allow_account(caller, "UpdateAccountPasswordPolicy")
    account = caller.principal.account
    accounts.lock(tx, account)
    rows.put(tx, account, policy)
    told = {
        "minimumPasswordLength": policy.minimum_length,
        "required": list(policy.classes),
        "allowUsersToChangePassword": policy.users_may_change,
        "maxPasswordAge": policy.max_age_days,
        "passwordReusePrevention": policy.reuse_prevention,
        "hardExpiry": policy.hard_expiry,
    }
    entities.changed(tx, caller, "UpdateAccountPasswordPolicy", told)


def get(tx: Transaction, caller: Caller) -> PasswordPolicy:
    """The account's policy: EntityNotFound when none was set."""
    entities.allow_account(caller, "GetAccountPasswordPolicy")
    found = rows.find(tx, caller.principal.account)
    if found is None:
        raise _absent(caller)
    return found


def delete(tx: Transaction, caller: Caller) -> None:
    """Forget the account's policy: EntityNotFound when none was set."""
    entities.allow_account(caller, "DeleteAccountPasswordPolicy")
    account = caller.principal.account
    accounts.lock(tx, account)
    if not rows.remove(tx, account):
        raise _absent(caller)
    entities.changed(tx, caller, "DeleteAccountPasswordPolicy", {})


def in_force(tx: Transaction, account: str) -> PasswordPolicy:
    """What holds for an account: its policy, or what holds where none was set."""
    return rows.find(tx, account) or DEFAULT


def check(policy: PasswordPolicy, password: str) -> None:
    """PasswordRefused for a password that is too short or lacks a kind of characters."""
    if len(password) < policy.minimum_length:
        raise PasswordRefused(reason=f"Password should have a minimum length of {policy.minimum_length}")
    for name in policy.classes:
        if not CLASSES[name].search(password):
            raise PasswordRefused(reason=f"Password should have at least one {name}")


def expires_at(policy: PasswordPolicy, profile: LoginProfile) -> datetime | None:
    """When a password must have been changed."""
    return None if policy.max_age_days is None else profile.changed_at + timedelta(days=policy.max_age_days)


def require_in_time(policy: PasswordPolicy, profile: LoginProfile, now: datetime) -> None:
    """PasswordRefused for who comes too late to change a password that has expired."""
    expires = expires_at(policy, profile)
    if policy.hard_expiry and expires is not None and expires <= now:
        raise PasswordRefused(reason="The password has expired; an administrator must set another.")


def _absent(caller: Caller) -> EntityNotFound:
    return EntityNotFound(entity=f"The Password Policy with domain name {caller.principal.account}")
