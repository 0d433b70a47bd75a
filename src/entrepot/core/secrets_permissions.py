"""What Secrets Manager's operations need (Service Authorization Reference, AWS Secrets Manager): a part of
core/permissions. Who reads or writes a value needs the right on its key too (docs/secrets.md).

Resource -> operations; operation -> condition keys.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from entrepot.core.needs import ANY, REQUEST_TAG, RESOURCE_TAG, TAG_KEYS, Needs

ARN: Final = "arn:aws:secretsmanager:{region}:{account}:secret:{secret}-??????"

RESOURCES: Final[Mapping[str, str]] = {
    ANY: "BatchGetSecretValue GetRandomPassword ListSecrets",
    ARN: (
        "CreateSecret DeleteResourcePolicy DeleteSecret DescribeSecret GetResourcePolicy GetSecretValue "
        "ListSecretVersionIds PutResourcePolicy PutSecretValue RestoreSecret TagResource UntagResource UpdateSecret "
        "UpdateSecretVersionStage ValidateResourcePolicy"
    ),
}
ON_SECRETS: Final = ("secretsmanager:SecretId", "secretsmanager:ResourceTag/{key}", RESOURCE_TAG)
KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "CreateSecret": (
        *("secretsmanager:Description", "secretsmanager:KmsKeyId", "secretsmanager:Name", REQUEST_TAG, TAG_KEYS),
    ),
    "DeleteSecret": ("secretsmanager:ForceDeleteWithoutRecovery", "secretsmanager:RecoveryWindowInDays"),
    "GetSecretValue": ("secretsmanager:VersionId", "secretsmanager:VersionStage"),
    "PutResourcePolicy": ("secretsmanager:BlockPublicPolicy",),
    "TagResource": (REQUEST_TAG, TAG_KEYS),
    "UntagResource": (TAG_KEYS,),
    "UpdateSecret": ("secretsmanager:Description", "secretsmanager:KmsKeyId"),
    "UpdateSecretVersionStage": ("secretsmanager:VersionStage",),
}


def table() -> Iterator[tuple[str, tuple[Needs, ...]]]:
    """What each operation needs."""
    for on, names in RESOURCES.items():
        for name in names.split():
            own = ON_SECRETS if on == ARN and name != "CreateSecret" else ()
            needs = (Needs(f"secretsmanager:{name}", on, (*KEYS.get(name, ()), *own)),)
            tagged = (Needs("secretsmanager:TagResource", on, (REQUEST_TAG, TAG_KEYS), "tags are given"),)
            yield name, needs + tagged if name == "CreateSecret" else needs
