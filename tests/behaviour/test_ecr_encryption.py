"""Repositories encrypted with keys of KMS, through both doors: what is pushed comes back, lies on the disk encrypted, and
is refused clearly while its key cannot be used.
"""

import json
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.behaviour.callers import User, allow, policy
from tests.behaviour.doors import Door, push
from tests.behaviour.identities import ACCOUNT, refusal
from tests.factories.layouts import OCI_CONFIG, OCI_LAYER, OCI_MANIFEST, Content, Image
from tests.factories.processes import Server
from tests.factories.registry import Registry, with_query

CHUNK = 256 * 1024
KMS = {"encryptionType": "KMS"}


@pytest.fixture(scope="session")
def kms(server: Server) -> Any:
    return server.client("kms")


@pytest.fixture
def key(kms: Any) -> str:
    return str(kms.create_key()["KeyMetadata"]["Arn"])


@pytest.fixture
def encrypted(make_repository: Callable[..., str], key: str) -> str:
    return make_repository(encryptionConfiguration={**KMS, "kmsKey": key})


@pytest.fixture(scope="session")
def registry(server: Server) -> Registry:
    return Registry(server)


def stored(server: Server) -> Iterator[bytes]:
    """All that lies in the data directory, but for what the server has open in memory."""
    for path in Path(server.data).rglob("*"):
        if path.is_file():
            yield path.read_bytes()


def image_of(*layers: bytes) -> Image:
    """An image of layers that are told by their bytes."""
    config = Content(OCI_CONFIG, json.dumps({"os": "linux", "architecture": "amd64", "id": secrets.token_hex(8)}).encode())
    held = tuple(Content(OCI_LAYER, layer) for layer in layers)
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": config.descriptor(),
        "layers": [each.descriptor() for each in held],
    }
    return Image(Content(OCI_MANIFEST, json.dumps(manifest).encode()), config, held)


def files(server: Server, digest: str) -> list[Path]:
    return sorted((server.data / "blobs" / "sha256").glob(f"*/{digest.partition(':')[2]}.*"))


def test_a_repository_has_the_key_it_was_given_by_any_name_or_the_accounts_own(
    ecr: Any, kms: Any, make_repository: Callable[..., str], key: str
):
    alias = f"alias/of-{key[-36:]}"
    kms.create_alias(AliasName=alias, TargetKeyId=key)
    for named in (key, key[-36:], alias):
        name = make_repository(encryptionConfiguration={**KMS, "kmsKey": named})
        (shown,) = ecr.describe_repositories(repositoryNames=[name])["repositories"]
        assert shown["encryptionConfiguration"] == {**KMS, "kmsKey": key}
    name = make_repository(encryptionConfiguration=KMS)
    (shown,) = ecr.describe_repositories(repositoryNames=[name])["repositories"]
    own = kms.describe_key(KeyId="alias/aws/ecr")["KeyMetadata"]
    assert shown["encryptionConfiguration"] == {**KMS, "kmsKey": own["Arn"]}
    assert own["KeyManager"] == "AWS"


def test_ecr_has_two_grants_for_as_long_as_there_is_the_repository(ecr: Any, kms: Any, encrypted: str, key: str):
    grants = kms.list_grants(KeyId=key)["Grants"]
    assert [sorted(each["Operations"]) for each in grants] == [["Decrypt", "GenerateDataKey"]] * 2
    arn = f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/{encrypted}"
    for each in grants:
        assert each["GranteePrincipal"] == each["RetiringPrincipal"] == "ecr.us-east-1.amazonaws.com"
        assert each["Constraints"] == {"EncryptionContextSubset": {"aws:ecr:arn": arn}}
    ecr.delete_repository(repositoryName=encrypted)
    assert kms.list_grants(KeyId=key)["Grants"] == []


def test_what_is_pushed_is_pulled_and_lies_nowhere_in_plain(
    server: Server, door: Door, reader: Door, encrypted: str, registry: Registry
):
    canary = secrets.token_bytes(64)
    made = image_of(canary * 9000, canary)
    push(door, encrypted, made, "v1")
    for blob in made.blobs:
        assert registry.pull_blob(encrypted, blob.digest) == blob.data
        assert [path.suffix for path in files(server, blob.digest)] == [".sealed"]
    assert not any(canary[:32] in data for data in stored(server))
