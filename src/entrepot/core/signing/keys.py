"""Keys that sign: fresh ones, sealed by the master key, or keys of KMS that their users may sign with."""

from dataclasses import dataclass, field, replace
from typing import Final

from entrepot.core.access import Caller
from entrepot.core.keys import places, remote, remote_naming
from entrepot.core.keys.places import Asked
from entrepot.core.keys.vault import Vault
from entrepot.core.signing.platforms import Platform
from entrepot.core.units import Units
from entrepot.db import keys as rows
from entrepot.db import remote_keys
from entrepot.db.database import Reader
from entrepot.db.key_records import Key, Material, RemoteKey
from entrepot.db.signing_records import Version
from entrepot.errors import KeyDisabled, KeyNotFound, KeyQuotaExceeded, KeyRefused, KeyStateInvalid, SigningInputInvalid
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


async def known(units: Units, caller: Caller, vault: Vault, arn: str) -> str:
    """The ARN of a key at another key service, which that has described now; any other as it is: SigningInputInvalid,
    KeyUnavailable.
    """
    try:
        found = await remote_naming.known(units, vault, caller, arn, ("GetPublicKey",), _VIA)
    except (KeyQuotaExceeded, KeyRefused) as wrong:
        raise SigningInputInvalid(reason=f"The key of KMS cannot be used: {wrong}") from None
    return arn if found is None else found.arn


def of_kms(tx: Reader, caller: Caller, platform: Platform, arn: str) -> NewKey:
    """A key of KMS, for a caller who may see its public half: AccessDenied, SigningInputInvalid for one that
    cannot sign so, or not now.
    """
    elsewhere = remote_keys.find(tx, arn)
    if elsewhere is not None:
        remote_naming.require(caller, arn, ("GetPublicKey",), _VIA)
        if elsewhere.spec != platform.spec or not elsewhere.public:
            reason = f"{platform.id} signs with keys of {platform.spec}; {arn} is {elsewhere.spec}."
            raise SigningInputInvalid(reason=reason)
        return NewKey(b"", _enabled(elsewhere).public, arn)
    key = _usable(tx, caller, arn, Asked("GetPublicKey", via=_VIA))
    if key.spec != platform.spec:
        raise SigningInputInvalid(reason=f"{platform.id} signs with keys of {platform.spec}; {key.arn} is {key.spec}.")
    return NewKey(b"", rows.newest(tx, key.id).public, key.arn)


def material(tx: Reader, caller: Caller, platform: Platform, version: Version) -> Material | RemoteKey | None:
    """What signs in KMS, here or elsewhere, for a caller who may sign with it; None where the version has its own key:
    AccessDenied, SigningInputInvalid.
    """
    if not version.key_arn:
        return None
    elsewhere = remote_keys.find(tx, version.key_arn)
    if elsewhere is not None:
        remote_naming.require(caller, version.key_arn, ("Sign",), _VIA)
        return replace(_enabled(elsewhere), public=version.public)
    asked = {"kms:signingalgorithm": (platform.algorithm,), "kms:messagetype": ("RAW",)}
    key = _usable(tx, caller, version.key_arn, Asked("Sign", keys=asked, via=_VIA))
    return rows.newest(tx, key.id)


def sign(
    vault: Vault, account: str, platform: Platform, version: Version, of_kms: Material | RemoteKey | None, text: bytes
) -> bytes:
    """The signature of a text, in DER, for the account of the profile: SigningInputInvalid, KeyUnavailable. Blocking,
    where another key service signs.
    """
    if isinstance(of_kms, RemoteKey):
        try:
            return remote.blocking(vault.remotes.sign_there(account, of_kms, platform.algorithm, text))
        except KeyRefused as wrong:
            raise SigningInputInvalid(reason=f"The key of KMS cannot be used: {wrong}") from None
    if of_kms is not None:
        return vault.sign(of_kms, platform.algorithm, text, digest=False)
    private = vault.unseal(version.sealed, _context(version.profile_id, version.version))
    return key_pairs.sign(private, platform.algorithm, text, digest=False)


def _enabled(known: RemoteKey) -> RemoteKey:
    try:
        return remote.require_enabled(known)
    except (KeyNotFound, KeyDisabled, KeyRefused, KeyStateInvalid) as wrong:
        raise SigningInputInvalid(reason=f"The key of KMS cannot be used: {wrong}") from None


def _usable(tx: Reader, caller: Caller, arn: str, asked: Asked) -> Key:
    try:
        return places.require_enabled(places.require(tx, caller, arn, asked))
    except (KeyNotFound, KeyDisabled, KeyStateInvalid) as wrong:
        raise SigningInputInvalid(reason=f"The key of KMS cannot be used: {wrong}") from None


def _context(profile_id: str, version: str) -> bytes:
    return f"signing-profile/{profile_id}/{version}".encode()
