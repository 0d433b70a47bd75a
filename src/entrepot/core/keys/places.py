"""Keys as what is acted upon: first the permission, then the existence, then the state.

A key's policy is the root of all authority over it: identity policies count where it lets its account's (KMS developer
guide, "Key policies"); a grant lets its grantee do what it names. Of a key that is not there, identity policies decide.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from entrepot.core import access, changes
from entrepot.core.access import Caller
from entrepot.core.keys import names
from entrepot.core.keys.names import SERVICE, KeyName
from entrepot.core.resources import Resource
from entrepot.core.stored_policies import compiled
from entrepot.db import key_grants as grant_rows
from entrepot.db import keys as rows
from entrepot.db.database import Reader, Transaction
from entrepot.db.key_records import Context, Grant, Key
from entrepot.errors import KeyDisabled, KeyNotFound, KeyStateInvalid
from entrepot.policy.compiled import Policy

ENABLED, DISABLED, PENDING = "Enabled", "Disabled", "PendingDeletion"
CUSTOMER, AWS = "CUSTOMER", "AWS"
Values = Mapping[str, tuple[str, ...]]
_NO_CONTEXT: Context = {}
# operations whose grants do not look at an encryption context
_WITHOUT_CONTEXT = frozenset({"CreateGrant", "DescribeKey", "GetPublicKey", "RetireGrant", "Sign", "Verify"})


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for: an operation, its encryption context and further condition keys in lower case; `via` the
    service that asks on the caller's behalf. Of grants, those count that `counts` says.
    """

    operation: str
    context: Context = field(default_factory=dict)
    keys: Values = field(default_factory=dict)
    via: str = ""
    counts: Callable[[Grant], bool] = lambda _: True


@dataclass(frozen=True, slots=True)
class Place:
    """A key as it was named; `key` is None where there is none, `told_as` how a denial names it."""

    name: KeyName
    key: Key | None
    told_as: str


def find(tx: Reader, caller: Caller, given: str) -> Place:
    """The key of an id, alias or ARN, if it is in the caller's region."""
    name = names.parse(caller, given)
    key_id = name.id
    if name.alias:
        alias = rows.alias(tx, name.account, name.region, name.alias)
        key_id = "" if alias is None else alias.key_id
    key = rows.find(tx, key_id) if key_id else None
    if key is not None and (key.account, key.region) != (name.account, caller.region):
        key = None
    return Place(name, key, name.arn)


def allow(tx: Reader, caller: Caller, place: Place, asked: Asked) -> None:
    """AccessDenied unless the caller may do this to a key, which need not exist."""
    keys = _Keys(tx, caller, place, asked)
    absent = Resource(place.name.account, place.name.arn, SERVICE, place.told_as)
    if place.key is None:
        access.require(caller, asked.operation, absent, keys)
        return
    present = _resource(tx, caller, place.key, place.told_as, asked)
    if not access.allows(caller, asked.operation, present, keys):
        access.require(caller, asked.operation, absent, keys)  # whom this denies learns nothing of the key
        access.require(caller, asked.operation, present, keys)


def require(tx: Reader, caller: Caller, given: str, asked: Asked) -> Key:
    """The key, for a caller who may do this to it: AccessDenied, then KeyNotFound."""
    place = find(tx, caller, given)
    allow(tx, caller, place, asked)
    return present(place)


def require_locked(tx: Transaction, caller: Caller, given: str, asked: Asked) -> Key:
    """`require`, held for a change."""
    place = find(tx, caller, given)
    if place.key is not None:
        place = Place(place.name, rows.lock(tx, place.key.id), place.told_as)
    allow(tx, caller, place, asked)
    return present(place)


def present(place: Place) -> Key:
    """The key of a place: KeyNotFound."""
    if place.key is not None:
        return place.key
    if place.name.alias:
        raise KeyNotFound(what=f"Alias {place.name.arn}")
    raise KeyNotFound(what=f"Key '{place.name.arn if place.name.id else place.name.given[:256]}'")


def require_enabled(key: Key) -> Key:
    """The key, if it can be used: KeyDisabled, KeyStateInvalid."""
    if key.state == DISABLED:
        raise KeyDisabled(arn=key.arn)
    return require_kept(key)


