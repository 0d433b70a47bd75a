"""Encrypted repositories as an operator sees them: after a kill, while a key cannot be used, and by the programs that
read layers.
"""

import json
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.factories.advisory_files import dump, record
from tests.factories.layouts import Content, archive, image_of
from tests.factories.processes import Server, serve
from tests.factories.registry import Registry, with_query
from tests.factories.waiting import wait
from tests.operation.commands import entrepot

RELEASE = b'ID=debian\nVERSION_ID="12"\n'
STATUS = b"Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.2\n\n"
SBOM = "application/vnd.cyclonedx+json"
CHUNK = 256 * 1024
PLATFORMS = {"notation": "Notation-OCI-SHA384-ECDSA", "cosign": "Cosign-OCI-SHA256-ECDSA"}


def encrypted(server: Server, name: str, **settings: Any) -> str:
    """A repository with a key of its own, whose ARN this is."""
    key = str(server.client("kms").create_key()["KeyMetadata"]["Arn"])
    configuration = {"encryptionType": "KMS", "kmsKey": key}
    server.client().create_repository(repositoryName=name, encryptionConfiguration=configuration, **settings)
    return key


def held(data: Path, text: bytes) -> list[str]:
    """The files below a directory that hold a text in the open."""
    return [str(path) for path in data.rglob("*") if path.is_file() and text in path.read_bytes()]


