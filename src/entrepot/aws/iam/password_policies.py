"""Operations on what an account wants of passwords."""

from collections.abc import Mapping

from entrepot.aws.iam.shown import Output
from entrepot.aws.protocol.call import Call
from entrepot.core import password_policies
from entrepot.core.password_policies import PasswordPolicy

_LEAST_LENGTH = 6  # where a policy does not say
_CLASSES: Mapping[str, str] = {
    "RequireSymbols": "symbol",
    "RequireNumbers": "number",
    "RequireUppercaseCharacters": "uppercase letter",
    "RequireLowercaseCharacters": "lowercase letter",
}


async def update_account_password_policy(call: Call) -> Output:
    """UpdateAccountPasswordPolicy: what is left out is as if nothing had ever been set."""
    given = call.input
    policy = PasswordPolicy(
        given.get("MinimumPasswordLength", _LEAST_LENGTH),
        tuple(name for member, name in _CLASSES.items() if given.get(member)),
        given.get("AllowUsersToChangePassword", False),
        given.get("MaxPasswordAge"),
        given.get("PasswordReusePrevention"),
        given.get("HardExpiry", False),
    )
    await call.core.units.write(password_policies.put, call.caller, policy)
    return {}


async def get_account_password_policy(call: Call) -> Output:
    """GetAccountPasswordPolicy."""
    found = await call.core.units.read(password_policies.get, call.caller)
    return {
        "PasswordPolicy": {
            "MinimumPasswordLength": found.minimum_length,
            **{member: name in found.classes for member, name in _CLASSES.items()},
            "AllowUsersToChangePassword": found.users_may_change,
            "ExpirePasswords": found.max_age_days is not None,
            "MaxPasswordAge": found.max_age_days,
            "PasswordReusePrevention": found.reuse_prevention,
            "HardExpiry": found.hard_expiry,
        }
    }


async def delete_account_password_policy(call: Call) -> Output:
    """DeleteAccountPasswordPolicy."""
    await call.core.units.write(password_policies.delete, call.caller)
    return {}
