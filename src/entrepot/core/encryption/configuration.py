"""What a repository is encrypted with: settled when it is made, and for good (ECR user guide, "Encryption at rest").

AES256 is the storage's own encryption, and none of ours. With KMS ECR makes itself grants on the key, by which it makes
and opens data keys for that repository alone, until the repository goes.
"""

import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from msgspec import structs

from entrepot.core.access import Caller
from entrepot.core.encryption import faults
from entrepot.core.keys import grants, managed, names, places, remote, remote_naming, service_use
from entrepot.core.keys.grants import GrantDraft
from entrepot.core.keys.places import Asked
from entrepot.core.keys.vault import SYMMETRIC, Vault
from entrepot.core.units import Units
from entrepot.db import remote_keys, repositories
from entrepot.db.database import Transaction
from entrepot.db.key_records import Context, RemoteKey
from entrepot.db.records import Repository
from entrepot.errors import (
    AccessDenied,
    GrantPrincipalInvalid,
    KeyDisabled,
    KeyDryRun,
    KeyNotFound,
    KeyQuotaExceeded,
    KeyRefused,
    KeyStateInvalid,
    KeyUnavailable,
    ParameterInvalid,
)
from entrepot.spec.repository import RegistryKey, RepositoryKey

SERVICE: Final = "ecr"
CONTEXT: Final = "aws:ecr:arn"  # of the encryption context: the repository's ARN
AES256, KMS = "AES256", "KMS"
_GRANTS = ("1", "2")  # AWS makes two that are alike
_OPERATIONS = ("GenerateDataKey", "Decrypt")
_NEEDED: Final = ("DescribeKey", "CreateGrant")  # of who gives a key at another key service to a repository
_DEFAULT = f"{names.RESERVED}{SERVICE}"


@dataclass(frozen=True, slots=True)
class KeyUser:
    """On whose behalf a repository's key is chosen and granted; the account's own key can be made with a vault only."""

    caller: Caller
    vault: Vault | None = None


def check(given: Mapping[str, str]) -> None:
    """ParameterInvalid for an encryptionConfiguration that no repository can have."""
    kind, key = given.get("encryptionType"), given.get("kmsKey", "")
    if kind not in {AES256, KMS}:  # KMS_DSSE: two layers, in AWS's GovCloud regions only
        reason = "encryptionType KMS_DSSE is not available in this region; use KMS"
        raise ParameterInvalid(parameter="encryptionConfiguration", reason=reason)
    if kind == AES256 and key:
        reason = "kmsKey can be given with encryptionType KMS only"
        raise ParameterInvalid(parameter="encryptionConfiguration", reason=reason)


def settled(tx: Transaction, user: KeyUser, key: RepositoryKey, given: Mapping[str, str]) -> dict[str, str]:
    """The configuration as a repository keeps it, its key by ARN: ParameterInvalid, RepositoryKeyUnusable."""
    check(given)
    if given["encryptionType"] == AES256:
        return {"encryptionType": AES256}
    named = given.get("kmsKey", "")
    known = remote_keys.find(tx, named) if named else None
    if known is not None:
        return {"encryptionType": KMS, "kmsKey": _elsewhere(user, key, known)}
    try:
        found = places.require(tx, _in_region(user, key), named, Asked("DescribeKey", via=SERVICE)) if named else None
        arn = _default(tx, user, key.registry) if found is None else places.require_enabled(found).arn
    except (AccessDenied, KeyDisabled, KeyNotFound, KeyStateInvalid) as fault:
        raise faults.unusable(key, named, fault) from None
    if found is not None and found.spec != SYMMETRIC:
        raise faults.asymmetric(key, found.arn)
    return {"encryptionType": KMS, "kmsKey": arn}


async def known(units: Units, user: KeyUser, key: RepositoryKey, given: Mapping[str, str]) -> dict[str, str]:
    """The configuration of a repository, a key at another key service by its ARN, which that has described now; any
    other as it is: RepositoryKeyUnusable.
    """
    try:
        return await _described(units, user, key, given, _NEEDED)
    except (AccessDenied, KeyQuotaExceeded, KeyRefused, KeyUnavailable) as fault:
        raise faults.unusable(key, given.get("kmsKey", ""), fault) from None


async def known_for_template(
    units: Units, user: KeyUser, registry: RegistryKey, given: Mapping[str, str]
) -> dict[str, str]:
    """The same of a creation template, whose role is asked about when it makes a repository: ParameterInvalid."""
    try:
        return await _described(units, user, RepositoryKey(registry, ""), given, _NEEDED[:1])
    except (AccessDenied, KeyQuotaExceeded, KeyRefused, KeyUnavailable) as fault:
        reason = f"the KMS key '{given.get('kmsKey', '')[:2048]}' cannot be used: {fault}"
        raise ParameterInvalid(parameter="encryptionConfiguration", reason=reason) from None


