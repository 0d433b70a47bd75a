"""Versions of a secret's value: put once and never changed, found by their id or by a label (Secrets Manager API
reference, "PutSecretValue", "GetSecretValue", "UpdateSecretVersionStage").
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from entrepot.core.access import Caller
from entrepot.core.keys.vault import Vault
from entrepot.core.secrets import places, sealing, stages
from entrepot.core.secrets.sealing import Value
from entrepot.core.secrets.stages import CURRENT
from entrepot.db import secrets as rows
from entrepot.db.database import Reader, Transaction
from entrepot.db.secret_records import Secret, Stages, Version
from entrepot.errors import (
    SecretAlreadyExists,
    SecretInputInvalid,
    SecretQuotaExceeded,
    SecretStateInvalid,
    SecretVersionNotFound,
)

__all__ = ["Secret", "Version"]

MOST = 100  # beyond these, the oldest that no label is on are removed
_TAKEN = "You can't modify an existing version, you can only create a new version."


@dataclass(frozen=True, slots=True)
class Asked:
    """Which version is meant: of an id, or with a label; both must then fit, and neither means the current one."""

    version_id: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A version with its secret and labels; `value` where it was asked for."""

    secret: Secret
    version: Version
    labels: tuple[str, ...]
    value: Value | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """The versions of a secret, the oldest first, and its labels."""

    secret: Secret
    versions: Sequence[Version]
    stages: Stages


def put(
    tx: Transaction, caller: Caller, vault: Vault, given: str, version_id: str, value: Value, labels: Sequence[str]
) -> Found:
    """A new version; the same once more changes nothing: SecretNotFound, SecretStateInvalid, SecretInputInvalid,
    SecretAlreadyExists, SecretQuotaExceeded, SecretNotEncrypted.
    """
    secret = places.require_live(places.require_locked(tx, caller, "PutSecretValue", given))
    made = store(tx, caller, vault, secret, (version_id, value), labels)
    told = {"secretId": given, "clientRequestToken": version_id, "versionStages": list(labels)}
    places.changed(tx, caller, "PutSecretValue", told, secret.account)
    return made


def store(
    tx: Transaction,
    caller: Caller,
    vault: Vault,
    secret: Secret,
    new: tuple[str, Value],
    labels: Sequence[str] = (CURRENT,),
) -> Found:
    """A new version of a secret that is held: as `put`. Not authorised here."""
    version_id, value = new[0], sealing.checked(new[1])
    _check(version_id, *labels)
    known = rows.version(tx, secret.id, version_id)
    if known is not None:
        before = sealing.opened(tx, caller, vault, secret, known)
        if before.kind != value.kind or not hmac.compare_digest(before.content, value.content):
            raise SecretAlreadyExists(reason=_TAKEN)
        return Found(secret, known, _labels(rows.stages(tx, secret.id), version_id))
    after = stages.put(rows.stages(tx, secret.id), version_id, labels)
    version = sealing.sealed(tx, caller, vault, secret, version_id, value)
    rows.add_version(tx, version)
    rows.set_stages(tx, secret.id, after)
    _forget(tx, secret, after)
    rows.change(tx, replace(secret, changed_at=caller.at))
    return Found(secret, version, _labels(after, version_id))


def get(tx: Reader, caller: Caller, vault: Vault, given: str, asked: Asked) -> Found:
    """A value: SecretNotFound, SecretVersionNotFound, SecretStateInvalid, SecretNotDecrypted."""
    keys = {
        "secretsmanager:versionid": (asked.version_id,) if asked.version_id else (),
        "secretsmanager:versionstage": (asked.label or CURRENT,) if asked.label or not asked.version_id else (),
    }
    return read(tx, caller, vault, places.require(tx, caller, "GetSecretValue", given, keys), asked)


def read(tx: Reader, caller: Caller, vault: Vault, secret: Secret, asked: Asked) -> Found:
    """A value of a secret that the caller may read: as `get`. Not authorised here."""
    places.require_live(secret)
    labelled = rows.stages(tx, secret.id)
    version = _version(tx, secret, labelled, asked)
    return Found(secret, version, _labels(labelled, version.id), sealing.opened(tx, caller, vault, secret, version))


