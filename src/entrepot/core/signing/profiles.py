"""Signing profiles: made, shown, listed, canceled, revoked (AWS Signer API reference, "PutSigningProfile" and its
neighbours). Whoever puts a profile again gives it another version, with a key of its own.
"""

import secrets
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from entrepot.core import access
from entrepot.core.access import Caller
from entrepot.core.keys.vault import Vault
from entrepot.core.page import Page, cut
from entrepot.core.resource_tags import request_tags
from entrepot.core.resources import Resource, Tags
from entrepot.core.signing import authority, keys, places, platforms, tags, validity
from entrepot.core.signing.keys import NewKey
from entrepot.core.signing.places import ACTIVE, CANCELED, REVOKED, SERVICE
from entrepot.core.signing.platforms import Platform
from entrepot.db import accounts
from entrepot.db import signing_profiles as rows
from entrepot.db.database import Reader, Transaction
from entrepot.db.signing_records import Profile, Revocation, Version
from entrepot.errors import SigningInputInvalid, SigningTagsInvalid
from entrepot.spec.ulid import new_ulid

MOST: Final = 500  # of a region
_MOST_PARAMETERS: Final = 20
_LONGEST_PARAMETER: Final = 2048
_VERSION_LENGTH: Final = 10
_LETTERS: Final = string.ascii_letters + string.digits
_SCAN: Final = 200


def new_version() -> str:
    """What nobody calls a version."""
    return "".join(secrets.choice(_LETTERS) for _ in range(_VERSION_LENGTH))


@dataclass(frozen=True, slots=True)
class ProfileDraft:
    """A profile to be put; its key is of KMS where its parameters name one."""

    name: str
    platform: str
    validity: tuple[int, str] = validity.DEFAULT
    parameters: Mapping[str, str] = field(default_factory=dict)
    tags: Tags = ()
    version: str = field(default_factory=new_version)
    id: str = field(default_factory=new_ulid)


@dataclass(frozen=True, slots=True)
class Shown:
    """A profile with its tags, and what is revoked of its version."""

    profile: Profile
    tags: Mapping[str, str]
    revocation: Revocation | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which profiles are listed."""

    canceled: bool = False
    platform: str = ""
    statuses: Sequence[str] = ()


def put(tx: Transaction, caller: Caller, vault: Vault, draft: ProfileDraft) -> Profile:
    """Make a profile, or another version of one: SigningPlatformNotFound, SigningInputInvalid."""
    account = caller.principal.account
    access.require(caller, "PutSigningProfile", Resource(account, "*", SERVICE), request_tags(draft.tags))
    platform = _checked(draft)
    accounts.lock(tx, account)
    found = places.find(tx, places.named(caller, draft.name))
    profile = _new(tx, caller, draft) if found is None else _again(found, draft)
    arn = draft.parameters.get(keys.PARAMETER, "")
    key = keys.of_kms(tx, caller, platform, arn) if arn else keys.fresh(vault, platform, profile.id, profile.version)
    authority.ensure(tx, vault, account, caller.at)
    if found is None:
        rows.add(tx, profile)
    else:
        rows.change(tx, profile)
    rows.add_version(tx, _version(profile, key, caller.at))
    rows.put_tags(tx, profile.id, draft.tags)
    told = {"profileName": draft.name, "platformId": draft.platform, "signingParameters": dict(draft.parameters)}
    places.changed(tx, caller, "PutSigningProfile", told, account)
    return profile


def get(tx: Reader, caller: Caller, name: str, owner: str) -> Shown:
    """A profile of the caller's, or of the account that owns it: SigningProfileNotFound."""
    return _shown(tx, places.require(tx, caller, "GetSigningProfile", places.named(caller, name, owner)))


def list_all(tx: Reader, caller: Caller, wanted: Wanted, limit: int, after: str) -> Page[Shown]:
    """A page of the account's profiles in this region, by name; it may have fewer than there are."""
    account = caller.principal.account
    access.require(caller, "ListSigningProfiles", Resource(account, "*", SERVICE))
    found = rows.list_of(tx, account, caller.region, after, _SCAN + 1)
    fit = [each for each in found[:_SCAN] if _is_wanted(each, wanted)]
    page = cut([_shown(tx, each) for each in fit[: limit + 1]], limit, lambda each: each.profile.name)
    if page.after is None and len(found) > _SCAN:
        return Page(page.items, (found[_SCAN - 1].name,))
    return page


