"""Who else may use a signing profile: statements, one at a time (AWS Signer API reference, "AddProfilePermission")."""

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from entrepot.core import named_principals
from entrepot.core.access import Caller
from entrepot.core.named_principals import PrincipalUnknown
from entrepot.core.signing import places
from entrepot.db import signing_profiles as rows
from entrepot.db.database import Reader, Transaction
from entrepot.db.signing_records import Permission, Profile
from entrepot.errors import (
    SigningInputInvalid,
    SigningPermissionConflict,
    SigningPermissionNotFound,
    SigningPermissionsTooMany,
)

__all__ = ["Permission"]

ACTIONS: Final = ("signer:GetSigningProfile", "signer:RevokeSignature", "signer:SignPayload", "signer:StartSigningJob")
MOST: Final = 100
_STATEMENT = re.compile(r"[a-zA-Z0-9-_]{1,64}")


@dataclass(frozen=True, slots=True)
class Shown:
    """A profile's permissions as their readers see them, and how large they are as a policy."""

    profile: Profile
    permissions: Sequence[Permission]
    size: int


def add(tx: Transaction, caller: Caller, name: str, new: Permission, revision: str) -> str:
    """Let somebody do something; the revision of what stands now. SigningProfileNotFound, SigningInputInvalid,
    SigningPermissionConflict when it is another than `revision`, SigningPermissionsTooMany.
    """
    profile = places.require_locked(tx, caller, "AddProfilePermission", places.named(caller, name))
    _check(tx, profile, new)
    present = rows.permissions(tx, profile.id)
    _require_revision(profile, revision)
    if any(each.statement_id == new.statement_id for each in present):
        raise SigningPermissionConflict(reason=f"The statement {new.statement_id} exists already.")
    if len(present) >= MOST:
        raise SigningPermissionsTooMany(limit=MOST)
    rows.add_permission(tx, profile.id, replace(new, principal=_kept(tx, new.principal)))
    told = {"profileName": name, "action": new.action, "principal": new.principal, "statementId": new.statement_id}
    return _revised(tx, caller, "AddProfilePermission", profile, told)


def list_of(tx: Reader, caller: Caller, name: str) -> Shown:
    """All of them: SigningProfileNotFound."""
    profile = places.require(tx, caller, "ListProfilePermissions", places.named(caller, name))
    kept = rows.permissions(tx, profile.id)
    told = [replace(each, principal=named_principals.told(tx, each.principal)) for each in kept]
    return Shown(profile, told, len(places.policy_text(told).encode()) if told else 0)


def remove(tx: Transaction, caller: Caller, name: str, statement_id: str, revision: str) -> str:
    """Let them do it no more; the revision of what stands now: SigningProfileNotFound, SigningPermissionNotFound,
    SigningPermissionConflict.
    """
    profile = places.require_locked(tx, caller, "RemoveProfilePermission", places.named(caller, name))
    _require_revision(profile, revision)
    if not rows.remove_permission(tx, profile.id, statement_id):
        raise SigningPermissionNotFound(name=profile.arn, statement=statement_id[:64])
    told = {"profileName": name, "statementId": statement_id, "revisionId": revision}
    return _revised(tx, caller, "RemoveProfilePermission", profile, told)


def _check(tx: Reader, profile: Profile, new: Permission) -> None:
    if new.action not in ACTIONS:
        raise SigningInputInvalid(reason=f"The action must be one of {', '.join(ACTIONS)}.")
    if not _STATEMENT.fullmatch(new.statement_id):
        raise SigningInputInvalid(reason="A statement's id has up to 64 letters, digits, hyphens and underscores.")
    if new.version and rows.version(tx, profile.id, new.version) is None:
        raise SigningInputInvalid(reason=f"{profile.arn} has no version {new.version}.")


def _kept(tx: Reader, principal: str) -> str:
    try:
        return named_principals.kept(tx, principal)
    except PrincipalUnknown:
        raise SigningInputInvalid(reason=f"There is no principal '{principal[:256]}'.") from None


def _require_revision(profile: Profile, revision: str) -> None:
    if revision not in ("", profile.revision):
        raise SigningPermissionConflict(reason=f"The permissions are those of another revision than {revision[:64]}.")


def _revised(tx: Transaction, caller: Caller, operation: str, profile: Profile, told: dict[str, str]) -> str:
    """Another revision: of a request's own id, so that one that runs twice repeats it."""
    revision = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{caller.request_id}/{msgspec.json.encode(told).decode()}"))
    rows.change(tx, replace(profile, revision=revision))
    places.changed(tx, caller, operation, told, profile.account)
    return revision