@pytest.mark.parametrize("first", [1, CHUNK - 1, CHUNK + 5])
def test_an_encrypted_upload_goes_on_after_a_kill_and_is_nowhere_in_the_open(tmp_path: Path, first: int):
    canary = secrets.token_bytes(40)
    blob = Content("", canary * (2 * CHUNK // 40))
    with serve(tmp_path) as server:
        encrypted(server, "app")
        registry = Registry(server)
        location = registry.request("POST", "/v2/app/blobs/uploads/", b"").headers["Location"]
        begun = registry.request("PATCH", location, blob.data[:first], Content_Type="application/octet-stream")
        assert begun.status == 202
        server.kill()
    assert held(tmp_path, canary) == []
    with serve(tmp_path) as server:
        registry = Registry(server)
        path = begun.headers["Location"].partition("/v2/")[2]
        closing = with_query(f"/v2/{path}", digest=blob.digest)
        ended = registry.request("PUT", closing, blob.data[first:], Content_Type="application/octet-stream")
        assert ended.status == 201, ended.data
        assert registry.pull_blob("app", blob.digest) == blob.data
        server.kill()
    assert held(tmp_path, canary) == []
    with serve(tmp_path) as server:
        assert Registry(server).pull_blob("app", blob.digest) == blob.data


def test_what_no_key_opens_is_told_and_is_not_damaged(tmp_path: Path):
    made = image_of(archive({"file": b"x"}))
    with serve(tmp_path, environment={"ENTREPOT_STORAGE_ENCRYPTION": "disk: LUKS"}) as server:
        key, registry, place = encrypted(server, "app"), Registry(server), ("--data", server.data, "--output", "json")
        server.client().create_repository(repositoryName="plain")
        for name in ("app", "plain"):
            registry.push(name, made, "v1")
        sizes = sum(len(blob.data) for blob in made.blobs)
        ended = entrepot("encryption", "status", *place, ENTREPOT_STORAGE_ENCRYPTION="disk: LUKS")
        used = {"key": key, "state": "Enabled", "repositories": 1, "blobs": 2, "bytes": sizes}
        assert (ended.status, ended.result["keys"]) == (0, [used])
        assert ended.result["AES256: the storage's own encryption"] == "disk: LUKS"
        assert (ended.result["blobs without a key"], ended.result["bytes without a key"]) == (2, sizes)
        whole = entrepot("fsck", *place)
        assert (whole.status, whole.result["no key opens"], whole.result["blobs"]) == (0, [], 4)
        server.client("kms").schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
        ended = entrepot("encryption", "status", *place)
        assert (ended.status, ended.result["keys"]) == (1, [used | {"state": "PendingDeletion"}])
        locked = entrepot("fsck", *place, "--repair")
        assert (locked.status, locked.result["damaged"], len(locked.result["no key opens"])) == (0, [], 2)
        assert all("is pending deletion" in line for line in locked.result["no key opens"])
        assert registry.request("GET", "/v2/app/manifests/v1").status == 403
        server.client("kms").cancel_key_deletion(KeyId=key)
        server.client("kms").enable_key(KeyId=key)
        assert registry.pull("app", "v1") == registry.pull("plain", "v1")


def test_encrypted_layers_are_scanned_and_their_sboms_are_encrypted(tmp_path: Path):
    made = image_of(archive({"etc/os-release": RELEASE, "var/lib/dpkg/status": STATUS}))
    with serve(tmp_path) as server:
        advisories = dump(tmp_path / "Debian" / "all.zip", [record("DSA-1")])
        assert entrepot("vulndb", "import", advisories, "--data", server.data).status == 0
        ecr, registry, image = server.client(), Registry(server), {"imageDigest": made.digest}
        ecr.put_account_setting(name="SBOM_REFERRERS", value="ENABLED")
        encrypted(server, "app", imageScanningConfiguration={"scanOnPush": True})
        registry.push("app", made, "v1")

        def status(name: str) -> dict[str, Any]:
            told = ecr.describe_image_scan_findings(repositoryName=name, imageId=image)
            return dict(told["imageScanStatus"])

        wait(lambda: status("app")["status"] != "IN_PROGRESS", 90)
        assert status("app")["status"] == "COMPLETE"
        answer = registry.request("GET", f"/v2/app/referrers/{made.digest}?artifactType={quote(SBOM)}")
        (found,) = json.loads(answer.data)["manifests"]
        (layer,) = json.loads(registry.request("GET", f"/v2/app/manifests/{found['digest']}").data)["layers"]
        assert b"bash" in registry.pull_blob("app", layer["digest"])
        assert [path.suffix for path in (server.data / "blobs").rglob("*") if path.is_file()] == [".sealed"] * 4
        shown = entrepot("scan", "app:v1", "--data", server.data, "--format", "json")
        assert (shown.status, shown.result["digest"]) == (0, made.digest), shown


def test_what_is_pushed_to_an_encrypted_repository_is_signed_and_so_are_its_signatures_kept(tmp_path: Path):
    """They are encrypted as all there is, read back after a kill, and made again once the key can be used again."""
    made, other = image_of(archive({"file": b"signed"})), image_of(archive({"file": b"later"}))
    with serve(tmp_path) as server:
        ecr, registry = server.client(), Registry(server)
        key = encrypted(server, "app")
        arns = [
            server.client("signer").put_signing_profile(profileName=name, platformId=platform)["arn"]
            for name, platform in PLATFORMS.items()
        ]
        rules = [{"signingProfileArn": each} for each in arns]
        ecr.put_signing_configuration(signingConfiguration={"rules": rules})
        registry.push("app", made, "v1")
        wait(lambda: signings(ecr, made.digest) == ["COMPLETE"] * 2, 60, "signed")
        files = [path for path in (server.data / "blobs").rglob("*") if path.is_file()]
        assert {path.suffix for path in files} == {".sealed"}
        assert len(files) == len(made.blobs) + 3  # two envelopes and an empty config
        server.client("kms").disable_key(KeyId=key)
        assert registry.request("GET", f"/v2/app/manifests/{signatures(server, made.digest)[0]}").status == 403
        server.kill()
    assert held(tmp_path / "blobs", b"signature") == []
    with serve(tmp_path) as server:
        ecr, registry = server.client(), Registry(server)
        server.client("kms").enable_key(KeyId=key)
        for each in signatures(server, made.digest):
            manifest = json.loads(registry.pull_manifest("app", each).data)
            assert b"payload" in registry.pull_blob("app", manifest["layers"][0]["digest"])
        registry.push("app", other, "v2")
        wait(lambda: signings(ecr, other.digest) == ["COMPLETE"] * 2, 60, "signed")


def signings(ecr: Any, digest: str) -> list[str]:
    """How far each profile is with an image."""
    told = ecr.describe_image_signing_status(repositoryName="app", imageId={"imageDigest": digest})
    return [each["status"] for each in told["signingStatuses"]]


def signatures(server: Server, digest: str) -> list[str]:
    """The manifests of an image's signatures."""
    listed = server.client().list_image_referrers(repositoryName="app", subjectId={"imageDigest": digest})
    return [str(each["digest"]) for each in listed["referrers"]]
