"""What KMS's operations need (Service Authorization Reference, AWS Key Management Service): a part of core/permissions.

Resource -> operations; operation -> condition keys beside those that every request on a key has.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from entrepot.core.needs import ANY, REQUEST_TAG, RESOURCE_TAG, TAG_KEYS, Needs

KEY: Final = "arn:aws:kms:{region}:{account}:key/{key_id}"
ALIAS: Final = "arn:aws:kms:{region}:{account}:alias/{key_alias}"

RESOURCES: Final[Mapping[str, str]] = {
    ANY: "CreateKey GenerateRandom ListAliases ListKeys ListRetirableGrants",
    KEY: (
        "CancelKeyDeletion CreateGrant Decrypt DescribeKey DisableKey DisableKeyRotation EnableKey EnableKeyRotation "
        "Encrypt GenerateDataKey GenerateDataKeyWithoutPlaintext GetKeyPolicy GetKeyRotationStatus GetPublicKey "
        "ListGrants ListKeyPolicies ListKeyRotations ListResourceTags PutKeyPolicy RetireGrant RevokeGrant "
        "RotateKeyOnDemand ScheduleKeyDeletion Sign TagResource UntagResource UpdateKeyDescription Verify"
    ),
}
OF_ALIASES: Final = ("CreateAlias", "DeleteAlias", "UpdateAlias")
ON_KEYS: Final = (
    *("kms:CallerAccount", "kms:KeyOrigin", "kms:KeySpec", "kms:KeyUsage", "kms:MultiRegion", "kms:RequestAlias"),
    *("kms:ResourceAliases", "kms:ViaService", RESOURCE_TAG),
)
_CONTEXT: Final = ("kms:EncryptionContext:{key}", "kms:EncryptionContextKeys")
_ENCRYPTS: Final = ("kms:EncryptionAlgorithm", *_CONTEXT)
_SIGNS: Final = ("kms:MessageType", "kms:SigningAlgorithm")
_NEW: Final = ("kms:KeyOrigin", "kms:KeySpec", "kms:KeyUsage", "kms:MultiRegion")
RE_ENCRYPTS: Final = (*_ENCRYPTS, "kms:ReEncryptOnSameKey")
KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "CreateGrant": (
        *("kms:GranteePrincipal", "kms:GrantConstraintType", "kms:GrantIsForAWSResource", "kms:GrantOperations"),
        "kms:RetiringPrincipal",
    ),
    "CreateKey": ("kms:BypassPolicyLockoutSafetyCheck", *_NEW, REQUEST_TAG, TAG_KEYS),
    "Decrypt": _ENCRYPTS,
    "EnableKeyRotation": ("kms:RotationPeriodInDays",),
    "Encrypt": _ENCRYPTS,
    "GenerateDataKey": _CONTEXT,
    "GenerateDataKeyWithoutPlaintext": _CONTEXT,
    "PutKeyPolicy": ("kms:BypassPolicyLockoutSafetyCheck",),
    "ScheduleKeyDeletion": ("kms:ScheduleKeyDeletionPendingWindowInDays",),
    "Sign": _SIGNS,
    "TagResource": (REQUEST_TAG, TAG_KEYS),
    "UntagResource": (TAG_KEYS,),
    "Verify": _SIGNS,
}


def table() -> Iterator[tuple[str, tuple[Needs, ...]]]:
    """What each operation needs."""
    for on, names in RESOURCES.items():
        for name in names.split():
            keys = (*KEYS.get(name, ()), *(ON_KEYS if on == KEY else ()))
            needs = (Needs(f"kms:{name}", on, keys),)
            tagged = (Needs("kms:TagResource", KEY, (REQUEST_TAG, TAG_KEYS), "tags are given"),)
            yield name, needs + tagged if name == "CreateKey" else needs
    for name in OF_ALIASES:
        yield name, (Needs(f"kms:{name}", ALIAS), Needs(f"kms:{name}", KEY, ON_KEYS))
    both = (Needs(f"kms:ReEncrypt{way}", KEY, (*RE_ENCRYPTS, *ON_KEYS)) for way in ("From", "To"))
    yield "ReEncrypt", tuple(both)