def cancel(tx: Transaction, caller: Caller, name: str) -> None:
    """Have a profile sign nothing any more: SigningProfileNotFound."""
    profile = places.require_locked(tx, caller, "CancelSigningProfile", places.named(caller, name))
    if profile.status == ACTIVE:
        rows.change(tx, replace(profile, status=CANCELED))
    places.changed(tx, caller, "CancelSigningProfile", {"profileName": name}, profile.account)


def revoke(tx: Transaction, caller: Caller, name: str, version: str, since: datetime, reason: str) -> None:
    """Have signatures of a version not count from then on: SigningProfileNotFound, SigningInputInvalid."""
    profile = places.require_locked(
        tx, caller, "RevokeSigningProfile", replace(places.named(caller, name), version=version)
    )
    found = rows.version(tx, profile.id, version)
    if found is None:
        raise SigningInputInvalid(reason=f"{profile.arn} has no version {version}.")
    if since > caller.at:
        raise SigningInputInvalid(reason="The effective time of a revocation cannot be in the future.")
    if found.revocation is not None and since >= found.revocation.since:
        raise SigningInputInvalid(reason=f"{profile.arn}/{version} is revoked already.")
    rows.revoke(tx, found, Revocation(since, caller.at, caller.principal.arn, reason))
    if version == profile.version:
        rows.change(tx, replace(profile, status=REVOKED, status_reason=reason))
    told = {"profileName": name, "profileVersion": version, "reason": reason, "effectiveTime": since}
    places.changed(tx, caller, "RevokeSigningProfile", told, profile.account)


def _checked(draft: ProfileDraft) -> Platform:
    platform = platforms.get(draft.platform)
    validity.check(*draft.validity)
    try:
        tags.check(draft.tags)
    except SigningTagsInvalid as wrong:
        raise SigningInputInvalid(reason=str(wrong)) from None
    if len(draft.parameters) > _MOST_PARAMETERS:
        raise SigningInputInvalid(reason=f"A profile may have {_MOST_PARAMETERS} signing parameters at most.")
    for key, value in draft.parameters.items():
        if len(key) > _LONGEST_PARAMETER or len(value) > _LONGEST_PARAMETER:
            raise SigningInputInvalid(reason=f"A signing parameter may have {_LONGEST_PARAMETER} characters at most.")
    return platform


def _new(tx: Transaction, caller: Caller, draft: ProfileDraft) -> Profile:
    account = caller.principal.account
    if rows.count(tx, account, caller.region) >= MOST:
        raise SigningInputInvalid(reason=f"There are {MOST} signing profiles in this region already.")
    return Profile(
        draft.id,
        account,
        caller.region,
        draft.name,
        draft.platform,
        draft.version,
        *draft.validity,
        draft.parameters,
        ACTIVE,
        "",
        "",
        caller.at,
    )


def _again(found: Profile, draft: ProfileDraft) -> Profile:
    if found.status == CANCELED:
        raise SigningInputInvalid(reason=f"{found.arn} is canceled; its name is not given again.")
    if found.platform != draft.platform:
        raise SigningInputInvalid(reason=f"{found.arn} is a profile of {found.platform}.")
    value, kind = draft.validity
    return replace(
        found,
        version=draft.version,
        validity=value,
        validity_type=kind,
        parameters=draft.parameters,
        status=ACTIVE,
        status_reason="",
    )


def _version(profile: Profile, key: NewKey, at: datetime) -> Version:
    return Version(profile.id, profile.version, key.sealed, key.public, key.arn, 0, 0, at)


def _is_wanted(profile: Profile, wanted: Wanted) -> bool:
    if wanted.platform and profile.platform != wanted.platform:
        return False
    if wanted.statuses:
        return profile.status in wanted.statuses
    return wanted.canceled or profile.status != CANCELED


def _shown(tx: Reader, profile: Profile) -> Shown:
    version = rows.version(tx, profile.id, profile.version)
    return Shown(profile, dict(rows.tags(tx, profile.id)), None if version is None else version.revocation)
