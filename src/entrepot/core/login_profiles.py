"""Passwords of users, for the console's sign-in; argon2id, made and checked outside the unit of work."""

from dataclasses import replace

from entrepot.core import entities, users
from entrepot.core.access import Caller
from entrepot.core.entities import USER
from entrepot.db import accounts
from entrepot.db import sign_ins as rows
from entrepot.db.database import Transaction
from entrepot.db.identity_records import Entity, LoginProfile
from entrepot.errors import EntityAlreadyExists, EntityNotFound, PasswordRefused, PasswordsForUsersOnly
from entrepot.seal import passwords

__all__ = ["LoginProfile"]

LEAST_LENGTH = 8


def hashed(password: str) -> str:
    """A password as it is stored: PasswordRefused for one that is too short. Takes tens of milliseconds."""
    if len(password) < LEAST_LENGTH:
        raise PasswordRefused(reason=f"Password should have a minimum length of {LEAST_LENGTH}")
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
    rows.set_login(tx, found.id, changed.password, changed.changed_at, reset_required=changed.reset_required)
    told = {"userName": user, "passwordResetRequired": reset_required}
    entities.changed(tx, caller, "UpdateLoginProfile", told)


def delete(tx: Transaction, caller: Caller, user: str) -> None:
    """Take a user's password away: EntityNotFound when there is none."""
    found = entities.require_locked(tx, caller, "DeleteLoginProfile", USER, user)
    _present(rows.find_login(tx, found.id), found)
    rows.remove_login(tx, found.id)
    entities.changed(tx, caller, "DeleteLoginProfile", {"userName": user})


def own(tx: Transaction, caller: Caller) -> LoginProfile:
    """The calling user's own password: PasswordsForUsersOnly, EntityNotFound."""
    if caller.principal.kind != "user":
        raise PasswordsForUsersOnly
    found = users.require_named_or_self(tx, caller, "ChangePassword", None)
    return _present(rows.find_login(tx, found.id), found)


def require_password(profile: LoginProfile, password: str) -> None:
    """PasswordRefused unless this is the profile's password. Takes tens of milliseconds."""
    if not passwords.fits(profile.password, password):
        raise PasswordRefused(reason="The old password was incorrect.")


def change(tx: Transaction, caller: Caller, known: LoginProfile, password: str) -> None:
    """The calling user's own password, from the one that was checked to another, hashed: PasswordRefused."""
    accounts.lock(tx, caller.principal.account)
    if own(tx, caller) != known:
        raise PasswordRefused(reason="The password was changed meanwhile.")
    rows.set_login(tx, known.user_id, password, caller.at, reset_required=False)
    entities.changed(tx, caller, "ChangePassword", {})


def _present(found: LoginProfile | None, user: Entity) -> LoginProfile:
    if found is None:
        raise EntityNotFound(entity=f"Login Profile for User {user.name}")
    return found
