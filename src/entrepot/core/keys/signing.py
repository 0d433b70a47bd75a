"""What asymmetric keys do: sign, verify, show their public half (KMS API reference, "Sign" and its neighbours)."""

from dataclasses import dataclass

from entrepot.core.access import Caller
from entrepot.core.keys import places
from entrepot.core.keys.places import Asked
from entrepot.core.keys.vault import SYMMETRIC, Vault
from entrepot.db import keys as rows
from entrepot.db.database import Reader
from entrepot.db.key_records import Key, Material
from entrepot.errors import KeyFeatureUnsupported, KeySignatureWrong, KeyUsageInvalid, ParameterInvalid
from entrepot.seal import key_pairs

DIGEST, RAW = "DIGEST", "RAW"


@dataclass(frozen=True, slots=True)
class Message:
    """A message, or (`kind`) the digest of one, and how it is signed."""

    text: bytes
    kind: str
    algorithm: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A key with its public half."""

    key: Key
    public: bytes


def sign(tx: Reader, caller: Caller, vault: Vault, given: str, message: Message) -> tuple[Key, bytes]:
    """A signature: KeyNotFound, KeyDisabled, KeyStateInvalid, KeyUsageInvalid."""
    key, material = _usable(tx, caller, "Sign", given, message)
    return key, vault.sign(material, message.algorithm, message.text, digest=message.kind == DIGEST)


def verify(tx: Reader, caller: Caller, given: str, message: Message, signature: bytes) -> Key:
    """KeySignatureWrong unless the key signed this; as `sign`."""
    key, material = _usable(tx, caller, "Verify", given, message)
    digest = message.kind == DIGEST
    if not key_pairs.verifies(material.public, message.algorithm, message.text, signature, digest=digest):
        raise KeySignatureWrong
    return key


def public_key(tx: Reader, caller: Caller, given: str) -> Shown:
    """The public half: KeyNotFound, KeyDisabled, KeyStateInvalid, KeyFeatureUnsupported."""
    key = places.require_enabled(places.require(tx, caller, given, Asked("GetPublicKey")))
    if key.spec == SYMMETRIC:
        raise KeyFeatureUnsupported(reason=f"{key.arn} is a symmetric key, which has no public half.")
    return Shown(key, rows.newest(tx, key.id).public)


def _usable(tx: Reader, caller: Caller, operation: str, given: str, message: Message) -> tuple[Key, Material]:
    keys = {"kms:signingalgorithm": (message.algorithm,), "kms:messagetype": (message.kind,)}
    key = places.require_enabled(places.require(tx, caller, given, Asked(operation, keys=keys)))
    if key.spec == SYMMETRIC:
        raise KeyUsageInvalid(arn=key.arn, usage=key.usage, operation=operation)
    if message.algorithm not in key_pairs.ALGORITHMS[key.spec] or message.kind not in {DIGEST, RAW}:
        how = f"{operation} with {message.algorithm} of a message of the type {message.kind}"
        raise KeyUsageInvalid(arn=key.arn, usage=key.usage, operation=how)
    if message.kind == DIGEST and len(message.text) != key_pairs.digest_bytes(message.algorithm):
        raise ParameterInvalid(parameter="message", reason=f"a digest for {message.algorithm} has another length")
    return key, rows.newest(tx, key.id)
