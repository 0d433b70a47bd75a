"""Repositories encrypted with keys of KMS, through both doors: what is pushed comes back, lies on the disk encrypted,
and is refused clearly while its key cannot be used.
"""

import json
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3
from botocore.exceptions import ClientError

from tests.behaviour.callers import User, allow
from tests.behaviour.doors import Door, push
from tests.behaviour.identities import ACCOUNT, refusal
from tests.behaviour.looked_up import awaited, lookup
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
    config = Content(
        OCI_CONFIG, json.dumps({"os": "linux", "architecture": "amd64", "id": secrets.token_hex(8)}).encode()
    )
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


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (0, 0),
        (0, 99),
        (CHUNK - 1, CHUNK),
        (CHUNK, 2 * CHUNK - 1),
        (CHUNK - 5, 3 * CHUNK + 5),
        (3 * CHUNK, 3 * CHUNK + 9),
    ],
)
def test_any_range_of_an_encrypted_blob_is_read(registry: Registry, encrypted: str, first: int, last: int):
    blob = Content("", secrets.token_bytes(3 * CHUNK + 10))
    registry.push_blob(encrypted, blob)
    answer = registry.request("GET", f"/v2/{encrypted}/blobs/{blob.digest}", Range=f"bytes={first}-{last}")
    assert (answer.status, answer.data) == (206, blob.data[first : last + 1])


def test_an_upload_in_pieces_that_end_anywhere_is_the_whole(server: Server, registry: Registry, encrypted: str):
    canary = secrets.token_bytes(48)
    data = canary * 12_000
    blob = Content("", data)
    location = registry.request("POST", f"/v2/{encrypted}/blobs/uploads/", b"").headers["Location"]
    at = 0
    for size in (1, CHUNK - 1, 7, CHUNK, 48 * 12_000):
        piece = data[at : at + size]
        answer = registry.request("PATCH", location, piece, Content_Type="application/octet-stream")
        assert answer.status == 202
        location, at = answer.headers["Location"], at + len(piece)
        assert not any(canary[:24] in held for held in stored(server))
    assert registry.request("PUT", with_query(location, digest=blob.digest), b"").status == 201
    assert registry.pull_blob(encrypted, blob.digest) == data


def test_a_digest_is_held_once_for_each_key_and_mounted_within_one(
    server: Server, registry: Registry, make_repository: Callable[..., str], encrypted: str, key: str
):
    same, plain = make_repository(encryptionConfiguration={**KMS, "kmsKey": key}), make_repository()
    made = image_of(secrets.token_bytes(1000))
    (layer,) = made.layers
    registry.push(encrypted, made, "v1")
    first = files(server, layer.digest)
    assert len(first) == 1
    for target, status in ((same, 201), (plain, 202)):
        path = f"/v2/{target}/blobs/uploads/?mount={layer.digest}&from={encrypted}"
        assert registry.request("POST", path, b"").status == status
    registry.push_blob(plain, layer)
    assert len(files(server, layer.digest)) == 2
    assert registry.pull_blob(same, layer.digest) == registry.pull_blob(plain, layer.digest) == layer.data


def test_what_was_mounted_outlives_the_repository_it_came_from(
    ecr: Any, registry: Registry, make_repository: Callable[..., str], encrypted: str, key: str
):
    other = make_repository(encryptionConfiguration={**KMS, "kmsKey": key})
    made = image_of(secrets.token_bytes(1000))
    registry.push(encrypted, made, "v1")
    for blob in made.blobs:
        path = f"/v2/{other}/blobs/uploads/?mount={blob.digest}&from={encrypted}"
        assert registry.request("POST", path, b"").status == 201
    ecr.delete_repository(repositoryName=encrypted, force=True)
    assert registry.pull_blob(other, made.layers[0].digest) == made.layers[0].data


def test_a_copy_between_different_keys_is_encrypted_anew(
    server: Server, registry: Registry, make_repository: Callable[..., str], encrypted: str
):
    plain = make_repository()
    made = image_of(secrets.token_bytes(CHUNK + 1))
    registry.push(encrypted, made, "v1")
    client = server.client("entrepot")
    client.copy_image(sourceRepositoryName=encrypted, sourceImageId={"imageTag": "v1"}, repositoryName=plain)
    assert registry.pull(plain, "v1") == registry.pull(encrypted, "v1")
    back = make_repository(encryptionConfiguration=KMS)
    client.copy_image(sourceRepositoryName=plain, sourceImageId={"imageTag": "v1"}, repositoryName=back)
    assert registry.pull_blob(back, made.layers[0].digest) == made.layers[0].data
    assert len(files(server, made.layers[0].digest)) == 3


