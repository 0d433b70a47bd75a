"""Grants (KMS developer guide, "Grants in KMS"): what somebody may do with a key beside its policy, until the grant is
retired or revoked. They are in force at once; a grant token only names one.
"""

import re
from dataclasses import dataclass, field
from functools import partial

from entrepot.core import access, named_principals
from entrepot.core.access import Caller
from entrepot.core.keys import places
from entrepot.core.keys.names import SERVICE, KeyName
from entrepot.core.keys.places import Asked, Place
from entrepot.core.keys.vault import SYMMETRIC
from entrepot.core.named_principals import PrincipalUnknown
from entrepot.core.page import Page, cut
from entrepot.core.resources import Resource
from entrepot.db import key_grants as rows
from entrepot.db import keys as key_rows
from entrepot.db.database import Reader, Transaction
from entrepot.db.key_records import Context, Grant, Key
from entrepot.errors import GrantNotFound, GrantPrincipalInvalid, KeyDryRun, KeyQuotaExceeded, ParameterInvalid

MOST = 50_000  # of a key: AWS's quota
_BOTH = frozenset({"CreateGrant", "DescribeKey", "RetireGrant"})
_OF_SYMMETRIC = frozenset(
    {"Decrypt", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo"}
)
_OF_PAIRS = frozenset({"GetPublicKey", "Sign", "Verify"})
_HIDDEN = "the resource associated with this grant"
_BATCH = 1000
_ID = re.compile(r"[0-9a-f]{64}")
_ROOT = "arn:aws:iam::{}:root"


@dataclass(frozen=True, slots=True)
class GrantDraft:
    """A grant to be made: to an ARN, or to a service by its name."""

    id: str
    grantee: str
    operations: tuple[str, ...]
    retiree: str = ""
    constraints: dict[str, Context] = field(default_factory=dict)
    name: str = ""


@dataclass(frozen=True, slots=True)
class ShownGrant:
    """A grant with its key, its principals by ARN."""

    grant: Grant
    key: Key
    grantee: str
    retiree: str


def create(tx: Transaction, caller: Caller, given: str, draft: GrantDraft, *, dry: bool = False, via: str = "") -> str:
    """Make a grant, or find the same under its name; its id: KeyNotFound, KeyDisabled, KeyStateInvalid,
    GrantPrincipalInvalid, KeyQuotaExceeded. Who may make it by a grant alone may give on no more than that has.
    """
    asked = Asked("CreateGrant", keys=_keys(draft, via), via=via, counts=partial(_covers, draft))
    key = places.require_enabled(places.require_locked(tx, caller, given, asked))
    made = _made(tx, caller, key, draft)
    if dry:
        raise KeyDryRun
    for known in rows.named(tx, key.id, draft.name):
        if _content(known) == _content(made):
            return known.id
    if rows.count(tx, key.id) >= MOST:
        raise KeyQuotaExceeded(reason=f"{key.arn} has {MOST} grants already.")
    rows.add(tx, made)
    places.changed(tx, caller, "CreateGrant", _told(given, draft), key.account)
    return made.id


def list_of(
    tx: Reader, caller: Caller, given: str, wanted: tuple[str, str], limit: int, after: str
) -> Page[ShownGrant]:
    """A page of a key's grants, by id; only that of the wanted id, to the wanted grantee, where these are given:
    KeyNotFound, KeyStateInvalid.
    """
    key = places.require_kept(places.require(tx, caller, given, Asked("ListGrants")))
    grant_id, grantee = wanted[0], _kept_or_given(tx, wanted[1]) if wanted[1] else ""
    found: list[Grant] = []
    while len(found) <= limit:
        batch = rows.list_of(tx, key.id, after, _BATCH)
        found += [each for each in batch if grant_id in {"", each.id} and grantee in {"", each.grantee}]
        if len(batch) < _BATCH:
            break
        after = batch[-1].id
    page = cut(found, limit, lambda each: each.id)
    return Page(tuple(_shown(tx, each, key) for each in page.items), page.after)


def list_retirable(tx: Reader, caller: Caller, retiree: str, limit: int, after: str) -> Page[ShownGrant]:
    """A page of the grants on the account's keys in this region that somebody may retire, by id."""
    account = caller.principal.account
    access.require(caller, "ListRetirableGrants", Resource(account, "*", SERVICE))
    kept = _kept_or_given(tx, retiree)
    found = rows.of_retiree(tx, account, caller.region, kept, after, limit + 1)
    keys = {each.key_id: key_rows.find(tx, each.key_id) for each in found}
    shown = [_shown(tx, each, key) for each in found if (key := keys[each.key_id]) is not None]
    return cut(shown, limit, lambda each: each.grant.id)


def revoke(tx: Transaction, caller: Caller, given: str, grant_id: str, *, dry: bool = False) -> None:
    """End a grant, for who manages the key: KeyNotFound, GrantNotFound, KeyStateInvalid."""
    key = places.require_kept(places.require_locked(tx, caller, given, Asked("RevokeGrant")))
    found = _find(tx, grant_id)
    if found is None or found.key_id != key.id:
        raise GrantNotFound(id=grant_id[:128])
    _remove(tx, caller, "RevokeGrant", found, key, dry=dry)


def retire(tx: Transaction, caller: Caller, given: str, grant_id: str, *, dry: bool = False) -> None:
    """End a grant, for who was to end it: its retiring principal, its grantee where it may, or who the key's policy
    lets: KeyNotFound, GrantNotFound, KeyStateInvalid. `given` is '' where a token named the grant.
    """
    found = _find(tx, grant_id)
    place = places.find(tx, caller, given) if given else _of_grant(tx, caller, found)
    if found is not None and (place.key is None or place.key.id != found.key_id):
        found = None
    if found is None or not _is_retiree(caller, found):
        asked = Asked("RetireGrant", counts=lambda each: found is not None and each.id == found.id)
        places.allow(tx, caller, place, asked)
    key = places.require_kept(places.present(place))
    if found is None:
        raise GrantNotFound(id=grant_id[:128])
    _remove(tx, caller, "RetireGrant", found, key, dry=dry)


def end_named(tx: Transaction, caller: Caller, key_id: str, name: str) -> None:
    """Retire what a service had granted to itself under a name, in whatever state the key is."""
    for found in rows.named(tx, key_id, name):
        key = key_rows.find(tx, key_id)
        if key is not None:
            _end(tx, caller, "RetireGrant", found, key)


def _find(tx: Reader, grant_id: str) -> Grant | None:
    return rows.find(tx, grant_id) if _ID.fullmatch(grant_id) else None


def _remove(tx: Transaction, caller: Caller, operation: str, found: Grant, key: Key, *, dry: bool) -> None:
    if dry:
        raise KeyDryRun
    _end(tx, caller, operation, found, key)


def _end(tx: Transaction, caller: Caller, operation: str, found: Grant, key: Key) -> None:
    rows.remove(tx, found.id)
    places.changed(tx, caller, operation, {"keyId": key.arn, "grantId": found.id}, key.account)


def _of_grant(tx: Reader, caller: Caller, found: Grant | None) -> Place:
    """The key of a grant, if it is here; whom it denies learns no more than where it is not."""
    key = None if found is None else key_rows.find(tx, found.key_id)
    if key is not None and key.region != caller.region:
        key = None
    return Place(KeyName("", caller.region, "*", "*"), key, _HIDDEN)


def _is_retiree(caller: Caller, found: Grant) -> bool:
    """Whether the caller is the retiring principal; an account's root is all that was named by it."""
    principal = caller.principal
    return found.retiree != "" and found.retiree in {principal.id, principal.arn, principal.behind}


def _made(tx: Transaction, caller: Caller, key: Key, draft: GrantDraft) -> Grant:
    possible = _BOTH | (_OF_SYMMETRIC if key.spec == SYMMETRIC else _OF_PAIRS)
    for name in draft.operations:
        if name not in possible:
            raise ParameterInvalid(parameter="operations", reason=f"{name} is no operation of a key of {key.spec}")
    return Grant(
        draft.id,
        key.id,
        draft.name,
        _kept(tx, draft.grantee),
        _kept(tx, draft.retiree) if draft.retiree else "",
        tuple(sorted(set(draft.operations))),
        draft.constraints,
        caller.principal.account,
        caller.at,
    )


def _covers(draft: GrantDraft, parent: Grant) -> bool:
    """Whether a grant that lets its grantee give on covers what is to be given."""
    same = not parent.constraints or parent.constraints == draft.constraints
    return same and set(draft.operations) <= set(parent.operations)


def _content(grant: Grant) -> tuple[object, ...]:
    return grant.grantee, grant.retiree, grant.operations, grant.constraints


def _keys(draft: GrantDraft, via: str) -> dict[str, tuple[str, ...]]:
    return {
        "kms:grantoperations": draft.operations,
        "kms:granteeprincipal": (draft.grantee,),
        "kms:retiringprincipal": (draft.retiree,) if draft.retiree else (),
        "kms:grantconstrainttype": tuple(draft.constraints),
        "kms:grantisforawsresource": ("true" if via else "false",),
    }


def _kept(tx: Transaction, principal: str) -> str:
    """A principal as it is kept: GrantPrincipalInvalid."""
    if principal.endswith(".amazonaws.com"):
        return principal
    named = _ROOT.format(principal) if principal.isdigit() else principal
    try:
        return named_principals.kept(tx, named)
    except PrincipalUnknown:
        raise GrantPrincipalInvalid(principal=principal[:256]) from None


def _kept_or_given(tx: Reader, principal: str) -> str:
    """The same for a search, which finds nothing of who is not there."""
    try:
        return principal if principal.endswith(".amazonaws.com") else named_principals.kept(tx, principal)
    except PrincipalUnknown:
        return principal


def _shown(tx: Reader, grant: Grant, key: Key) -> ShownGrant:
    retiree = named_principals.told(tx, grant.retiree) if grant.retiree else ""
    return ShownGrant(grant, key, named_principals.told(tx, grant.grantee), retiree)


def _told(given: str, draft: GrantDraft) -> dict[str, object]:
    return {
        "keyId": given,
        "granteePrincipal": draft.grantee,
        "retiringPrincipal": draft.retiree or None,
        "operations": list(draft.operations),
        "constraints": draft.constraints or None,
        "name": draft.name or None,
    }
