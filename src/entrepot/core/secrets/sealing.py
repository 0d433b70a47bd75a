"""How a value is kept: encrypted under a key of KMS in the context of its secret and version, on the caller's behalf,
and that sealed by the master key.
"""

from dataclasses import dataclass, field

from entrepot.core.access import Caller
from entrepot.core.keys import managed, names, service_use
from entrepot.core.keys.encryption import Sealed
from entrepot.core.keys.vault import Vault
from entrepot.core.secrets.names import SERVICE
from entrepot.db.database import Reader, Transaction
from entrepot.db.secret_records import Secret, Version
from entrepot.errors import (
    CiphertextInvalid,
    KeyDisabled,
    KeyMismatch,
    KeyNotFound,
    KeyStateInvalid,
    KeyUsageInvalid,
    SecretInputInvalid,
    SecretNotDecrypted,
    SecretNotEncrypted,
)

LARGEST = 65_536
STRING, BINARY = "string", "binary"
_DEFAULT = f"{names.RESERVED}{SERVICE}"


@dataclass(frozen=True, slots=True)
class Value:
    """A secret value."""

    kind: str
    content: bytes = field(repr=False)


def checked(value: Value) -> Value:
    """The value: SecretInputInvalid for one that is too large, or empty."""
    if not 0 < len(value.content) <= LARGEST:
        raise SecretInputInvalid(reason=f"A secret value has 1 to {LARGEST} bytes.")
    return value


def sealed(tx: Transaction, caller: Caller, vault: Vault, secret: Secret, version_id: str, value: Value) -> Version:
    """A value as it is kept: SecretNotEncrypted."""
    key = _key(tx, caller, vault, secret)
    try:
        made = service_use.enclosed(tx, caller, vault, SERVICE, key, value.content, _context(secret, version_id))
    except (KeyNotFound, KeyDisabled, KeyStateInvalid, KeyUsageInvalid) as why:
        raise SecretNotEncrypted(reason=str(why)) from None
    kept = vault.seal(made.blob, _place(secret, version_id))
    return Version(secret.id, version_id, value.kind, made.key.id, kept, caller.at)


def opened(tx: Reader, caller: Caller, vault: Vault, secret: Secret, version: Version) -> Value:
    """A value that was kept: SecretNotDecrypted."""
    blob = vault.unseal(version.sealed, _place(secret, version.id))
    try:
        found = service_use.opened(tx, caller, vault, SERVICE, Sealed(blob, _context(secret, version.id)))
    except (CiphertextInvalid, KeyMismatch, KeyNotFound, KeyDisabled, KeyStateInvalid, KeyUsageInvalid) as why:
        raise SecretNotDecrypted(reason=str(why)) from None
    return Value(version.kind, found.text)


def _key(tx: Transaction, caller: Caller, vault: Vault, secret: Secret) -> str:
    """The ARN of a secret's key: its own, or the one that its account has for secrets."""
    arn = names.of(secret.account, secret.region, secret.kms_key or _DEFAULT).arn
    if arn.endswith(f":{_DEFAULT}"):
        return managed.ensure(tx, vault, SERVICE, secret.account, secret.region, caller.at).arn
    return arn


def _context(secret: Secret, version_id: str) -> dict[str, str]:
    return {"SecretARN": secret.arn, "SecretVersionId": version_id}


def _place(secret: Secret, version_id: str) -> bytes:
    return f"secret/{secret.arn}/{version_id}".encode()
