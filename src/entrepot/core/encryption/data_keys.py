"""The keys of single blobs: made by a key of KMS and opened by it, by ECR itself, in the context of a repository.

A blob that several repositories hold has one key, encrypted in the context of the first; each repository opens it by
its own grant, and none any more once that is retired or revoked.
"""

import uuid
from dataclasses import dataclass, field
from datetime import datetime

from entrepot.core.access import Caller
from entrepot.core.encryption import faults
from entrepot.core.encryption.configuration import CONTEXT, SERVICE
from entrepot.core.keys import remote, service_use
from entrepot.core.keys.encryption import Sealed
from entrepot.core.keys.vault import Vault
from entrepot.db import remote_keys
from entrepot.db.database import Reader, Transaction
from entrepot.db.records import Repository, SealedKey
from entrepot.errors import (
    AccessDenied,
    CiphertextInvalid,
    KeyDisabled,
    KeyMismatch,
    KeyNotFound,
    KeyRefused,
    KeyStateInvalid,
    KeyUnavailable,
    KeyUsageInvalid,
)
from entrepot.spec.repository import RepositoryKey


@dataclass(frozen=True, slots=True)
class DataKey:
    """A key of 256 bits, and what is kept of it."""

    sealed: SealedKey
    text: bytes = field(repr=False)


def fresh(tx: Transaction, vault: Vault, repository: Repository, at: datetime) -> DataKey:
    """A new key for a blob of a repository: RepositoryKeyUnusable."""
    key, arn = repository.key, repository.encryption_key
    context = {CONTEXT: key.arn}
    caller = _itself(key, at)
    try:
        _require_here(tx, arn)
        made = service_use.data_key(tx, caller, vault, SERVICE, arn, context)
    except (AccessDenied, KeyDisabled, KeyNotFound, KeyStateInvalid, KeyUnavailable, KeyUsageInvalid) as fault:
        raise faults.unusable(key, arn, fault) from None
    service_use.told(tx, caller, "GenerateDataKey", arn, context)
    return DataKey(SealedKey(arn, made.blob, key.arn), made.text)


def opened(tx: Reader, vault: Vault, key: RepositoryKey, sealed: SealedKey, at: datetime) -> bytes:
    """The key of a blob that a repository holds: RepositoryKeyUnusable."""
    found = Sealed(sealed.blob, {CONTEXT: sealed.arn}, sealed.key)
    try:
        _require_here(tx, sealed.key)
        return service_use.opened_for(tx, _itself(key, at), vault, SERVICE, found, {CONTEXT: key.arn}).text
    except (AccessDenied, CiphertextInvalid, KeyDisabled, KeyNotFound, KeyStateInvalid, KeyUsageInvalid) as fault:
        raise faults.unusable(key, sealed.key, fault) from None
    except KeyUnavailable as fault:
        raise faults.unusable(key, sealed.key, fault) from None
    except KeyMismatch:
        raise faults.changed(key, sealed.key) from None


def tell_opened(tx: Transaction, key: RepositoryKey, arn: str, at: datetime) -> None:
    """Tell the audit that a blob's key was opened for a repository."""
    tell(tx, "Decrypt", key, arn, at)


def tell(tx: Transaction, operation: str, key: RepositoryKey, arn: str, at: datetime) -> None:
    """Tell the audit what was done with a key for a repository: its own account, where another service has the key."""
    owner = "" if remote_keys.find(tx, arn) is None else key.registry.account
    service_use.told(tx, _itself(key, at), operation, arn, {CONTEXT: key.arn}, owner)


def require_usable(tx: Reader, repository: Repository, at: datetime) -> None:
    """RepositoryKeyUnusable unless what the repository holds could be opened now."""
    key, arn = repository.key, repository.encryption_key
    if not arn:
        return
    known = remote_keys.find(tx, arn)
    try:
        if known is None:
            service_use.require_usable(tx, _itself(key, at), SERVICE, arn, {CONTEXT: key.arn})
        else:
            remote.require_enabled(known)
    except (AccessDenied, KeyDisabled, KeyNotFound, KeyRefused, KeyStateInvalid, KeyUsageInvalid) as fault:
        raise faults.unusable(key, arn, fault) from None


def _require_here(tx: Reader, arn: str) -> None:
    """KeyUnavailable for a key of another service, which no setting names any more."""
    if remote_keys.find(tx, arn) is not None:
        raise KeyUnavailable(arn=arn, reason="kms_endpoints names none for it")


def _itself(key: RepositoryKey, at: datetime) -> Caller:
    return service_use.itself(SERVICE, key.registry.account, key.registry.region, str(uuid.uuid4()), at)