def list_of(tx: Reader, caller: Caller, given: str) -> Listed:
    """A secret's versions: SecretNotFound."""
    secret = places.require(tx, caller, "ListSecretVersionIds", given)
    return Listed(secret, rows.versions(tx, secret.id), rows.stages(tx, secret.id))


def move(tx: Transaction, caller: Caller, given: str, label: str, from_id: str, to_id: str) -> Secret:
    """Let a label go from a version to another: SecretNotFound, SecretStateInvalid, SecretInputInvalid,
    SecretVersionNotFound, SecretQuotaExceeded.
    """
    keys = {"secretsmanager:versionstage": (label,)}
    secret = places.require_locked(tx, caller, "UpdateSecretVersionStage", given, keys)
    places.require_live(secret)
    _check(label)
    for version_id in (from_id, to_id):
        if version_id and rows.version(tx, secret.id, version_id) is None:
            raise SecretVersionNotFound(what=f"VersionId: {version_id}")
    rows.set_stages(tx, secret.id, stages.move(rows.stages(tx, secret.id), label, from_id, to_id))
    rows.change(tx, replace(secret, changed_at=caller.at))
    told = {"secretId": given, "versionStage": label, "removeFromVersionId": from_id, "moveToVersionId": to_id}
    places.changed(tx, caller, "UpdateSecretVersionStage", told, secret.account)
    return secret


def reseal(tx: Transaction, caller: Caller, vault: Vault, before: Secret, after: Secret) -> None:
    """Let the values that labels of AWS's are on be kept under another key: SecretNotDecrypted, SecretNotEncrypted. Not
    authorised here.
    """
    labelled = rows.stages(tx, before.id)
    wanted = {labelled.get(label) for label in (stages.CURRENT, stages.PREVIOUS, stages.PENDING)}
    for version in rows.versions(tx, before.id):
        if version.id in wanted:
            value = sealing.opened(tx, caller, vault, before, version)
            made = sealing.sealed(tx, caller, vault, after, version.id, value)
            rows.reseal(tx, version, made.key_id, made.sealed)


def note_access(tx: Transaction, secret_id: str, version_id: str, at: datetime) -> None:
    """Note the day on which a value was read; not a change of the secret."""
    rows.note_access(tx, secret_id, version_id, _day(at))


def is_new_day(version: Version, at: datetime) -> bool:
    """Whether the version was not read on this day before."""
    return version.accessed_at is None or version.accessed_at < _day(at)


def _day(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def _version(tx: Reader, secret: Secret, labelled: Stages, asked: Asked) -> Version:
    label = asked.label or ("" if asked.version_id else CURRENT)
    on = labelled.get(label, "") if label else asked.version_id
    if asked.version_id and label and on != asked.version_id:
        reason = "You provided a VersionStage that is not associated to the provided VersionId."
        raise SecretStateInvalid(reason=reason)
    found = rows.version(tx, secret.id, on) if on else None
    if found is None:
        what = f"staging label: {label}" if label else f"VersionId: {asked.version_id}"
        raise SecretVersionNotFound(what=what)
    return found


def _check(*texts: str) -> None:
    """SecretInputInvalid for what no version or label is called."""
    if not all(text.isprintable() for text in texts):
        raise SecretInputInvalid(reason="Tokens and staging labels have printable characters only.")


def _forget(tx: Transaction, secret: Secret, labelled: Stages) -> None:
    """Remove the oldest versions that no label is on: SecretQuotaExceeded where every one has some."""
    kept = rows.versions(tx, secret.id)
    loose = [version for version in kept if version.id not in set(labelled.values())]
    for version in loose[: max(0, len(kept) - MOST)]:
        rows.remove_version(tx, version)
    if len(kept) - len(loose) > MOST:
        raise SecretQuotaExceeded(reason=f"{MOST} versions of the secret have staging labels already.")


def _labels(labelled: Stages, version_id: str) -> tuple[str, ...]:
    return tuple(label for label, on in labelled.items() if on == version_id)
