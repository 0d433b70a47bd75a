"""Layers through boto3: uploads in parts with every documented refusal, and what download URLs are good for."""

import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import msgspec
import pytest
import urllib3
from botocore.exceptions import ClientError

from entrepot.seal import Seal, load_master_key, tokens
from tests.behaviour.doors import push
from tests.factories.layouts import Content, image
from tests.factories.processes import Server
from tests.factories.waiting import wait

ACCOUNT = "000000000000"
ABSENT = "sha256:" + "0" * 64
MIB = 1024 * 1024


def refusal(operation: Callable[..., Any], **parameters: Any) -> tuple[str, str]:
    """(code, message) of a call that must be refused."""
    return refused(operation, **parameters)["Error"]["Code"], refused_message(operation, **parameters)


def refused(operation: Callable[..., Any], **parameters: Any) -> dict[str, Any]:
    """The whole parsed answer of a call that must be refused."""
    with pytest.raises(ClientError) as error:
        operation(**parameters)
    response: dict[str, Any] = error.value.response
    return response


def refused_message(operation: Callable[..., Any], **parameters: Any) -> str:
    return str(refused(operation, **parameters)["Error"]["Message"])


@pytest.fixture
def upload(ecr, repository) -> "Upload":
    return Upload(ecr, repository)


class Upload:
    """One session."""

    def __init__(self, ecr: Any, repository: str) -> None:
        self.ecr, self.repository = ecr, repository
        started = ecr.initiate_layer_upload(repositoryName=repository)
        self.id, self.part_size = started["uploadId"], started["partSize"]
        self.key = {"repositoryName": repository, "uploadId": self.id}

    def part(self, first: int, data: bytes, last: int | None = None) -> dict[str, Any]:
        last = first + len(data) - 1 if last is None else last
        return {**self.key, "partFirstByte": first, "partLastByte": last, "layerPartBlob": data}

    def send(self, first: int, data: bytes) -> int:
        return int(self.ecr.upload_layer_part(**self.part(first, data))["lastByteReceived"])

    def complete(self, *digests: str) -> dict[str, Any]:
        return {**self.key, "layerDigests": list(digests)}


def test_a_session_is_a_uuid_with_parts_of_ten_mebibytes(upload: Upload):
    assert str(uuid.UUID(upload.id)) == upload.id
    assert upload.part_size == 10 * MIB


def test_parts_are_told_and_completed(upload: Upload):
    blob = Content("", bytes(5 * MIB) + b"end")
    assert upload.send(0, blob.data[: 5 * MIB]) == 5 * MIB - 1
    assert upload.send(5 * MIB, blob.data[5 * MIB :]) == len(blob.data) - 1
    told = upload.ecr.complete_layer_upload(**upload.complete(blob.digest))
    told.pop("ResponseMetadata")
    assert told == {"registryId": ACCOUNT, **upload.key, "layerDigest": blob.digest}


def test_a_part_out_of_order_tells_the_last_valid_byte(upload: Upload):
    upload.send(0, b"0123456789")
    for first in (0, 9, 11, 2**40):
        answer = refused(upload.ecr.upload_layer_part, **upload.part(first, b"x"))
        assert answer["Error"]["Code"] == "InvalidLayerPartException"
        assert answer["lastValidByteReceived"] == 9
        assert (answer["registryId"], answer["repositoryName"], answer["uploadId"]) == (
            ACCOUNT,
            upload.repository,
            upload.id,
        )
    assert upload.send(10, b"x") == 10


@pytest.mark.parametrize(("first", "last"), [(0, 1), (0, 99), (5, 4), (0, 2**62)])
def test_a_part_of_another_length_than_it_says_is_refused(upload: Upload, first: int, last: int):
    ask = upload.part(first, b"0123456789", last)
    assert refusal(upload.ecr.upload_layer_part, **ask)[0] == "InvalidParameterException"
    assert upload.send(0, b"0") == 0


def test_a_part_has_twenty_mebibytes_at_most(upload: Upload):
    code, message = refusal(upload.ecr.upload_layer_part, **upload.part(0, bytes(20 * MIB + 1)))
    assert (code, "less than or equal to 20971520" in message) == ("InvalidParameterException", True)


def test_a_small_part_is_the_last_one(upload: Upload):
    blob = Content("", b"first" + bytes(10))
    upload.send(0, b"first")
    upload.send(5, bytes(10))
    code, message = refusal(upload.ecr.complete_layer_upload, **upload.complete(blob.digest))
    assert code == "LayerPartTooSmallException"
    assert re.search(r"\b5\b", message)


def test_an_upload_without_bytes_is_empty(upload: Upload):
    code, message = refusal(upload.ecr.complete_layer_upload, **upload.complete(ABSENT))
    assert (code, upload.id in message) == ("EmptyUploadException", True)


def test_no_digest_that_fits_is_an_invalid_layer(upload: Upload):
    upload.send(0, b"bytes")
    answer = refused(upload.ecr.complete_layer_upload, **upload.complete(ABSENT))
    assert answer["Error"]["Code"] == "InvalidLayerException"
    assert answer["Error"]["Message"].startswith("None of the provided layer digests match the calculated layer digest")