def test_a_key_that_is_disabled_refuses_everything_clearly_and_heals_when_it_is_enabled(
    ecr: Any, kms: Any, registry: Registry, encrypted: str, key: str
):
    made = image_of(secrets.token_bytes(1000))
    (layer,) = made.layers
    registry.push(encrypted, made, "v1")
    session = ecr.initiate_layer_upload(repositoryName=encrypted)["uploadId"]
    kms.disable_key(KeyId=key)
    for method, path in (
        ("GET", f"blobs/{layer.digest}"),
        ("HEAD", f"blobs/{layer.digest}"),
        ("GET", "manifests/v1"),
        ("POST", "blobs/uploads/"),
    ):
        answer = registry.request(method, f"/v2/{encrypted}/{path}", Accept=OCI_MANIFEST)
        assert answer.status == 403, (method, path)
        assert method == "HEAD" or (b"DENIED" in answer.data and b"is disabled" in answer.data)
    where = {"repositoryName": encrypted}
    part = {"uploadId": session, "partFirstByte": 0, "partLastByte": 0, "layerPartBlob": b"x"}
    for operation, given in (
        (ecr.initiate_layer_upload, {}),
        (ecr.upload_layer_part, part),
        (ecr.put_image, {"imageManifest": made.manifest.data.decode(), "imageTag": "v2"}),
    ):
        with pytest.raises(ClientError) as refused:
            operation(**where, **given)
        assert refused.value.response["Error"]["Code"] == "KmsException"
        assert refused.value.response["kmsError"] == "DisabledException"
    (failure,) = ecr.batch_get_image(**where, imageIds=[{"imageTag": "v1"}])["failures"]
    assert failure["failureCode"] == "KmsError"
    code, message = refusal(ecr.get_download_url_for_layer, **where, layerDigest=layer.digest)
    assert (code, "is disabled" in message) == ("LayerInaccessibleException", True)
    kms.enable_key(KeyId=key)
    assert registry.pull(encrypted, "v1")[layer.digest] == layer.data
    ecr.upload_layer_part(**where, **part)
    kms.disable_key(KeyId=key)
    ecr.delete_repository(repositoryName=encrypted, force=True)


def test_a_grant_that_is_revoked_ends_what_it_let(kms: Any, registry: Registry, encrypted: str, key: str):
    made = image_of(secrets.token_bytes(1000))
    registry.push(encrypted, made, "v1")
    for grant in kms.list_grants(KeyId=key)["Grants"]:
        kms.revoke_grant(KeyId=key, GrantId=grant["GrantId"])
    answer = registry.request("GET", f"/v2/{encrypted}/blobs/{made.layers[0].digest}")
    assert (answer.status, b"not authorized to perform: kms:Decrypt" in answer.data) == (403, True)


def test_keys_that_no_repository_can_have_are_refused_as_kms_says(ecr: Any, kms: Any, server: Server, user: User):
    pair = kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    off = kms.create_key()["KeyMetadata"]["Arn"]
    kms.disable_key(KeyId=off)
    dying = kms.create_key()["KeyMetadata"]["Arn"]
    kms.schedule_key_deletion(KeyId=dying, PendingWindowInDays=7)
    elsewhere = server.client("kms", region="eu-west-1").create_key()["KeyMetadata"]["Arn"]
    name = f"refused/{secrets.token_hex(8)}"
    for named, told in (
        (pair, "InvalidKeyUsageException"),
        (off, "DisabledException"),
        (dying, "KMSInvalidStateException"),
        (elsewhere, "NotFoundException"),
        ("alias/absent", "NotFoundException"),
    ):
        with pytest.raises(ClientError) as refused:
            ecr.create_repository(repositoryName=name, encryptionConfiguration={**KMS, "kmsKey": named})
        response = refused.value.response
        assert (response["Error"]["Code"], response["kmsError"]) == ("KmsException", told), named
    user.put("ecr", allow("ecr:*"))
    fine = kms.create_key()["KeyMetadata"]["Arn"]
    with pytest.raises(ClientError) as refused:
        user.ecr.create_repository(repositoryName=name, encryptionConfiguration={**KMS, "kmsKey": fine})
    assert refused.value.response["kmsError"] == "AccessDeniedException"
    assert refusal(ecr.describe_repositories, repositoryNames=[name])[0] == "RepositoryNotFoundException"


def test_bytes_that_were_changed_on_the_disk_are_never_sent(server: Server, registry: Registry, encrypted: str):
    blob = Content("", secrets.token_bytes(3 * CHUNK))
    registry.push_blob(encrypted, blob)
    (path,) = files(server, blob.digest)
    held = bytearray(path.read_bytes())
    held[2 * CHUNK] ^= 1
    path.write_bytes(held)
    with pytest.raises((urllib3.exceptions.HTTPError, ConnectionError)):
        registry.request("GET", f"/v2/{encrypted}/blobs/{blob.digest}")
    assert registry.request("GET", f"/v2/{encrypted}/blobs/{blob.digest}", Range=f"bytes=0-{CHUNK - 1}").status == 206


def test_kms_tells_what_ecr_does_with_a_key(server: Server, registry: Registry, encrypted: str, key: str):
    made = image_of(secrets.token_bytes(1000))
    registry.push(encrypted, made, "v1")
    for _ in range(3):
        assert registry.pull(encrypted, "v1")[made.layers[0].digest] == made.layers[0].data
    context = {"aws:ecr:arn": f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/{encrypted}"}
    client = server.client("cloudtrail")

    def told(name: str) -> list[dict[str, Any]]:
        found = [json.loads(event["CloudTrailEvent"]) for event in lookup(client, "EventName", name)]
        return [each for each in found if each["requestParameters"].get("keyId") == key]

    made_keys = awaited(lambda: told("GenerateDataKey"), len(made.blobs))
    assert len(made_keys) == len(made.blobs)
    for each in made_keys:
        assert each["requestParameters"] == {"keyId": key, "encryptionContext": context, "keySpec": "AES_256"}
        assert each["eventSource"] == "kms.amazonaws.com"
        assert each["userIdentity"] == {"type": "AWSService", "invokedBy": "ecr.us-east-1.amazonaws.com"}
    grants = awaited(lambda: told("CreateGrant"), 2)
    assert [each["requestParameters"]["constraints"] for each in grants] == [{"encryptionContextSubset": context}] * 2
