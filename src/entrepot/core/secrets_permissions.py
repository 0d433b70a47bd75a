"""What Secrets Manager's operations need (Service Authorization Reference, AWS Secrets Manager): a part of
core/permissions. Who reads or writes a value needs the right on its key too (docs/secrets.md).

Resource -> operations; operation -> condition keys.
"""

from collections.abc import Mapping
from typing import Final

ARN: Final = "arn:aws:secretsmanager:{region}:{account}:secret:{secret}-??????"
ANY: Final = "*"
RESOURCE_TAG: Final = "aws:ResourceTag/{key}"
REQUEST_TAG: Final = "aws:RequestTag/{key}"
TAG_KEYS: Final = "aws:TagKeys"

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