def test_one_of_several_digests_is_enough(upload: Upload):
    blob = Content("", b"one of them")
    upload.send(0, blob.data)
    told = upload.ecr.complete_layer_upload(**upload.complete(ABSENT, blob.digest))
    assert told["layerDigest"] == blob.digest


@pytest.mark.parametrize(
    "bad", ["sha256:xyz", "none", "sha256:" + "0" * 63, "md5:" + "0" * 32, "sha256:" + "0" * 64 + "\n"]
)
def test_a_digest_that_is_none_is_an_invalid_parameter(upload: Upload, bad: str):
    upload.send(0, b"bytes")
    assert refusal(upload.ecr.complete_layer_upload, **upload.complete(bad))[0] == "InvalidParameterException"
    ask = {"repositoryName": upload.repository, "layerDigest": bad}
    assert refusal(upload.ecr.get_download_url_for_layer, **ask)[0] == "InvalidParameterException"


def test_a_layer_that_is_there_already_is_told(upload: Upload, ecr, repository):
    blob = Content("", b"twice")
    upload.send(0, blob.data)
    ecr.complete_layer_upload(**upload.complete(blob.digest))
    again = Upload(ecr, repository)
    again.send(0, blob.data)
    answer = refused(ecr.complete_layer_upload, **again.complete(blob.digest))
    assert answer["Error"]["Code"] == "LayerAlreadyExistsException"
    assert answer["Error"]["Message"] == (
        f"The layer with digest '{blob.digest}' already exists in the repository with name '{repository}' in the "
        f"registry with id '{ACCOUNT}'"
    )


def test_a_session_of_nobody_and_of_another_repository_is_not_found(upload: Upload, ecr, make_repository):
    other = make_repository()
    finished = Upload(ecr, other)
    finished.send(0, b"x")
    ecr.complete_layer_upload(**finished.complete(Content("", b"x").digest))
    for name, session in ((upload.repository, str(uuid.uuid4())), (other, upload.id), (other, finished.id)):
        text = (
            f"The upload with id '{session}' could not be found in the repository with name '{name}' in the registry "
            f"with id '{ACCOUNT}'"
        )
        ask = {"repositoryName": name, "uploadId": session}
        part = {"partFirstByte": 0, "partLastByte": 0, "layerPartBlob": b"x"}
        assert refusal(ecr.upload_layer_part, **ask, **part) == ("UploadNotFoundException", text)
        assert refusal(ecr.complete_layer_upload, **ask, layerDigests=[ABSENT]) == ("UploadNotFoundException", text)


def test_a_session_id_that_is_none_is_an_invalid_parameter(ecr, repository):
    for session in ("x", "../" * 12, str(uuid.uuid4()) + "\n", ""):
        ask = {"repositoryName": repository, "uploadId": session, "layerDigests": [ABSENT]}
        assert refusal(ecr.complete_layer_upload, **ask)[0] == "InvalidParameterException"


def test_availability_tells_what_is_there_and_what_is_no_digest(ecr, doors, repository):
    content = image(700)
    push(doors["aws"], repository, content, "v1")
    layer = content.layers[0]
    asked = [layer.digest, ABSENT, "", "sha256:xyz", layer.digest]
    answer = ecr.batch_check_layer_availability(repositoryName=repository, layerDigests=asked)
    assert answer["layers"] == [
        {
            "layerDigest": layer.digest,
            "layerAvailability": "AVAILABLE",
            "layerSize": len(layer.data),
            "mediaType": layer.media_type,
        },
        {"layerDigest": ABSENT, "layerAvailability": "UNAVAILABLE"},
    ]
    regex = "Invalid request parameters: layer digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'"
    assert answer["failures"] == [
        {
            "layerDigest": "",
            "failureCode": "MissingLayerDigest",
            "failureReason": "Invalid request parameters: layer digest cannot be empty",
        },
        {"layerDigest": "sha256:xyz", "failureCode": "InvalidLayerDigest", "failureReason": regex},
    ]
    ask = {"repositoryName": repository, "layerDigests": [ABSENT] * 101}
    assert "less than or equal to 100" in refused_message(ecr.batch_check_layer_availability, **ask)
    ask = {"repositoryName": repository, "layerDigests": ["x" * 1001]}
    assert "less than or equal to 1000" in refused_message(ecr.batch_check_layer_availability, **ask)


def test_a_layer_has_a_url_once_an_image_names_it(ecr, doors, repository):
    ask = {"repositoryName": repository, "layerDigest": ABSENT}
    text = (
        f"The layer with digest {ABSENT} does not exist within the repository with name '{repository}' in the registry "
        f"with id '{ACCOUNT}'"
    )
    assert refusal(ecr.get_download_url_for_layer, **ask) == ("LayersNotFoundException", text)
    content = image(701)
    ask["layerDigest"] = content.layers[0].digest
    for blob in content.blobs:
        doors["aws"].upload(repository, blob)
    assert refusal(ecr.get_download_url_for_layer, **ask)[0] == "LayerInaccessibleException"
    doors["aws"].put(repository, content.manifest, "v1")
    assert ecr.get_download_url_for_layer(**ask)["layerDigest"] == content.layers[0].digest


