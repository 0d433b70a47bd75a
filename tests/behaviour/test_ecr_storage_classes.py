"""Images in the archive through boto3 and both doors: kept and not handed out, until they are restored or pushed."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.behaviour.doors import Door, outcome, push
from tests.behaviour.looked_up import awaited, lookup
from tests.behaviour.test_ecr_images import ABSENT, ACCOUNT, refusal
from tests.behaviour.test_referrers_wire import EMPTY, artifact, put
from tests.factories.layouts import Content, Image, image, index
from tests.factories.processes import Server
from tests.factories.registry import Registry
from tests.factories.waiting import wait


def change(ecr: Any, repository: str, image_id: dict[str, str], target: str) -> str:
    """The status that the call answers with."""
    told = ecr.update_image_storage_class(repositoryName=repository, imageId=image_id, targetStorageClass=target)
    assert (told["registryId"], told["repositoryName"]) == (ACCOUNT, repository)
    assert told["imageId"].items() >= image_id.items()
    status: str = told["imageStatus"]
    return status


def archive(ecr: Any, repository: str, digest: str) -> None:
    assert change(ecr, repository, {"imageDigest": digest}, "ARCHIVE") == "ARCHIVED"


def detail(ecr: Any, repository: str, digest: str) -> dict[str, Any]:
    (found,) = ecr.describe_images(repositoryName=repository, imageIds=[{"imageDigest": digest}])["imageDetails"]
    told: dict[str, Any] = found
    return told


def restored(ecr: Any, repository: str, digest: str) -> dict[str, Any]:
    """The image, once it is on its way no more."""
    return wait(lambda: found if (found := detail(ecr, repository, digest))["imageStatus"] == "ACTIVE" else {})


def listed(ecr: Any, repository: str, status: str | None = None) -> tuple[set[str], set[str]]:
    """(digests of ListImages, digests of DescribeImages)."""
    ask = {"repositoryName": repository, **({"filter": {"imageStatus": status}} if status else {})}
    ids = {each["imageDigest"] for each in ecr.list_images(**ask)["imageIds"]}
    return ids, {each["imageDigest"] for each in ecr.describe_images(**ask)["imageDetails"]}


def available(ecr: Any, repository: str, digest: str) -> str:
    (layer,) = ecr.batch_check_layer_availability(repositoryName=repository, layerDigests=[digest])["layers"]
    told: str = layer["layerAvailability"]
    return told


def test_an_archived_image_is_not_handed_out_by_either_door(ecr, repository, pushed: Image, reader: Door):
    assert reader.read(repository, "v1") == pushed.manifest  # what a cache may hold
    assert change(ecr, repository, {"imageTag": "v1"}, "ARCHIVE") == "ARCHIVED"
    for reference in ("v1", pushed.digest):
        assert outcome(reader.read, repository, reference) == "image absent"
    for blob in pushed.blobs:
        assert outcome(reader.read_blob, repository, blob.digest) == "layer absent"
        assert available(ecr, repository, blob.digest) == "ARCHIVED"
    assert reader.tags(repository) == []


def test_a_registry_says_that_an_image_is_archived(server: Server, ecr, repository, pushed: Image):
    archive(ecr, repository, pushed.digest)
    registry = Registry(server)
    for reference in ("v1", pushed.digest):
        answer = registry.request("GET", f"/v2/{repository}/manifests/{reference}")
        assert answer.status == 404
        (error,) = json.loads(answer.data)["errors"]
        assert error["code"] == "MANIFEST_UNKNOWN"
        assert "is archived" in error["message"]
        assert registry.request("HEAD", f"/v2/{repository}/manifests/{reference}").status == 404
    for method in ("GET", "HEAD"):
        assert registry.request(method, f"/v2/{repository}/blobs/{pushed.config.digest}").status == 404
    code, message = refusal(ecr.get_download_url_for_layer, repositoryName=repository, layerDigest=pushed.config.digest)
    assert code == "LayerInaccessibleException"
    assert "archived images only" in message


def test_an_archived_image_is_shown_to_who_asks_for_it(ecr, repository, pushed: Image):
    active = detail(ecr, repository, pushed.digest)
    assert active["imageStatus"] == "ACTIVE"
    assert not {"lastArchivedAt", "lastActivatedAt"} & set(active)
    archive(ecr, repository, pushed.digest)
    all_of_it = {pushed.digest}
    assert listed(ecr, repository) == listed(ecr, repository, "ACTIVE") == (set(), set())
    assert listed(ecr, repository, "ARCHIVED") == listed(ecr, repository, "ANY") == (all_of_it, all_of_it)
    assert listed(ecr, repository, "ACTIVATING") == (set(), set())
    found = detail(ecr, repository, pushed.digest)
    assert found["imageStatus"] == "ARCHIVED"
    assert found["imageTags"] == ["v1"]
    assert found["lastArchivedAt"] >= active["imagePushedAt"]
    tagged = {"tagStatus": "TAGGED", "imageStatus": "ARCHIVED"}
    pages = ecr.get_paginator("describe_images").paginate(repositoryName=repository, filter=tagged)
    assert [each["imageDigest"] for each in pages.search("imageDetails[]")] == [pushed.digest]
    untagged = {"tagStatus": "UNTAGGED", "imageStatus": "ARCHIVED"}
    assert ecr.list_images(repositoryName=repository, filter=untagged)["imageIds"] == []


def test_an_image_is_restored_by_a_call_after_a_while(ecr, repository, pushed: Image, reader: Door):
    archive(ecr, repository, pushed.digest)
    assert change(ecr, repository, {"imageTag": "v1"}, "STANDARD") == "ACTIVATING"
    found = restored(ecr, repository, pushed.digest)
    assert found["lastActivatedAt"] >= found["lastArchivedAt"]
    assert reader.read(repository, "v1") == pushed.manifest
    assert [reader.read_blob(repository, blob.digest) for blob in pushed.blobs] == [blob.data for blob in pushed.blobs]
    assert listed(ecr, repository) == ({pushed.digest}, {pushed.digest})
    assert available(ecr, repository, pushed.config.digest) == "AVAILABLE"


def test_an_image_that_is_pushed_again_is_restored_at_once(ecr, repository, pushed: Image, door: Door, reader: Door):
    archive(ecr, repository, pushed.digest)
    for blob in pushed.blobs:
        door.upload(repository, blob)
    door.put(repository, pushed.manifest, "v1")
    assert detail(ecr, repository, pushed.digest)["imageStatus"] == "ACTIVE"
    assert reader.read(repository, "v1") == pushed.manifest
    assert reader.read_blob(repository, pushed.config.digest) == pushed.config.data


def test_a_push_restores_under_an_immutable_tag_too(ecr, make_repository: Callable[..., str], door: Door):
    repository, content = make_repository(imageTagMutability="IMMUTABLE"), image(1901)
    push(door, repository, content, "v1")
    archive(ecr, repository, content.digest)
    door.put(repository, content.manifest, "v1")
    assert detail(ecr, repository, content.digest)["imageStatus"] == "ACTIVE"
    archive(ecr, repository, content.digest)
    assert outcome(push, door, repository, image(1902), "v1") == "tag immutable"


def test_layers_that_another_image_needs_are_handed_out(ecr, repository, doors):
    kept, gone = image(1903), image(1904)
    shared = Content(kept.manifest.media_type, json.dumps(json.loads(kept.manifest.data), indent=1).encode())
    push(doors["oci"], repository, kept, "kept")
    doors["oci"].put(repository, shared, "twin")
    push(doors["oci"], repository, gone, "gone")
    archive(ecr, repository, kept.digest)
    archive(ecr, repository, gone.digest)
    for door in doors.values():
        assert door.read_blob(repository, kept.config.digest) == kept.config.data
        assert outcome(door.read_blob, repository, gone.config.digest) == "layer absent"


def test_an_archived_layer_is_not_mounted(server: Server, ecr, repository, pushed: Image, make_repository):
    registry, other = Registry(server), make_repository()
    mount = f"/v2/{other}/blobs/uploads/?mount={pushed.config.digest}&from={repository}"
    archive(ecr, repository, pushed.digest)
    assert registry.request("POST", mount, b"").status == 202


def test_what_refers_to_an_image_follows_it(server: Server, ecr, repository, pushed: Image):
    registry = Registry(server)
    signature = artifact(pushed.manifest, 1)
    put(registry, repository, signature)
    of_signature = artifact(signature, 2)
    put(registry, repository, of_signature)
    archive(ecr, repository, pushed.digest)
    for each in (signature, of_signature):
        assert detail(ecr, repository, each.digest)["imageStatus"] == "ARCHIVED"
    ask = {"repositoryName": repository, "imageId": {"imageDigest": signature.digest}}
    for target in ("STANDARD", "ARCHIVE"):
        code, message = refusal(ecr.update_image_storage_class, targetStorageClass=target, **ask)
        assert code == "ImageStorageClassUpdateNotSupportedException"
        assert pushed.digest in message
    subject = {"imageDigest": pushed.digest}
    referrers = {"repositoryName": repository, "subjectId": subject}
    assert ecr.list_image_referrers(**referrers)["referrers"] == []
    (told,) = ecr.list_image_referrers(filter={"artifactStatus": "ARCHIVED"}, **referrers)["referrers"]
    assert (told["digest"], told["artifactStatus"]) == (signature.digest, "ARCHIVED")
    assert json.loads(registry.request("GET", f"/v2/{repository}/referrers/{pushed.digest}").data)["manifests"] == []
    change(ecr, repository, subject, "STANDARD")
    for each in (pushed.manifest, signature, of_signature):
        restored(ecr, repository, each.digest)


def test_an_index_goes_first_and_brings_its_images_back(ecr, repository, doors, reader: Door):
    content = index(1905)
    push(doors["aws"], repository, content, "multi")
    child = content.children[0]
    ask = {"repositoryName": repository, "imageId": {"imageDigest": child.digest}, "targetStorageClass": "ARCHIVE"}
    code, message = refusal(ecr.update_image_storage_class, **ask)
    assert (code, content.digest in message) == ("ImageStorageClassUpdateNotSupportedException", True)
    archive(ecr, repository, content.digest)
    assert reader.read(repository, child.digest) == child.manifest
    archive(ecr, repository, child.digest)
    assert outcome(reader.read, repository, child.digest) == "image absent"
    assert change(ecr, repository, {"imageTag": "multi"}, "STANDARD") == "ACTIVATING"
    restored(ecr, repository, content.digest)
    restored(ecr, repository, child.digest)
    assert reader.read(repository, child.digest) == child.manifest


def test_a_new_index_restores_what_it_names(ecr, repository, doors, door: Door, reader: Door):
    content = index(1906)
    for child in content.children:
        push(doors["aws"], repository, child)
        archive(ecr, repository, child.digest)
    door.put(repository, content.manifest, "multi")
    for child in content.children:
        assert reader.read(repository, child.digest) == child.manifest


def test_an_archived_image_can_be_deleted(ecr, repository, pushed: Image, door: Door):
    archive(ecr, repository, pushed.digest)
    door.delete(repository, "v1")
    assert listed(ecr, repository, "ANY") == (set(), set())


def test_what_is_in_a_storage_class_stays_there(ecr, repository, pushed: Image):
    assert change(ecr, repository, {"imageTag": "v1"}, "STANDARD") == "ACTIVE"
    archive(ecr, repository, pushed.digest)
    before = detail(ecr, repository, pushed.digest)["lastArchivedAt"]
    archive(ecr, repository, pushed.digest)
    assert detail(ecr, repository, pushed.digest)["lastArchivedAt"] == before


def test_an_archived_image_is_not_scanned(ecr, repository, pushed: Image):
    named = {"repositoryName": repository, "imageId": {"imageDigest": pushed.digest}}
    archive(ecr, repository, pushed.digest)
    assert refusal(ecr.start_image_scan, **named)[0] == "ImageArchivedException"
    told = ecr.describe_image_scan_findings(**named)
    assert told["imageScanStatus"]["status"] == "IMAGE_ARCHIVED"
    assert told["imageScanFindings"]["findings"] == []


def test_a_restored_image_is_scanned_where_pushes_are(ecr, make_repository, doors):
    repository, content = make_repository(), image(1907)
    push(doors["oci"], repository, content, "v1")
    archive(ecr, repository, content.digest)
    scanning = {"scanOnPush": True}
    ecr.put_image_scanning_configuration(repositoryName=repository, imageScanningConfiguration=scanning)
    change(ecr, repository, {"imageTag": "v1"}, "STANDARD")
    restored(ecr, repository, content.digest)
    named = {"repositoryName": repository, "imageId": {"imageTag": "v1"}}
    ended = ("FAILED", "COMPLETE")
    wait(lambda: ecr.describe_image_scan_findings(**named)["imageScanStatus"]["status"] in ended)


def test_what_is_not_there_has_no_storage_class(ecr, repository, pushed: Image):
    ask = {"targetStorageClass": "ARCHIVE"}
    for image_id in ({"imageTag": "absent"}, {"imageDigest": ABSENT}, {"imageDigest": ABSENT, "imageTag": "v1"}):
        refused = refusal(ecr.update_image_storage_class, repositoryName=repository, imageId=image_id, **ask)
        assert refused[0] == "ImageNotFoundException"
    absent = {"repositoryName": "behaviour/absent", "imageId": {"imageTag": "v1"}, **ask}
    assert refusal(ecr.update_image_storage_class, **absent)[0] == "RepositoryNotFoundException"
    blank = {"repositoryName": repository, "imageId": {}, **ask}
    assert refusal(ecr.update_image_storage_class, **blank)[0] == "InvalidParameterException"
    assert detail(ecr, repository, pushed.digest)["imageStatus"] == "ACTIVE"


def test_restoring_is_told_in_the_trail_as_aws_tells_it(server: Server, ecr, repository, pushed: Image):
    archive(ecr, repository, pushed.digest)
    change(ecr, repository, {"imageTag": "v1"}, "STANDARD")
    trail = server.client("cloudtrail")

    def of(name: str) -> list[dict[str, Any]]:
        found = [json.loads(each["CloudTrailEvent"]) for each in lookup(trail, "EventName", name)]
        return [each for each in found if repository in json.dumps(each)]

    (activation,) = awaited(lambda: of("ImageActivationEvent"))
    assert activation["eventType"] == "AwsServiceEvent"
    assert activation["serviceEventDetails"] == {
        "repositoryName": repository,
        "imageDigest": pushed.digest,
        "targetStorageClass": "STANDARD",
        "result": "SUCCESS",
        "imageStatus": "ACTIVE",
    }
    calls = awaited(lambda: of("UpdateImageStorageClass"), 2)
    assert {each["responseElements"]["imageStatus"] for each in calls} == {"ARCHIVED", "ACTIVATING"}


@pytest.mark.parametrize("count", [1, 2, 50])
def test_referrers_are_listed_to_the_end_whatever_the_page(server: Server, ecr, repository, pushed: Image, count: int):
    registry = Registry(server)
    types = ["application/vnd.a", "application/vnd.b", "application/vnd.c"]
    made = [artifact(pushed.manifest, number, artifactType=types[number % 3]) for number in range(7)]
    put(registry, repository, *made)
    ask = {"repositoryName": repository, "subjectId": {"imageDigest": pushed.digest}}

    def all_of(**more: Any) -> list[dict[str, Any]]:
        page = ecr.list_image_referrers(maxResults=count, **ask, **more)
        found = list(page["referrers"])
        while "nextToken" in page:
            page = ecr.list_image_referrers(maxResults=count, nextToken=page["nextToken"], **ask, **more)
            found += page["referrers"]
        return found

    assert [each["digest"] for each in all_of()] == sorted(each.digest for each in made)
    some = all_of(filter={"artifactTypes": types[:2]})
    assert {each["artifactType"] for each in some} == set(types[:2])
    assert len(some) == 5
    first = next(each for each in all_of() if each["digest"] == made[0].digest)
    assert first == {
        "digest": made[0].digest,
        "mediaType": made[0].media_type,
        "artifactType": types[0],
        "size": len(made[0].data),
        "annotations": {"number": "0"},
        "artifactStatus": "ACTIVE",
    }
    registry.request("DELETE", f"/v2/{repository}/manifests/{made[0].digest}")
    assert made[0].digest not in {each["digest"] for each in all_of()}


def test_a_page_of_referrers_has_twenty_unless_told_otherwise(server: Server, ecr, repository, pushed: Image):
    put(Registry(server), repository, *(artifact(pushed.manifest, number) for number in range(21)))
    ask = {"repositoryName": repository, "subjectId": {"imageDigest": pushed.digest}}
    page = ecr.list_image_referrers(**ask)
    assert len(page["referrers"]) == 20
    assert len(ecr.list_image_referrers(nextToken=page["nextToken"], **ask)["referrers"]) == 1
    assert refusal(ecr.list_image_referrers, maxResults=51, **ask)[0] == "InvalidParameterException"
    assert refusal(ecr.list_image_referrers, filter={"artifactTypes": list("abcdef")}, **ask)[0]
    absent = {"repositoryName": repository, "subjectId": {"imageDigest": ABSENT}}
    assert ecr.list_image_referrers(**absent)["referrers"] == []
    wrong = {"repositoryName": repository, "subjectId": {"imageDigest": "sha256:abc"}}
    assert refusal(ecr.list_image_referrers, **wrong)[0] == "InvalidParameterException"
    assert refusal(ecr.list_image_referrers, **{**absent, "repositoryName": "behaviour/absent"})[0] == (
        "RepositoryNotFoundException"
    )


def test_an_artifact_says_what_it_is(server: Server, ecr, repository, pushed: Image):
    signature = artifact(pushed.manifest, artifactType="application/vnd.signature")
    put(Registry(server), repository, signature)
    found = detail(ecr, repository, signature.digest)
    assert found["subjectManifestDigest"] == pushed.digest
    assert found["artifactMediaType"] == "application/vnd.signature"
    assert found["imageSizeInBytes"] == 2 * len(EMPTY.data)
