"""Passwords of users, for the console's sign-in; argon2id, made and checked outside the unit of work."""

from dataclasses import dataclass, replace

from entrepot.core import entities, password_policies, users
from entrepot.core.access import Caller
from entrepot.core.entities import USER
from entrepot.core.password_policies import PasswordPolicy
from entrepot.db import accounts
from entrepot.db import password_policies as policy_rows
from entrepot.db import sign_ins as rows
from entrepot.db.database import Transaction
from entrepot.db.identity_records import Entity, LoginProfile
from entrepot.errors import EntityAlreadyExists, EntityNotFound, PasswordRefused, PasswordsForUsersOnly
from entrepot.seal import passwords

__all__ = ["LoginProfile"]


@dataclass(frozen=True, slots=True)
class OwnPassword:
    """The calling user's password: `before` are those that may not be taken again, the present one the first."""

    profile: LoginProfile
    policy: PasswordPolicy
    before: tuple[str, ...]


def hashed(policy: PasswordPolicy, password: str) -> str:
    """A password as it is stored: PasswordRefused for one that the account's policy does not take. Takes tens of
    milliseconds.
    """
    password_policies.check(policy, password)
    return passwords.hashed(password)


def create(
    tx: Transaction, caller: Caller, user: str, password: str, *, reset_required: bool
) -> tuple[Entity, LoginProfile]:
    """Give a user a first password, hashed: (whose, profile); EntityAlreadyExists."""
    found = entities.require_locked(tx, caller, "CreateLoginProfile", USER, user)
    if rows.find_login(tx, found.id) is not None:
        raise EntityAlreadyExists(entity=f"Login Profile for user {user}")
    made = LoginProfile(found.id, password, reset_required, caller.at, caller.at)
    rows.add_login(tx, made)
    entities.changed(tx, caller, "CreateLoginProfile", {"userName": user, "passwordResetRequired": reset_required})
    return found, made


def get(tx: Transaction, caller: Caller, user: str | None) -> tuple[Entity, LoginProfile]:
    """(whose, profile) of a user, by default the caller: EntityNotFound."""
    found = users.require_named_or_self(tx, caller, "GetLoginProfile", user)
    return found, _present(rows.find_login(tx, found.id), found)


def update(tx: Transaction, caller: Caller, user: str, password: str | None, *, reset_required: bool | None) -> None:
    """Another password, hashed, or whether it must be changed at the next sign-in: EntityNotFound."""
    found = entities.require_locked(tx, caller, "UpdateLoginProfile", USER, user)
    present = _present(rows.find_login(tx, found.id), found)
    changed = replace(
        present,
        password=password or present.password,
        reset_required=present.reset_required if reset_required is None else reset_required,
        changed_at=caller.at if password else present.changed_at,
    )
    if password:
        _keep(tx, caller, present)
    rows.set_login(tx, found.id, changed.password, changed.changed_at, reset_required=changed.reset_required)
    told = {"userName": user, "passwordResetRequired": reset_required}
    entities.changed(tx, caller, "UpdateLoginProfile", told)


def delete(tx: Transaction, caller: Caller, user: str) -> None:
    """Take a user's password away: EntityNotFound when there is none."""
    found = entities.require_locked(tx, caller, "DeleteLoginProfile", USER, user)
    _present(rows.find_login(tx, found.id), found)
    policy_rows.forget_old(tx, found.id)
    rows.remove_login(tx, found.id)
    entities.changed(tx, caller, "DeleteLoginProfile", {"userName": user})


def own(tx: Transaction, caller: Caller) -> OwnPassword:
    """The calling user's own password: PasswordsForUsersOnly, EntityNotFound; PasswordRefused for who is too late."""
    if caller.principal.kind != "user":
        raise PasswordsForUsersOnly
    found = users.require_named_or_self(tx, caller, "ChangePassword", None)
    profile, policy = _present(rows.find_login(tx, found.id), found), password_policies.in_force(tx, found.account)
    password_policies.require_in_time(policy, profile, caller.at)
    if policy.reuse_prevention is None:
        return OwnPassword(profile, policy, ())
    return OwnPassword(profile, policy, (profile.password, *policy_rows.old(tx, found.id, policy.reuse_prevention - 1)))


def require_password(known: OwnPassword, password: str) -> None:
    """PasswordRefused unless this is the present password. Takes tens of milliseconds."""
    if not passwords.fits(known.profile.password, password):
        raise PasswordRefused(reason="The old password was incorrect.")


def require_new(known: OwnPassword, password: str) -> None:
    """PasswordRefused for a password that may not be taken again. Takes tens of milliseconds for each of those."""
    if any(passwords.fits(each, password) for each in known.before):
        raise PasswordRefused(reason="Password has been used before; choose another.")


def change(tx: Transaction, caller: Caller, known: OwnPassword, password: str) -> None:
    """The calling user's own password, from the one that was checked to another, hashed: PasswordRefused."""
    accounts.lock(tx, caller.principal.account)
    if own(tx, caller).profile != known.profile:
        raise PasswordRefused(reason="The password was changed meanwhile.")
    _keep(tx, caller, known.profile)
    rows.set_login(tx, known.profile.user_id, password, caller.at, reset_required=False)
    entities.changed(tx, caller, "ChangePassword", {})


def _keep(tx: Transaction, caller: Caller, replaced: LoginProfile) -> None:
    """Remember a password that goes, where its reuse is prevented."""
    if password_policies.in_force(tx, caller.principal.account).reuse_prevention is not None:
        policy_rows.add_old(tx, replaced.user_id, replaced.password, caller.at)


def _present(found: LoginProfile | None, user: Entity) -> LoginProfile:
    if found is None:
        raise EntityNotFound(entity=f"Login Profile for User {user.name}")
    return found
