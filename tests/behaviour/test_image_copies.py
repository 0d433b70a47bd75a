"""Images copied without moving bytes: `CopyImage` of the service `entrepot`, and the command that asks for it."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.behaviour.callers import User, allow, of
from tests.behaviour.doors import Door, outcome, push
from tests.behaviour.looked_up import awaited, lookup
from tests.behaviour.test_ecr_images import ABSENT, ACCOUNT, refusal
from tests.behaviour.test_referrers_wire import artifact, put
from tests.behaviour.test_resource_policies import PUSHES, READS, grant, set_policy
from tests.factories.layouts import Image, image, index
from tests.factories.processes import Credentials, Server, create_account
from tests.factories.registry import Registry
from tests.operation.commands import Ended, entrepot

TENANT = "777788880000"
V1 = {"imageTag": "v1"}
PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
PUT = ["ecr:InitiateLayerUpload", "ecr:PutImage"]


@pytest.fixture(scope="session")
def tenant(server: Server) -> Credentials:
    """The root keys of another account."""
    return create_account(server, TENANT)


@pytest.fixture(scope="session")
def api(server: Server) -> Any:
    return server.client("entrepot")


def copy(api: Any, source: str, target: str, image_id: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    told: dict[str, Any] = api.copy_image(
        sourceRepositoryName=source, sourceImageId=image_id or V1, repositoryName=target, **more
    )
    return {name: value for name, value in told.items() if name != "ResponseMetadata"}


def bytes_held(server: Server) -> set[Path]:
    """The files of blobs."""
    return {path for path in (server.data / "blobs").rglob("*") if path.is_file()}


def test_a_copy_is_read_by_either_door_and_moves_no_bytes(
    server, api, repository, make_repository, pushed, reader: Door
):
    target, before = make_repository(), bytes_held(server)
    assert copy(api, repository, target) == {
        "registryId": ACCOUNT,
        "repositoryName": target,
        "imageId": {"imageDigest": pushed.digest, "imageTag": "v1"},
        "copiedManifests": 1,
    }
    assert bytes_held(server) == before
    assert reader.read(target, "v1") == pushed.manifest
    assert [reader.read_blob(target, blob.digest) for blob in pushed.blobs] == [blob.data for blob in pushed.blobs]
    reader.delete(repository, pushed.digest)
    assert reader.read_blob(target, pushed.config.digest) == pushed.config.data


def test_a_copy_has_the_tag_that_is_asked_for(api, repository, make_repository, pushed: Image, reader: Door):
    target = make_repository()
    copy(api, repository, target, imageTag="prod")
    assert reader.tags(target) == ["prod"]
    told = copy(api, repository, target, {"imageDigest": pushed.digest})
    assert told["imageId"] == {"imageDigest": pushed.digest}
    assert reader.tags(target) == ["prod"]
    copy(api, repository, repository, imageTag="stable")
    assert reader.read(repository, "stable") == pushed.manifest


def test_an_index_is_copied_with_its_images(doors, api, repository, make_repository, reader: Door):
    content, target = index(1960), make_repository()
    push(doors["oci"], repository, content, "v1")
    assert copy(api, repository, target)["copiedManifests"] == 1 + len(content.children)
    assert reader.read(target, "v1") == content.manifest
    for child in content.children:
        assert reader.read(target, child.digest) == child.manifest
        assert [reader.read_blob(target, blob.digest) for blob in child.blobs] == [blob.data for blob in child.blobs]


def test_referrers_are_copied_when_they_are_asked_for(server, ecr, api, repository, make_repository, pushed: Image):
    signature = artifact(pushed.manifest, 1)
    put(Registry(server), repository, signature, of_it := artifact(signature, 2))
    bare, full = make_repository(), make_repository()
    assert copy(api, repository, bare)["copiedManifests"] == 1
    assert copy(api, repository, full, includeReferrers=True)["copiedManifests"] == 3
    for target, expected in ((bare, []), (full, [signature.digest])):
        ask = {"repositoryName": target, "subjectId": {"imageDigest": pushed.digest}}
        assert [each["digest"] for each in ecr.list_image_referrers(**ask)["referrers"]] == expected
    subject = {"imageDigest": signature.digest}
    (told,) = ecr.list_image_referrers(repositoryName=full, subjectId=subject)["referrers"]
    assert told["digest"] == of_it.digest


def test_a_copy_that_is_there_is_copied_again_in_vain(api, ecr, make_repository, repository, pushed: Image):
    target = make_repository(imageTagMutability="IMMUTABLE")
    first, second = copy(api, repository, target), copy(api, repository, target)
    assert first == second
    assert [each["imageDigest"] for each in ecr.list_images(repositoryName=target)["imageIds"]] == [pushed.digest]


def test_a_copy_moves_no_immutable_tag_and_leaves_nothing(api, doors, ecr, repository, make_repository, pushed: Image):
    target, there = make_repository(imageTagMutability="IMMUTABLE"), image(1961)
    push(doors["oci"], target, there, "v1")
    ask = {"sourceRepositoryName": repository, "sourceImageId": V1, "repositoryName": target}
    assert refusal(api.copy_image, **ask)[0] == "ImageTagAlreadyExistsException"
    assert {each["imageDigest"] for each in ecr.list_images(repositoryName=target)["imageIds"]} == {there.digest}
    assert outcome(doors["oci"].read, target, pushed.digest) == "image absent"


def test_what_cannot_be_pulled_cannot_be_copied(api, ecr, repository, make_repository, pushed: Image):
    target = make_repository()
    ask = {"sourceRepositoryName": repository, "repositoryName": target}
    for image_id in ({"imageTag": "absent"}, {"imageDigest": ABSENT}, {"imageDigest": ABSENT, "imageTag": "v1"}):
        assert refusal(api.copy_image, sourceImageId=image_id, **ask)[0] == "ImageNotFoundException"
    assert refusal(api.copy_image, sourceImageId={}, **ask)[0] == "InvalidParameterException"
    for name in ask:
        absent = {**ask, name: "behaviour/absent"}
        assert refusal(api.copy_image, sourceImageId=V1, **absent)[0] == "RepositoryNotFoundException"
    there = {"sourceRegion": "eu-west-1", "sourceImageId": V1, **ask}
    assert refusal(api.copy_image, **there)[0] == "RepositoryNotFoundException"
    named = {"repositoryName": repository, "imageId": {"imageDigest": pushed.digest}}
    ecr.update_image_storage_class(targetStorageClass="ARCHIVE", **named)
    assert refusal(api.copy_image, sourceImageId=V1, **ask)[0] == "ImageArchivedException"
    assert ecr.list_images(repositoryName=target)["imageIds"] == []


def test_a_copy_goes_to_another_region(server: Server, api, repository, pushed: Image):
    elsewhere = server.client(region="eu-west-1")
    elsewhere.create_repository(repositoryName=repository)
    abroad = server.client("entrepot", region="eu-west-1")
    copy(abroad, repository, repository, sourceRegion="us-east-1")
    (found,) = elsewhere.batch_get_image(repositoryName=repository, imageIds=[V1])["images"]
    assert found["imageManifest"].encode() == pushed.manifest.data


@pytest.mark.parametrize("missing", [*PULL, *PUT])
def test_who_copies_may_pull_and_push(server, user: User, repository, make_repository, pushed: Image, missing: str):
    target = make_repository()
    mine = server.client("entrepot", credentials=user.keys)
    statements = [allow(PULL, of(repository)), allow(PUT, of(target))]
    denied = {"Effect": "Deny", "Action": missing, "Resource": [of(repository if missing in PULL else target)]}
    user.put("p", *statements, denied)
    ask = {"sourceRepositoryName": repository, "sourceImageId": V1, "repositoryName": target}
    code, message = refusal(mine.copy_image, **ask)
    assert (code, missing in message) == ("AccessDeniedException", True)
    user.put("p", *statements)
    assert mine.copy_image(**ask)["imageId"]["imageDigest"] == pushed.digest


def test_an_image_of_another_account_is_copied_where_it_permits(
    server, ecr, tenant: Credentials, repository, pushed: Image, make_repository
):
    theirs, mine = server.client(credentials=tenant), server.client("entrepot", credentials=tenant)
    theirs.create_repository(repositoryName=repository)
    ask = {"sourceRegistryId": ACCOUNT, "sourceRepositoryName": repository, "sourceImageId": V1}
    assert refusal(mine.copy_image, repositoryName=repository, **ask)[0] == "AccessDeniedException"
    set_policy(ecr, repository, grant({"AWS": TENANT}, READS))
    assert mine.copy_image(repositoryName=repository, **ask)["registryId"] == TENANT
    (found,) = theirs.batch_get_image(repositoryName=repository, imageIds=[V1])["images"]
    assert found["imageId"]["imageDigest"] == pushed.digest
    back = {**ask, "registryId": ACCOUNT, "repositoryName": make_repository()}
    assert refusal(mine.copy_image, **back)[0] == "AccessDeniedException"
    set_policy(ecr, back["repositoryName"], grant({"AWS": TENANT}, PUSHES))
    assert mine.copy_image(**back)["registryId"] == ACCOUNT


def test_a_copy_is_told_as_a_push(server: Server, api, doors, repository, make_repository):
    content, target = index(1962), make_repository()
    push(doors["oci"], repository, content, "v1")
    copy(api, repository, target)
    trail = server.client("cloudtrail")

    def of_name(name: str) -> list[dict[str, Any]]:
        found = [json.loads(each["CloudTrailEvent"]) for each in lookup(trail, "EventName", name)]
        return [each for each in found if (each["requestParameters"] or {}).get("repositoryName") == target]

    puts = awaited(lambda: of_name("PutImage"), 1 + len(content.children))
    told = {each["requestParameters"]["imageDigest"] for each in puts}
    assert told == {content.digest, *(child.digest for child in content.children)}
    (asked,) = awaited(lambda: of_name("CopyImage"))
    assert asked["requestParameters"]["sourceRepositoryName"] == repository
    assert asked["eventSource"] == "entrepot.amazonaws.com"


def test_a_copied_image_is_scanned_where_pushes_are(api, ecr, repository, make_repository, pushed: Image):
    target = make_repository(imageScanningConfiguration={"scanOnPush": True})
    copy(api, repository, target)
    named = {"repositoryName": target, "imageId": {"imageDigest": pushed.digest}}
    assert ecr.describe_image_scan_findings(**named)["imageScanStatus"]["status"] in {"IN_PROGRESS", "FAILED"}


def command(server: Server, *arguments: str) -> Ended:
    found = server.credentials
    variables: dict[str, Any] = {
        "AWS_ACCESS_KEY_ID": found.access_key_id,
        "AWS_SECRET_ACCESS_KEY": found.secret_access_key,
    }
    return entrepot("image", "copy", *arguments, **variables)


def test_the_command_copies_as_docker_names_images(server, doors, repository, make_repository, pushed: Image):
    host, target = server.base_url.partition("//")[2], make_repository()
    put(Registry(server), repository, artifact(pushed.manifest, 1))
    done = command(server, f"{host}/{repository}:v1", f"{host}/{target}", "--referrers", "--output", "json")
    assert done.status == 0, done.complaint
    assert done.result == {"repository": target, "tag": "v1", "digest": pushed.digest, "manifests": 2}
    assert doors["oci"].read(target, "v1") == pushed.manifest
    prefix = f"{host}/{ACCOUNT}/us-east-1"
    done = command(server, f"{prefix}/{repository}@{pushed.digest}", f"{prefix}/{target}:prod")
    assert done.status == 0, done.complaint
    assert doors["oci"].read(target, "prod") == pushed.manifest


def test_the_command_says_what_is_wrong(server: Server, repository):
    host = server.base_url.partition("//")[2]
    for source, target, said in (
        (f"{host}/{repository}", f"{host}/{repository}:v2", "Name a tag or a digest"),
        (f"{host}/{repository}:v1", f"elsewhere/{repository}", "are not one server"),
        (f"{host}/{repository}:v1", f"{host}/{repository}@{ABSENT}", "name its repository, and a tag"),
        (f"{host}/{repository}:absent", f"{host}/{repository}:v2", "does not exist"),
        ("UPPER", f"{host}/{repository}", "no image of a private registry"),
    ):
        done = command(server, source, target)
        assert (done.status, done.out) == (1, "")
        assert said in done.complaint
