"""Valid inputs for the operations of KMS and Secrets Manager; what would lock the world out asks for what cannot be."""

from collections.abc import Mapping
from typing import Any

from tests.enforcement.world import ACCOUNT, World

BROKEN = '{"not": "a policy"}'
OPTIONAL: Mapping[str, frozenset[str]] = {
    "kms": frozenset({"CiphertextBlob", "GrantId", "GranteePrincipal", "KeyId", "NumberOfBytes", "RetiringPrincipal"})
    | {"PendingWindowInDays"},
    "secretsmanager": frozenset({"SecretId", "SecretIdList", "SecretString"}),
}
_BYTES = ("GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "GenerateRandom")


def values(world: World, service: str, operation: str) -> Mapping[str, Any]:
    """What stands for each member."""
    names = world.named(operation)
    return _of_keys(world, operation, names) if service == "kms" else _of_secrets(operation, names)


def _of_keys(world: World, operation: str, names: Mapping[str, str]) -> Mapping[str, Any]:
    if operation == "DeleteAlias":
        world.alias()
    return {
        "KeyId": names["key_id"],
        "TargetKeyId": names["key_id"],
        "DestinationKeyId": names["key_id"],
        "AliasName": f"alias/{names['key_alias']}",
        "CiphertextBlob": world.ciphertext,
        "Plaintext": b"text",
        "Message": b"text",
        "Signature": b"none",
        "SigningAlgorithm": "ECDSA_SHA_256",
        "Description": "text",
        "GrantId": "0" * 64,
        "GranteePrincipal": f"arn:aws:iam::{ACCOUNT}:root",
        "RetiringPrincipal": f"arn:aws:iam::{ACCOUNT}:root",
        "Operations": ["Encrypt"],
        "PendingWindowInDays": 1,
        "Policy": BROKEN,
        "Tags": [{"TagKey": "k", "TagValue": "v"}],
        "TagKeys": ["k"],
        **({"NumberOfBytes": 8} if operation in _BYTES else {}),
    }


def _of_secrets(operation: str, names: Mapping[str, str]) -> Mapping[str, Any]:
    return {
        "SecretId": names["secret"],
        "SecretIdList": [names["secret"]],
        "Name": names["secret"],
        "VersionStage": "none",
        "ResourcePolicy": BROKEN,
        "Tags": [{"Key": "k", "Value": "v"}],
        "TagKeys": ["k"],
        **(
            {"SecretString": "nobody is told of it"}
            if operation in {"CreateSecret", "PutSecretValue", "UpdateSecret"}
            else {}
        ),
    }
