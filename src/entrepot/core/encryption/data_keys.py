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
from entrepot.core.keys import service_use
from entrepot.core.keys.encryption import Sealed
from entrepot.core.keys.vault import Vault
from entrepot.db.database import Reader, Transaction
from entrepot.db.records import Repository, SealedKey
from entrepot.errors import (
    AccessDenied,
    CiphertextInvalid,
    KeyDisabled,
    KeyMismatch,
    KeyNotFound,
    KeyStateInvalid,
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
        made = service_use.data_key(tx, caller, vault, SERVICE, arn, context)
    except (AccessDenied, KeyDisabled, KeyNotFound, KeyStateInvalid, KeyUsageInvalid) as fault:
        raise faults.unusable(key, arn, fault) from None
    service_use.told(tx, caller, "GenerateDataKey", arn, context)
    return DataKey(SealedKey(arn, made.blob, key.arn), made.text)


def opened(tx: Reader, vault: Vault, key: RepositoryKey, sealed: SealedKey, at: datetime) -> bytes:
    """The key of a blob that a repository holds: RepositoryKeyUnusable."""
    found = Sealed(sealed.blob, {CONTEXT: sealed.arn}, sealed.key)
    try:
        return service_use.opened_for(tx, _itself(key, at), vault, SERVICE, found, {CONTEXT: key.arn}).text
    except (AccessDenied, CiphertextInvalid, KeyDisabled, KeyNotFound, KeyStateInvalid, KeyUsageInvalid) as fault:
        raise faults.unusable(key, sealed.key, fault) from None
    except KeyMismatch:
        raise faults.changed(key, sealed.key) from None


def tell_opened(tx: Transaction, key: RepositoryKey, arn: str, at: datetime) -> None:
    """Tell the audit that a blob's key was opened for a repository."""
    service_use.told(tx, _itself(key, at), "Decrypt", arn, {CONTEXT: key.arn})


def require_usable(tx: Reader, repository: Repository, at: datetime) -> None:
    """RepositoryKeyUnusable unless what the repository holds could be opened now."""
    key, arn = repository.key, repository.encryption_key
    if not arn:
        return
    try:
        service_use.require_usable(tx, _itself(key, at), SERVICE, arn, {CONTEXT: key.arn})
    except (AccessDenied, KeyDisabled, KeyNotFound, KeyStateInvalid, KeyUsageInvalid) as fault:
        raise faults.unusable(key, arn, fault) from None


def _itself(key: RepositoryKey, at: datetime) -> Caller:
    return service_use.itself(SERVICE, key.registry.account, key.registry.region, str(uuid.uuid4()), at)