def require_kept(key: Key) -> Key:
    """The key, unless it is about to be deleted: KeyStateInvalid."""
    if key.state == PENDING:
        raise KeyStateInvalid(arn=key.arn, state="pending deletion")
    return key


def allows(rights: Caller, key: Key, operation: str, policy: str) -> bool:
    """Whether a policy, were it the key's, would let the caller do this to it."""
    resource = Resource(key.account, key.arn, SERVICE, policies=(compiled("the key policy", policy),), must_name=True)
    return access.allows(rights, operation, resource, {"kms:calleraccount": (rights.principal.account,)})


def changed(tx: Transaction, caller: Caller, operation: str, parameters: Mapping[str, object], account: str) -> None:
    """Tell the audit of a change of what an account has."""
    changes.audit(tx, caller, operation, parameters, account=account, region=caller.region, service=SERVICE)


def _resource(tx: Reader, caller: Caller, key: Key, told_as: str, asked: Asked) -> Resource:
    policies = [compiled(f"the key policy of {key.id}", key.policy)]
    policies += [
        _policy(grant) for grant in _grants(tx, caller, key, asked) if _applies(grant, asked) and asked.counts(grant)
    ]
    return Resource(
        key.account,
        key.arn,
        SERVICE,
        told_as,
        policies=tuple(policies),
        tags=lambda: rows.tags(tx, key.id),
        must_name=True,
    )


def _grants(tx: Reader, caller: Caller, key: Key, asked: Asked) -> Sequence[Grant]:
    """The grants to whom the caller is, but for those that the context leaves out."""
    principal = caller.principal
    root = f"arn:aws:iam::{principal.account}:root"
    if asked.operation in _WITHOUT_CONTEXT:
        return grant_rows.of_grantee(tx, key.id, principal.id, principal.arn, root)
    return grant_rows.in_context(tx, key.id, principal.id, principal.arn, root, asked.context)


def _applies(grant: Grant, asked: Asked) -> bool:
    if asked.operation not in grant.operations:
        return False
    if asked.operation in _WITHOUT_CONTEXT:
        return True
    wanted = grant.constraints
    if "EncryptionContextEquals" in wanted:
        return dict(asked.context) == dict(wanted["EncryptionContextEquals"])
    return wanted.get("EncryptionContextSubset", _NO_CONTEXT).items() <= dict(asked.context).items()


def _policy(grant: Grant) -> Policy:
    """A grant as a policy: it names its grantee as closely as a key's policy would."""
    kind = "Service" if grant.grantee.endswith(".amazonaws.com") else "AWS"
    statement = {
        "Effect": "Allow",
        "Principal": {kind: grant.grantee},
        "Action": [f"kms:{name}" for name in grant.operations],
        "Resource": "*",
    }
    text = msgspec.json.encode({"Version": "2012-10-17", "Statement": [statement]}).decode()
    return compiled(f"the grant {grant.id}", text)


class _Keys:
    """The condition keys of a request on a key, read when a policy asks."""

    __slots__ = ("_given", "_key", "_tx")

    def __init__(self, tx: Reader, caller: Caller, place: Place, asked: Asked) -> None:
        given: dict[str, tuple[str, ...]] = {
            "kms:calleraccount": (caller.principal.account,),
            "kms:viaservice": (f"{asked.via}.{caller.region}.amazonaws.com",) if asked.via else (),
            "kms:requestalias": (place.name.alias,) if place.name.alias else (),
            "kms:encryptioncontextkeys": tuple(asked.context),
            **{f"kms:encryptioncontext:{name.lower()}": (value,) for name, value in asked.context.items()},
            **asked.keys,
        }
        if place.key is not None:
            given |= {
                "kms:keyspec": (place.key.spec,),
                "kms:keyusage": (place.key.usage,),
                "kms:keyorigin": ("AWS_KMS",),
                "kms:multiregion": ("false",),
            }
        self._given, self._key, self._tx = given, place.key, tx

    def get(self, key: str, /) -> tuple[str, ...] | None:
        """The values of a key, None where there are none."""
        if key == "kms:resourcealiases" and self._key is not None:
            return tuple(alias.name for alias in rows.aliases_of(self._tx, self._key.id)) or None
        return self._given.get(key) or None
