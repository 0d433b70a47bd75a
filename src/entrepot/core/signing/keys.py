"""Keys that sign: fresh ones, sealed by the master key, or keys of KMS that their users may sign with."""

from dataclasses import dataclass, field
from typing import Final

from entrepot.core.access import Caller
from entrepot.core.keys import places
from entrepot.core.keys.places import Asked
from entrepot.core.keys.vault import Vault
from entrepot.core.signing.platforms import Platform
from entrepot.db import keys as rows
from entrepot.db.database import Reader
from entrepot.db.key_records import Key, Material
from entrepot.db.signing_records import Version
from entrepot.errors import KeyDisabled, KeyNotFound, KeyStateInvalid, SigningInputInvalid
from entrepot.seal import key_pairs

PARAMETER: Final = "kmsKeyArn"  # of a profile: the key of KMS that signs
_VIA: Final = "signer"


@dataclass(frozen=True, slots=True)
class NewKey:
    """The key of a new version: sealed, or in KMS."""

    sealed: bytes = field(repr=False)
    public: bytes
    arn: str = ""


def fresh(vault: Vault, platform: Platform, profile_id: str, version: str) -> NewKey:
    """A key of the deployment's own."""
    pair = key_pairs.new_pair(platform.spec)
    return NewKey(vault.seal(pair.private, _context(profile_id, version)), pair.public)


def of_kms(tx: Reader, caller: Caller, platform: Platform, arn: str) -> NewKey:
    """A key of KMS, for a caller who may see its public half: AccessDenied, SigningInputInvalid for one that
    cannot sign so, or not now.
    """
    key = _usable(tx, caller, arn, Asked("GetPublicKey", via=_VIA))
    if key.spec != platform.spec:
        raise SigningInputInvalid(reason=f"{platform.id} signs with keys of {platform.spec}; {key.arn} is {key.spec}.")
    return NewKey(b"", rows.newest(tx, key.id).public, key.arn)


def material(tx: Reader, caller: Caller, platform: Platform, version: Version) -> Material | None:
    """What signs in KMS, for a caller who may sign with it; None where the version has its own key: AccessDenied,
    SigningInputInvalid.
    """
    if not version.key_arn:
        return None
    asked = {"kms:signingalgorithm": (platform.algorithm,), "kms:messagetype": ("RAW",)}
    key = _usable(tx, caller, version.key_arn, Asked("Sign", keys=asked, via=_VIA))
    return rows.newest(tx, key.id)


def sign(vault: Vault, platform: Platform, version: Version, of_kms: Material | None, text: bytes) -> bytes:
    """The signature of a text, in DER."""
    if of_kms is not None:
        return vault.sign(of_kms, platform.algorithm, text, digest=False)
    private = vault.unseal(version.sealed, _context(version.profile_id, version.version))
    return key_pairs.sign(private, platform.algorithm, text, digest=False)


def _usable(tx: Reader, caller: Caller, arn: str, asked: Asked) -> Key:
    try:
        return places.require_enabled(places.require(tx, caller, arn, asked))
    except (KeyNotFound, KeyDisabled, KeyStateInvalid) as wrong:
        raise SigningInputInvalid(reason=f"The key of KMS cannot be used: {wrong}") from None


def _context(profile_id: str, version: str) -> bytes:
    return f"signing-profile/{profile_id}/{version}".encode()
