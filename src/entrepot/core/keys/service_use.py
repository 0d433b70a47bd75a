"""Keys as services of the deployment use them: on behalf of a principal, whom the key's policy then judges with
`kms:ViaService`; or as the service itself, by a grant that somebody made it.
"""

from datetime import datetime

from entrepot.core import services
from entrepot.core.access import Caller
from entrepot.core.keys import encryption, names, places
from entrepot.core.keys.encryption import Encrypted, Sealed
from entrepot.core.keys.places import Asked
from entrepot.core.keys.vault import Vault
from entrepot.db.database import Reader, Transaction
from entrepot.db.key_records import Context

_DATA_KEY_BYTES = 32


def data_key(tx: Reader, caller: Caller, vault: Vault, service: str, given: str, context: Context) -> Encrypted:
    """A fresh data key of 256 bits with its ciphertext, for a service on the caller's behalf: KeyNotFound, KeyDisabled,
    KeyStateInvalid, KeyUsageInvalid.
    """
    asked = Asked("GenerateDataKey", context, via=service)
    return encryption.data_key(tx, caller, vault, given, _DATA_KEY_BYTES, asked)


def enclosed(
    tx: Reader, caller: Caller, vault: Vault, service: str, given: str, text: bytes, context: Context
) -> Encrypted:
    """What a service keeps, encrypted on the caller's behalf as if by a data key of its own: as `data_key`."""
    return encryption.enclose(tx, caller, vault, given, text, Asked("GenerateDataKey", context, via=service))


def opened(tx: Reader, caller: Caller, vault: Vault, service: str, sealed: Sealed) -> Encrypted:
    """What a service had encrypted, opened on the caller's behalf: as `data_key`, CiphertextInvalid, KeyMismatch."""
    return encryption.decrypt(tx, caller, vault, sealed, service)


def opened_for(tx: Reader, caller: Caller, vault: Vault, service: str, sealed: Sealed, context: Context) -> Encrypted:
    """`opened`, of what several things share: it was encrypted in the context of one, and whether it may be opened is
    asked in the context of another.
    """
    return encryption.decrypt_asked(tx, caller, vault, sealed, Asked("Decrypt", context, via=service))


def require_usable(tx: Reader, caller: Caller, service: str, given: str, context: Context) -> None:
    """Whether `opened` could open anything of a key: KeyNotFound, KeyDisabled, KeyStateInvalid."""
    places.require_enabled(places.require(tx, caller, given, Asked("Decrypt", context, via=service)))


def told(tx: Transaction, caller: Caller, operation: str, arn: str, context: Context, account: str = "") -> None:
    """Tell the audit that a service has used a key: GenerateDataKey, Decrypt. Told to the key's account, or another."""
    parameters = {"keyId": arn, "encryptionContext": dict(context)}
    if operation == "GenerateDataKey":
        parameters["keySpec"] = "AES_256"
    owner = account or names.of("", "", arn).account or caller.principal.account
    places.changed(tx, caller, operation, parameters, owner)


def itself(service: str, account: str, region: str, request_id: str, at: datetime) -> Caller:
    """A service as a caller of `data_key` and `opened`: grants to `SERVICE.REGION.amazonaws.com` let it."""
    return services.itself(f"{service}.{region}.amazonaws.com", account, region, request_id, at)
