"""What symmetric keys do: encrypt, decrypt, make data keys (KMS API reference, "Encrypt" and its neighbours).

A ciphertext of no key that the caller may use is answered alike, whether or not there is such a key.
"""

import secrets
import uuid
from dataclasses import dataclass, field

from entrepot.core import access
from entrepot.core.access import Caller
from entrepot.core.keys import places
from entrepot.core.keys.names import SERVICE, KeyName
from entrepot.core.keys.places import Asked, Place
from entrepot.core.keys.vault import SYMMETRIC, Vault
from entrepot.core.resources import Resource
from entrepot.db import keys as rows
from entrepot.db.database import Reader
from entrepot.db.key_records import Context, Key
from entrepot.errors import CiphertextInvalid, KeyMismatch, KeyUsageInvalid
from entrepot.seal import ciphertexts

_HIDDEN = "the resource associated with this ciphertext"
_NO_CONTEXT: Context = {}


@dataclass(frozen=True, slots=True)
class Encrypted:
    """A key, the id of the material that encrypted, and the blob; `text` is what was encrypted."""

    key: Key
    material_id: str
    blob: bytes
    text: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Again:
    """What ReEncrypt made of what."""

    before: Encrypted
    after: Encrypted


@dataclass(frozen=True, slots=True)
class Sealed:
    """A blob with its encryption context, and the key that is said to have made it, where one is."""

    blob: bytes
    context: Context
    key: str = ""


def encrypt(
    tx: Reader, caller: Caller, vault: Vault, given: str, text: bytes, context: Context, via: str = ""
) -> Encrypted:
    """Encrypt a text: KeyNotFound, KeyDisabled, KeyStateInvalid, KeyUsageInvalid."""
    return enclose(tx, caller, vault, given, text, Asked("Encrypt", context, _ALGORITHM, via))


def data_key(tx: Reader, caller: Caller, vault: Vault, given: str, size: int, asked: Asked) -> Encrypted:
    """A fresh key of so many bytes and its ciphertext: as `encrypt`. What is asked is GenerateDataKey, or the same
    without the text.
    """
    return enclose(tx, caller, vault, given, secrets.token_bytes(size), asked)


def decrypt(tx: Reader, caller: Caller, vault: Vault, sealed: Sealed, via: str = "") -> Encrypted:
    """The text of a blob: CiphertextInvalid, KeyMismatch, KeyNotFound, KeyDisabled, KeyStateInvalid."""
    return _decrypt(tx, caller, vault, sealed, Asked("Decrypt", sealed.context, _ALGORITHM, via))


def decrypt_asked(tx: Reader, caller: Caller, vault: Vault, sealed: Sealed, asked: Asked) -> Encrypted:
    """`decrypt`, where a policy or grant is asked about another context than the one that encrypted."""
    return _decrypt(tx, caller, vault, sealed, asked)


def again(
    tx: Reader, caller: Caller, vault: Vault, sealed: Sealed, given: str, context: Context = _NO_CONTEXT
) -> Again:
    """The text of a blob, encrypted by another key or in another context: as `decrypt` and `encrypt`."""
    same = _same(tx, caller, sealed.blob, given)
    keys = {**_ALGORITHM, "kms:reencryptonsamekey": (str(same).lower(),)}
    before = _decrypt(tx, caller, vault, sealed, Asked("ReEncryptFrom", sealed.context, keys))
    return Again(before, enclose(tx, caller, vault, given, before.text, Asked("ReEncryptTo", context, keys)))


_ALGORITHM = {"kms:encryptionalgorithm": (SYMMETRIC,)}


def enclose(tx: Reader, caller: Caller, vault: Vault, given: str, text: bytes, asked: Asked) -> Encrypted:
    """Encrypt a text of any length, where this is asked: as `encrypt`."""
    key = _usable(places.require(tx, caller, given, asked), asked.operation)
    material = rows.newest(tx, key.id)
    return Encrypted(key, material.id, vault.conceal(key, material, text, asked.context), text)


def _decrypt(tx: Reader, caller: Caller, vault: Vault, sealed: Sealed, asked: Asked) -> Encrypted:
    whose = ciphertexts.named(sealed.blob)
    if whose is None:
        every = f"arn:aws:kms:{caller.region}:{caller.principal.account}:key/*"
        access.require(caller, asked.operation, Resource(caller.principal.account, every, SERVICE, _HIDDEN))
        raise CiphertextInvalid
    place = _place(tx, caller, whose)
    places.allow(tx, caller, place, asked)
    key = _usable(_named(tx, caller, sealed, place), asked.operation)
    material = rows.material(tx, key.id, whose.material.hex())
    if material is None:
        raise CiphertextInvalid
    return Encrypted(key, material.id, sealed.blob, vault.reveal(material, sealed.blob, sealed.context))


def _place(tx: Reader, caller: Caller, whose: ciphertexts.Named) -> Place:
    """The key that a blob names, if it is here; whom it denies learns no more than where it is not."""
    key_id = str(uuid.UUID(bytes=whose.key))
    key = rows.find(tx, key_id)
    if key is not None and key.region != caller.region:
        key = None
    return Place(KeyName("", caller.region, key_id, key_id), key, _HIDDEN)


def _named(tx: Reader, caller: Caller, sealed: Sealed, place: Place) -> Key:
    """The key that a blob names, if it is the one that the request names: KeyMismatch."""
    key = places.present(place)
    if sealed.key and places.present(places.find(tx, caller, sealed.key)).id != key.id:
        raise KeyMismatch
    return key


def _same(tx: Reader, caller: Caller, blob: bytes, given: str) -> bool:
    """Whether a blob is of the key that is named."""
    whose, other = ciphertexts.named(blob), places.find(tx, caller, given).key
    return whose is not None and other is not None and other.id == str(uuid.UUID(bytes=whose.key))


def _usable(key: Key, operation: str) -> Key:
    places.require_enabled(key)
    if key.spec != SYMMETRIC:
        raise KeyUsageInvalid(arn=key.arn, usage=key.usage, operation=operation)
    return key