async def _described(
    units: Units, user: KeyUser, key: RepositoryKey, given: Mapping[str, str], operations: Sequence[str]
) -> dict[str, str]:
    named = given.get("kmsKey", "")
    if user.vault is None or given.get("encryptionType") != KMS or not named:
        return dict(given)
    found = await remote_naming.known(units, user.vault, _in_region(user, key), named, operations, SERVICE)
    return dict(given) if found is None else {**given, "kmsKey": found.arn}


def prepare(tx: Transaction, user: KeyUser, registry: RegistryKey, given: Mapping[str, str]) -> None:
    """Have the account's own key at hand for repositories that are made later, by who has no vault."""
    if user.vault is not None and given.get("encryptionType") == KMS and not given.get("kmsKey"):
        managed.ensure(tx, user.vault, SERVICE, registry.account, registry.region, user.caller.at)


def grant(tx: Transaction, user: KeyUser, made: Repository) -> None:
    """Let ECR use the key for a new repository, on behalf of who made it: RepositoryKeyUnusable."""
    if not made.encryption_key or remote_keys.find(tx, made.encryption_key) is not None:
        return  # another key service lets the operator, and ECR needs no grant there
    caller = _in_region(user, made.key)
    itself = f"{SERVICE}.{made.key.registry.region}.amazonaws.com"
    constraints: dict[str, Context] = {"EncryptionContextSubset": {CONTEXT: made.key.arn}}
    try:
        for each in _GRANTS:
            request_id = str(uuid.uuid5(uuid.UUID(caller.request_id), each))
            draft = GrantDraft(secrets.token_hex(32), itself, _OPERATIONS, itself, constraints, _name(made.id, each))
            grants.create(tx, structs.replace(caller, request_id=request_id), made.encryption_key, draft, via=SERVICE)
    except (
        AccessDenied,
        GrantPrincipalInvalid,
        KeyDisabled,
        KeyDryRun,
        KeyNotFound,
        KeyQuotaExceeded,
        KeyStateInvalid,
    ) as fault:
        raise faults.unusable(made.key, made.encryption_key, fault) from None


def retire(tx: Transaction, gone: Repository, at: datetime) -> None:
    """Give the key back: what is left of the repository can be opened no more on its behalf."""
    if not gone.encryption_key or remote_keys.find(tx, gone.encryption_key) is not None:
        return
    key_id = names.of("", "", gone.encryption_key).id
    for each in _GRANTS:
        caller = service_use.itself(SERVICE, gone.key.registry.account, gone.key.registry.region, str(uuid.uuid4()), at)
        grants.end_named(tx, caller, key_id, _name(gone.id, each))


def retire_by_id(tx: Transaction, repository_id: str, at: datetime) -> None:
    """`retire`, of a tombstone."""
    gone = repositories.lock_by_id(tx, repository_id)
    if gone is not None:
        retire(tx, gone, at)


def _elsewhere(user: KeyUser, key: RepositoryKey, known: RemoteKey) -> str:
    """The ARN of a key at another key service, for who may give it to a repository: RepositoryKeyUnusable."""
    try:
        remote_naming.require(_in_region(user, key), known.arn, _NEEDED, SERVICE)
        remote.require_enabled(known)
    except (AccessDenied, KeyDisabled, KeyNotFound, KeyRefused, KeyStateInvalid) as fault:
        raise faults.unusable(key, known.arn, fault) from None
    if known.spec != SYMMETRIC:
        raise faults.asymmetric(key, known.arn)
    return known.arn


def _default(tx: Transaction, user: KeyUser, registry: RegistryKey) -> str:
    """The ARN of the key that the account has for ECR, made where it is not there: KeyNotFound."""
    account, region = registry.account, registry.region
    if user.vault is not None:
        return managed.ensure(tx, user.vault, SERVICE, account, region, user.caller.at).arn
    found = managed.find(tx, account, region, SERVICE)
    if found is None:
        raise KeyNotFound(what=f"Alias arn:aws:kms:{region}:{account}:{_DEFAULT}")
    return found.arn


def _in_region(user: KeyUser, key: RepositoryKey) -> Caller:
    return structs.replace(user.caller, region=key.registry.region)


def _name(repository_id: str, number: str) -> str:
    return f"{SERVICE}-{repository_id}-{number}"
