"""Keys: made, described, listed, switched off and on (KMS API reference, "CreateKey" and its neighbours)."""

from dataclasses import dataclass, field, replace

from entrepot.core import access
from entrepot.core.access import Caller
from entrepot.core.keys import places, policies, tags
from entrepot.core.keys.names import SERVICE
from entrepot.core.keys.places import CUSTOMER, DISABLED, ENABLED, Asked
from entrepot.core.keys.vault import SPECS, SYMMETRIC
from entrepot.core.page import Page, cut
from entrepot.core.resource_tags import request_tags
from entrepot.core.resources import Resource, Tags
from entrepot.db import accounts
from entrepot.db import keys as rows
from entrepot.db.database import Reader, Transaction
from entrepot.db.key_records import Key, Material
from entrepot.errors import KeyFeatureUnsupported, KeyQuotaExceeded

__all__ = ["Key"]

MOST = 100_000  # of a region: AWS's quota
ROTATION_DAYS = 365
_UNSUPPORTED = {"HMAC": "HMAC keys", "ML_DSA": "post-quantum keys", "ML_KEM": "post-quantum keys", "SM2": "SM2 keys"}


@dataclass(frozen=True, slots=True)
class KeyDraft:
    """A key to be made; its `usage` is '' where its spec leaves no choice."""

    id: str
    spec: str = SYMMETRIC
    usage: str = ""
    description: str = ""
    policy: str | None = None
    tags: Tags = field(default=())
    bypass: bool = False


def allow_create(caller: Caller, draft: KeyDraft) -> None:
    """AccessDenied unless the caller may make this key; KeyFeatureUnsupported, KeyTagInvalid."""
    account = caller.principal.account
    keys = {
        **request_tags(draft.tags),
        "kms:keyspec": (draft.spec,),
        "kms:keyusage": (_usage(draft),),
        "kms:keyorigin": ("AWS_KMS",),
        "kms:multiregion": ("false",),
        "kms:bypasspolicylockoutsafetycheck": (str(draft.bypass).lower(),),
    }
    access.require(caller, "CreateKey", Resource(account, "*", SERVICE), keys)
    tags.allow_new(caller, Resource(account, _arn(caller, draft), SERVICE), draft.tags)
    if draft.spec not in SPECS:
        kind = next((told for name, told in _UNSUPPORTED.items() if draft.spec.startswith(name)), draft.spec)
        raise KeyFeatureUnsupported(reason=f"{kind} are not supported here.")
    if draft.usage not in {"", _only_usage(draft)}:
        raise KeyFeatureUnsupported(reason=f"KeyUsage {draft.usage} is not supported for KeySpec {draft.spec} here.")


def create(tx: Transaction, caller: Caller, draft: KeyDraft, material: Material) -> Key:
    """Make a key: what `allow_create` raises, PolicyMalformed, KeyQuotaExceeded."""
    allow_create(caller, draft)
    account = caller.principal.account
    accounts.lock(tx, account)
    if rows.count(tx, account, caller.region) >= MOST:
        raise KeyQuotaExceeded(reason=f"There are {MOST} keys in this region already.")
    made = Key(
        draft.id,
        account,
        caller.region,
        CUSTOMER,
        draft.spec,
        _usage(draft),
        draft.description,
        ENABLED,
        policies.default(account),
        ROTATION_DAYS,
        None,
        caller.at,
    )
    if draft.policy is not None:
        made = policies.with_policy(tx, caller, made, draft.policy, bypass=draft.bypass)
    rows.add(tx, made)
    rows.add_material(tx, material)
    rows.put_tags(tx, made.id, draft.tags)
    told = {"keySpec": draft.spec, "keyUsage": made.usage, "description": draft.description, "policy": draft.policy}
    told_tags = [{"tagKey": name, "tagValue": value} for name, value in draft.tags]
    places.changed(tx, caller, "CreateKey", {**told, "tags": told_tags}, account)
    return made


def describe(tx: Reader, caller: Caller, given: str) -> tuple[Key, str]:
    """A key, and the id of its material where there is but one that encrypts: KeyNotFound."""
    key = places.require(tx, caller, given, Asked("DescribeKey"))
    return key, rows.newest(tx, key.id).id if key.spec == SYMMETRIC else ""


def list_all(tx: Reader, caller: Caller, limit: int, after: str) -> Page[Key]:
    """A page of the account's keys in this region, by id."""
    account = caller.principal.account
    access.require(caller, "ListKeys", Resource(account, "*", SERVICE))
    return cut(rows.list_of(tx, account, caller.region, after, limit + 1), limit, lambda key: key.id)


def enable(tx: Transaction, caller: Caller, given: str) -> None:
    """Let a key be used again: KeyNotFound, KeyStateInvalid."""
    _set_state(tx, caller, "EnableKey", given, ENABLED)


def disable(tx: Transaction, caller: Caller, given: str) -> None:
    """Let a key be used for nothing, until it is enabled: KeyNotFound, KeyStateInvalid."""
    _set_state(tx, caller, "DisableKey", given, DISABLED)


def set_description(tx: Transaction, caller: Caller, given: str, text: str) -> None:
    """Another description: KeyNotFound, KeyStateInvalid."""
    key = places.require_kept(places.require_locked(tx, caller, given, Asked("UpdateKeyDescription")))
    rows.change(tx, replace(key, description=text))
    places.changed(tx, caller, "UpdateKeyDescription", {"keyId": given, "description": text}, key.account)


def _set_state(tx: Transaction, caller: Caller, operation: str, given: str, state: str) -> None:
    key = places.require_kept(places.require_locked(tx, caller, given, Asked(operation)))
    rows.change(tx, replace(key, state=state))
    places.changed(tx, caller, operation, {"keyId": given}, key.account)


def _usage(draft: KeyDraft) -> str:
    return draft.usage or _only_usage(draft)


def _only_usage(draft: KeyDraft) -> str:
    return "ENCRYPT_DECRYPT" if draft.spec == SYMMETRIC else "SIGN_VERIFY"


def _arn(caller: Caller, draft: KeyDraft) -> str:
    return f"arn:aws:kms:{caller.region}:{caller.principal.account}:key/{draft.id}"
