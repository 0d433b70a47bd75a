"""Key policies: the one of each key, without which nobody may use it (KMS developer guide, "Key policies in KMS")."""

import json
from dataclasses import replace

from entrepot.core import named_principals
from entrepot.core.access import Caller
from entrepot.core.keys import places
from entrepot.core.keys.places import Asked
from entrepot.core.named_principals import PrincipalUnknown
from entrepot.db import keys as rows
from entrepot.db.database import Reader, Transaction
from entrepot.db.key_records import Key
from entrepot.errors import KeyNotFound, PolicyMalformed
from entrepot.policy import document
from entrepot.policy.rules import LIMITS
from entrepot.policy.structure import Kind, Wrong

NAME = "default"
_LOCKED_OUT = "The new key policy will not allow you to update the key policy in the future."
_READ = ["kms:DescribeKey"]
_UNKNOWN = "Policy contains a statement with one or more invalid principals."


def default(account: str) -> str:
    """The policy of a key that is made without one: its account's identity policies decide."""
    statement = {
        "Sid": "Enable IAM User Permissions",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    return json.dumps({"Version": "2012-10-17", "Id": "key-default-1", "Statement": [statement]}, indent=2)


def of_service(account: str, region: str, service: str) -> str:
    """The policy of a key that the account has for a service: it is used through that service alone."""
    used = {
        "Sid": f"Allow access through {service} for all principals in the account that are authorized to use it",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant", *_READ],
        "Resource": "*",
        "Condition": {
            "StringEquals": {"kms:CallerAccount": account, "kms:ViaService": f"{service}.{region}.amazonaws.com"}
        },
    }
    read = {
        "Sid": "Allow direct access to key metadata to the account",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": ["kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"],
        "Resource": "*",
    }
    return json.dumps({"Version": "2012-10-17", "Id": f"auto-{service}-1", "Statement": [used, read]}, indent=2)


def put(tx: Transaction, caller: Caller, given: str, text: str, name: str, *, bypass: bool) -> None:
    """Replace a key's policy; `bypass` lets the caller lock itself out.

    KeyNotFound, PolicyMalformed, KeyStateInvalid.
    """
    keys = {"kms:bypasspolicylockoutsafetycheck": (str(bypass).lower(),)}
    key = places.require_locked(tx, caller, given, Asked("PutKeyPolicy", keys=keys))
    places.require_kept(key)
    _require_default(name)
    rows.change(tx, with_policy(tx, caller, key, text, bypass=bypass))
    told = {"keyId": given, "policyName": NAME, "policy": text, "bypassPolicyLockoutSafetyCheck": bypass}
    places.changed(tx, caller, "PutKeyPolicy", told, key.account)


def get(tx: Reader, caller: Caller, given: str, name: str) -> str:
    """A key's policy: KeyNotFound."""
    key = places.require(tx, caller, given, Asked("GetKeyPolicy"))
    _require_default(name)
    return named_principals.shown(tx, key.policy)


def list_names(tx: Reader, caller: Caller, given: str) -> tuple[str, ...]:
    """The names of a key's policies, of which there is one: KeyNotFound."""
    places.require(tx, caller, given, Asked("ListKeyPolicies"))
    return (NAME,)


def with_policy(tx: Transaction, caller: Caller, key: Key, text: str, *, bypass: bool) -> Key:
    """The key with another policy: PolicyMalformed. Not authorised here."""
    kept = _kept(tx, text)
    if not bypass and not places.allows(caller, key, "PutKeyPolicy", kept):
        raise PolicyMalformed(reason=_LOCKED_OUT)
    return replace(key, policy=kept)


def _kept(tx: Transaction, text: str) -> str:
    try:
        document.checked(text, Kind.KEY)
        kept = named_principals.stored(tx, text)
    except Wrong as wrong:
        raise PolicyMalformed(reason=str(wrong)) from None
    except PrincipalUnknown:
        raise PolicyMalformed(reason=_UNKNOWN) from None
    if document.size(text) > LIMITS[Kind.KEY]:
        raise PolicyMalformed(reason=f"A key policy may have {LIMITS[Kind.KEY]} characters at most.")
    return kept


def _require_default(name: str) -> None:
    if name != NAME:
        raise KeyNotFound(what=f"Key policy '{name[:128]}'")
