"""Secrets: made, described, changed, deleted and restored (Secrets Manager API reference, "CreateSecret" and its
neighbours). A deleted one waits, and its name with it, until its recovery window has ended.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from entrepot.core import access
from entrepot.core.access import Caller
from entrepot.core.keys.vault import Vault
from entrepot.core.resource_tags import request_tags
from entrepot.core.resources import Resource, Tags
from entrepot.core.secrets import names, places, tags, versions
from entrepot.core.secrets.names import SERVICE
from entrepot.core.secrets.sealing import Value
from entrepot.core.secrets.versions import Found
from entrepot.db import accounts
from entrepot.db import secrets as rows
from entrepot.db.database import Reader, Transaction
from entrepot.db.secret_records import Secret, Stages
from entrepot.errors import SecretAlreadyExists, SecretInputInvalid, SecretQuotaExceeded, SecretStateInvalid

MOST = 500_000  # of a region: AWS's quota
LEAST_DAYS, MOST_DAYS, DAYS = 7, 30, 30
_WAITING = "You can't create this secret because a secret with this name is already scheduled for deletion."


@dataclass(frozen=True, slots=True)
class SecretDraft:
    """A secret to be made; `token` names its first version, where there is a value."""

    id: str
    name: str
    suffix: str
    token: str
    value: Value | None = None
    description: str = ""
    kms_key: str = ""
    tags: Tags = field(default=())


@dataclass(frozen=True, slots=True)
class SecretChange:
    """What is to be otherwise; None stays as it is. `token` names the new version, where there is a value."""

    token: str
    value: Value | None = None
    description: str | None = None
    kms_key: str | None = None


@dataclass(frozen=True, slots=True)
class Described:
    """A secret with its tags and labels."""

    secret: Secret
    tags: Tags
    stages: Stages


@dataclass(frozen=True, slots=True)
class Deleted:
    """What was deleted, and when it ends; `arn` is that of the request where nothing was there."""

    arn: str
    name: str
    purges_at: datetime


def create(tx: Transaction, caller: Caller, vault: Vault, draft: SecretDraft) -> Found | Secret:
    """Make a secret, with its first version where there is a value; the same once more changes nothing:
    SecretInputInvalid, SecretAlreadyExists, SecretStateInvalid, SecretQuotaExceeded, SecretNotEncrypted.
    """
    account, region = caller.principal.account, caller.region
    made = Secret(
        draft.id,
        account,
        region,
        draft.name,
        draft.suffix,
        draft.description,
        draft.kms_key,
        None,
        caller.at,
        caller.at,
    )
    _allow_new(caller, draft, made)
    names.checked(draft.name)
    tags.check(draft.tags)
    accounts.lock(tx, account)
    known = rows.find(tx, account, region, draft.name)
    if known is not None:
        return _same(tx, caller, vault, draft, known)
    if rows.count(tx, account, region) >= MOST:
        raise SecretQuotaExceeded(reason=f"There are {MOST} secrets in this region already.")
    rows.add(tx, made)
    rows.put_tags(tx, made.id, draft.tags)
    told = {"name": draft.name, "clientRequestToken": draft.token, "description": draft.description}
    told_tags = {"kmsKeyId": draft.kms_key or None, "tags": tags.shown(draft.tags)}
    places.changed(tx, caller, "CreateSecret", {**told, **told_tags}, account)
    return made if draft.value is None else versions.store(tx, caller, vault, made, (draft.token, draft.value))


def describe(tx: Reader, caller: Caller, given: str) -> Described:
    """A secret, also one that waits for its end: SecretNotFound."""
    return described(tx, places.require(tx, caller, "DescribeSecret", given))


def described(tx: Reader, secret: Secret) -> Described:
    """A secret with what hangs on it. Not authorised here."""
    return Described(secret, rows.tags(tx, secret.id), rows.stages(tx, secret.id))


def update(tx: Transaction, caller: Caller, vault: Vault, given: str, change: SecretChange) -> Found | Secret:
    """Another description, key or value: SecretNotFound, SecretStateInvalid, SecretInputInvalid, SecretAlreadyExists,
    SecretQuotaExceeded, SecretNotEncrypted, SecretNotDecrypted.
    """
    keys = {
        "secretsmanager:description": (change.description,) if change.description is not None else (),
        "secretsmanager:kmskeyid": (change.kms_key,) if change.kms_key is not None else (),
    }
    secret = places.require_live(places.require_locked(tx, caller, "UpdateSecret", given, keys))
    after = replace(
        secret,
        description=secret.description if change.description is None else change.description,
        kms_key=secret.kms_key if change.kms_key is None else change.kms_key,
        changed_at=caller.at,
    )
    rows.change(tx, after)
    if after.kms_key != secret.kms_key:
        versions.reseal(tx, caller, vault, secret, after)
    told = {"secretId": given, "description": change.description, "kmsKeyId": change.kms_key}
    places.changed(tx, caller, "UpdateSecret", {**told, "clientRequestToken": change.token}, secret.account)
    return after if change.value is None else versions.store(tx, caller, vault, after, (change.token, change.value))


def delete(tx: Transaction, caller: Caller, given: str, days: int | None, *, force: bool) -> Deleted:
    """Read it no more, and remove it after so many days, or (`force`) now: SecretNotFound, SecretStateInvalid,
    SecretInputInvalid. With force, what is not there is fine.
    """
    keys = {
        "secretsmanager:forcedeletewithoutrecovery": (str(force).lower(),),
        "secretsmanager:recoverywindowindays": (str(days),) if days is not None else (),
    }
    place = places.locked(tx, places.find(tx, caller, given))
    places.allow(tx, caller, "DeleteSecret", place, keys)
    window = _window(days, force=force)
    if force and place.secret is None:
        return Deleted(place.name.arn if given.startswith("arn:") else "", given, caller.at)
    secret = places.present(place)
    purges_at = caller.at + window
    if force:
        rows.remove(tx, secret.id)
    else:
        places.require_live(secret)
        rows.change(tx, replace(secret, deleted_at=caller.at, purges_at=purges_at))
    told = {"secretId": given, "recoveryWindowInDays": days, "forceDeleteWithoutRecovery": force}
    places.changed(tx, caller, "DeleteSecret", told, secret.account)
    return Deleted(secret.arn, secret.name, purges_at)


def restore(tx: Transaction, caller: Caller, given: str) -> Secret:
    """Keep a deleted one after all; one that is not deleted stays as it is: SecretNotFound."""
    secret = places.require_locked(tx, caller, "RestoreSecret", given)
    rows.change(tx, replace(secret, deleted_at=None, purges_at=None))
    places.changed(tx, caller, "RestoreSecret", {"secretId": given}, secret.account)
    return secret


def _allow_new(caller: Caller, draft: SecretDraft, made: Secret) -> None:
    """AccessDenied unless the caller may make this secret."""
    keys = {
        **request_tags(draft.tags),
        "secretsmanager:name": (draft.name,),
        "secretsmanager:description": (draft.description,) if draft.description else (),
        "secretsmanager:kmskeyid": (draft.kms_key,) if draft.kms_key else (),
    }
    resource = Resource(made.account, made.arn, SERVICE, draft.name)
    access.require(caller, "CreateSecret", resource, keys)
    if draft.tags:
        access.require(caller, "TagResource", resource, keys)


def _same(tx: Transaction, caller: Caller, vault: Vault, draft: SecretDraft, known: Secret) -> Found | Secret:
    """The secret that a request has made before: SecretAlreadyExists for another one, SecretStateInvalid."""
    if known.deleted_at is not None:
        raise SecretStateInvalid(reason=_WAITING)
    version = rows.version(tx, known.id, draft.token)
    if draft.value is None or version is None:
        raise SecretAlreadyExists(reason=f"The operation failed because the secret {draft.name} already exists.")
    return versions.store(tx, caller, vault, known, (draft.token, draft.value))


def _window(days: int | None, *, force: bool) -> timedelta:
    if force and days is not None:
        raise SecretInputInvalid(
            reason="You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays."
        )
    if days is not None and not LEAST_DAYS <= days <= MOST_DAYS:
        raise SecretInputInvalid(
            reason=f"The RecoveryWindowInDays value must be between {LEAST_DAYS} and {MOST_DAYS} days (inclusive)."
        )
    return timedelta(0 if force else DAYS if days is None else days)