@pytest.fixture
def download(server: Server, ecr, doors, make_repository) -> "Download":
    return Download(server, ecr, doors, make_repository)


class Download:
    """A URL for the first layer of an image, and a client without credentials."""

    def __init__(self, server: Server, ecr: Any, doors: Any, make_repository: Callable[..., str]) -> None:
        self.server = server
        self.content = image(702)
        self.repository, self.other = make_repository(), make_repository()
        for name in (self.repository, self.other):
            push(doors["aws"], name, self.content, "v1")
        self.layer = self.content.layers[0]
        ask = {"repositoryName": self.repository, "layerDigest": self.layer.digest}
        self.url: str = ecr.get_download_url_for_layer(**ask)["downloadUrl"]
        self.token = parse_qs(urlsplit(self.url).query)["token"][0]

    def get(self, url: str, method: str = "GET", **headers: str) -> urllib3.BaseHTTPResponse:
        with urllib3.PoolManager(retries=False, timeout=20) as pool:
            return pool.request(method, url, headers=headers, redirect=False)

    def at(self, repository: str, what: str, token: str) -> str:
        return f"{self.server.base_url}/v2/{repository}/{what}?token={quote(token)}"


def test_a_download_url_needs_no_credentials_and_may_be_used_again(download: Download):
    for _ in range(2):
        answer = download.get(download.url)
        assert (answer.status, answer.data) == (200, download.layer.data)
    assert download.get(download.url, Range="bytes=1-3").data == download.layer.data[1:4]


def test_a_download_url_is_good_for_its_own_blob_only(download: Download):
    config, token = download.content.config.digest, download.token
    for url in (
        download.at(download.repository, f"blobs/{config}", token),
        download.at(download.other, f"blobs/{download.layer.digest}", token),
        download.at(download.repository, f"blobs/{download.layer.digest}", token[:-2] + "AA"),
        download.at(download.repository, f"blobs/{download.layer.digest}", "x"),
    ):
        assert download.get(url).status == 401, url
    for what in ("manifests/v1", "tags/list", f"referrers/{download.content.digest}"):
        assert download.get(download.at(download.repository, what, token)).status == 401, what
    for method in ("DELETE", "PUT", "POST", "PATCH"):
        assert download.get(download.url, method).status in (401, 405), method
    assert download.get(download.url).status == 200


def test_the_token_of_a_download_is_no_login(download: Download):
    basic = urllib3.make_headers(basic_auth=f"AWS:{download.token}")["authorization"]
    for authorization in (basic, f"Bearer {download.token}"):
        url = f"{download.server.base_url}/v2/"
        assert download.get(url, Authorization=authorization).status == 401


def test_a_login_is_no_download(download: Download):
    url = download.at(download.repository, f"blobs/{download.layer.digest}", download.server.token())
    assert download.get(url).status == 401


def test_a_download_url_holds_a_quarter_of_an_hour(download: Download):
    seal = Seal(load_master_key(download.server.data / "secret.key", create=False))
    claims = tokens.read(seal, download.token)
    assert claims.expires_at - claims.issued_at == timedelta(minutes=15)
    path = f"blobs/{download.layer.digest}"
    for ago, status in ((timedelta(minutes=14), 200), (timedelta(minutes=16), 403)):
        moved = msgspec.structs.replace(claims, expires_at=claims.expires_at - ago)
        assert download.get(download.at(download.repository, path, tokens.issue(seal, moved))).status == status


def test_a_download_url_ends_with_its_image(download: Download, ecr):
    ecr.delete_repository(repositoryName=download.repository, force=True)
    assert download.get(download.url).status == 404


def test_no_secret_is_written_to_logs_or_in_the_clear(download: Download):
    server = download.server
    assert download.get(download.url).status == 200
    login = server.token()
    basic = urllib3.make_headers(basic_auth=f"AWS:{login}")["authorization"]
    assert download.get(f"{server.base_url}/v2/", Authorization=basic).status == 200
    assert download.get(f"{server.base_url}/v2/?token={login}").status == 401
    await_line(server, "/blobs/")
    canaries = [server.credentials.secret_access_key, download.token, login, basic.partition(" ")[2]]
    written = [server.log.read_bytes()]
    written += [path.read_bytes() for path in server.data.rglob("*") if path.is_file() and path.name != "credentials"]
    for canary in canaries:
        for plain in (canary, quote(canary)):
            assert not any(plain.encode() in data for data in written), "a secret stands in the clear"


def await_line(server: Server, text: str) -> None:
    """Until the access log, which is written in batches, has a line with this text."""
    wait(lambda: text in server.log.read_text(), what=f"a line with {text}")
