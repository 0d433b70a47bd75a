"""A server that is killed between a push and its signature leaves exactly one signature in the end, and one job."""

import json
from pathlib import Path
from typing import Any

import pytest

from entrepot.spec import notation
from tests.factories.layouts import Image, image, manifest
from tests.factories.processes import Server, serve
from tests.factories.registry import Registry
from tests.factories.waiting import wait

REPOSITORY, PROFILE = "killed/signed", "killed"
NOTATION = "Notation-OCI-SHA384-ECDSA"
IMAGES, KILLS = 12, 3
pytestmark = pytest.mark.timeout(300)


def push(server: Server, start: int, number: int = IMAGES) -> list[str]:
    """Images that share their blobs; their digests."""
    registry, base = Registry(server), image(1, layers=1, size=64)
    for blob in base.blobs:
        registry.push_blob(REPOSITORY, blob)
    found = []
    for each in range(start, start + number):
        content = manifest(base.config, base.layers, annotations={"number": str(each)})
        made = Image(content, base.config, base.layers)
        assert registry.put_manifest(REPOSITORY, f"v{each}", made.manifest).status == 201
        found.append(made.digest)
    return found


def statuses(ecr: Any, digest: str) -> list[str]:
    image_id = {"imageDigest": digest}
    found = ecr.describe_image_signing_status(repositoryName=REPOSITORY, imageId=image_id)["signingStatuses"]
    return [each["status"] for each in found]


def wait_for(ecr: Any, digest: str) -> None:
    wait(lambda: statuses(ecr, digest) == ["COMPLETE"], 60, f"{digest} is signed")


def referrers(registry: Registry, digest: str) -> list[str]:
    """The signatures of an image."""
    listed = registry.request("GET", f"/v2/{REPOSITORY}/referrers/{digest}?artifactType={notation.ARTIFACT}")
    return [each["digest"] for each in json.loads(listed.data)["manifests"]]


def jobs(signer: Any) -> int:
    pages = signer.get_paginator("list_signing_jobs").paginate()
    return sum(len(page["jobs"]) for page in pages)


def test_whatever_is_pushed_before_a_kill_is_signed_once_after_it(tmp_path: Path):
    pushed: list[str] = []
    for number in range(KILLS):
        with serve(tmp_path) as server:
            if number == 0:
                server.client().create_repository(repositoryName=REPOSITORY)
                made = server.client("signer").put_signing_profile(profileName=PROFILE, platformId=NOTATION)
                rules = {"rules": [{"signingProfileArn": made["arn"]}]}
                server.client().put_signing_configuration(signingConfiguration=rules)
            pushed += push(server, number * IMAGES)
            if number:  # once before anything is signed, or nearly so; then while it is
                wait_for(server.client(), pushed[-IMAGES])
            server.kill()
    with serve(tmp_path) as server:
        ecr, registry = server.client(), Registry(server)
        for digest in pushed:
            wait_for(ecr, digest)
        assert [len(referrers(registry, digest)) for digest in pushed] == [1] * len(pushed)
        assert jobs(server.client("signer")) == len(pushed)


def test_a_signature_goes_to_the_trash_with_its_image_and_comes_back_whole_whatever_is_killed(tmp_path: Path):
    with serve(tmp_path) as server:
        ecr, own = server.client(), server.client("entrepot")
        ecr.create_repository(repositoryName=REPOSITORY)
        made = server.client("signer").put_signing_profile(profileName=PROFILE, platformId=NOTATION)
        ecr.put_signing_configuration(signingConfiguration={"rules": [{"signingProfileArn": made["arn"]}]})
        own.put_trash_configuration(graceSeconds=3600)
        digest = push(server, 0, 1)[0]
        wait_for(ecr, digest)
        before = referrers(Registry(server), digest)
        ecr.batch_delete_image(repositoryName=REPOSITORY, imageIds=[{"imageDigest": digest}])
        server.kill()
    with serve(tmp_path) as server:
        ecr, registry = server.client(), Registry(server)
        assert ecr.list_images(repositoryName=REPOSITORY)["imageIds"] == []
        restored = server.client("entrepot").restore_image(repositoryName=REPOSITORY, imageDigest=digest)["images"]
        assert {each["imageDigest"] for each in restored} == {digest, *before}
        server.kill()
    with serve(tmp_path) as server:
        ecr, registry = server.client(), Registry(server)
        assert (referrers(registry, digest), statuses(ecr, digest)) == (before, ["COMPLETE"])
        body = json.loads(registry.pull_manifest(REPOSITORY, before[0]).data)
        assert json.loads(registry.pull_blob(REPOSITORY, body["layers"][0]["digest"]))["signature"]
        assert jobs(server.client("signer")) == 1, "it is not signed again"
        ecr.batch_delete_image(repositoryName=REPOSITORY, imageIds=[{"imageDigest": digest}])
        assert ecr.list_images(repositoryName=REPOSITORY)["imageIds"] == []  # the signature is the registry's still
