"""What lists, describes and refers to images says the same whichever door they came in by."""

import json

import pytest

from tests.behaviour.doors import Door, OciDoor, push
from tests.factories.layouts import OCI_EMPTY, OCI_INDEX, Content, image, index, manifest


@pytest.fixture
def oci(doors) -> OciDoor:
    found: OciDoor = doors["oci"]
    return found


def referrers(oci: OciDoor, repository: str, digest: str, query: str = "") -> list[dict]:
    answer = oci.registry.request("GET", f"/v2/{repository}/referrers/{digest}{query}")
    assert (answer.status, answer.headers["Content-Type"]) == (200, OCI_INDEX)
    document = json.loads(answer.data)
    assert (document["schemaVersion"], document["mediaType"]) == (2, OCI_INDEX)
    found: list[dict] = document["manifests"]
    return found


def test_list_images_has_a_row_for_each_tag_and_describe_images_one_for_each_image(door: Door, repository, ecr):
    tagged, untagged = image(200), image(201)
    push(door, repository, tagged, "a", "b")
    push(door, repository, untagged)
    listed = ecr.list_images(repositoryName=repository)["imageIds"]
    assert sorted((entry["imageDigest"], entry.get("imageTag")) for entry in listed if "imageTag" in entry) == [
        (tagged.digest, "a"),
        (tagged.digest, "b"),
    ]
    assert [entry for entry in listed if "imageTag" not in entry] == [{"imageDigest": untagged.digest}]
    details = {
        detail["imageDigest"]: detail for detail in ecr.describe_images(repositoryName=repository)["imageDetails"]
    }
    assert set(details) == {tagged.digest, untagged.digest}
    assert sorted(details[tagged.digest]["imageTags"]) == ["a", "b"]
    assert "imageTags" not in details[untagged.digest]


def test_the_details_of_an_image_do_not_depend_on_the_door(door: Door, repository, ecr):
    content = image(202)
    push(door, repository, content, "v1")
    (detail,) = ecr.describe_images(repositoryName=repository, imageIds=[{"imageTag": "v1"}])["imageDetails"]
    assert detail["imageSizeInBytes"] == sum(len(blob.data) for blob in content.blobs)
    assert detail["imageManifestMediaType"] == content.manifest.media_type
    assert detail["artifactMediaType"] == content.config.media_type
    assert detail["repositoryName"] == repository


def test_the_size_of_an_index_is_that_of_its_largest_child(door: Door, repository, ecr):
    content = index(203)
    push(door, repository, content, "multi")
    (detail,) = ecr.describe_images(repositoryName=repository, imageIds=[{"imageTag": "multi"}])["imageDetails"]
    assert detail["imageSizeInBytes"] == max(sum(len(blob.data) for blob in child.blobs) for child in content.children)


def test_a_referrer_put_by_either_door_is_listed(door: Door, oci: OciDoor, repository):
    subject = image(204)
    push(door, repository, subject, "v1")
    made = {}
    for number, kind in enumerate(("application/vnd.test.sbom", "application/vnd.test.signature")):
        referrer = image(
            205 + number,
            layers=1,
            artifactType=kind,
            subject=subject.manifest.descriptor(),
            annotations={"number": str(number)},
        )
        push(door, repository, referrer)
        made[referrer.digest] = (kind, {"number": str(number)})
    found = referrers(oci, repository, subject.digest)
    assert {entry["digest"]: (entry["artifactType"], entry["annotations"]) for entry in found} == made
    (only,) = referrers(oci, repository, subject.digest, "?artifactType=application/vnd.test.sbom")
    assert only["artifactType"] == "application/vnd.test.sbom"


def test_a_referrer_may_come_before_its_subject_and_goes_when_it_is_deleted(door: Door, oci: OciDoor, repository):
    subject = image(207)
    empty = Content(OCI_EMPTY, b"{}")
    door.upload(repository, empty)
    referrer = manifest(empty, [empty], artifactType="application/vnd.test", subject=subject.manifest.descriptor())
    door.put(repository, referrer, None)
    assert [entry["digest"] for entry in referrers(oci, repository, subject.digest)] == [referrer.digest]
    push(door, repository, subject, "v1")
    assert [entry["digest"] for entry in referrers(oci, repository, subject.digest)] == [referrer.digest]
    door.delete(repository, referrer.digest)
    assert referrers(oci, repository, subject.digest) == []


def test_a_blob_is_mounted_from_a_repository_that_either_door_filled(
    door: Door, reader: Door, oci: OciDoor, repository, make_repository
):
    content = image(208)
    source = make_repository()
    push(door, source, content, "v1")
    for blob in content.blobs:
        path = f"/v2/{repository}/blobs/uploads/?mount={blob.digest}&from={source}"
        answer = oci.registry.request("POST", path, b"")
        assert (answer.status, answer.headers["Docker-Content-Digest"]) == (201, blob.digest)
    reader.put(repository, content.manifest, "v1")
    assert [reader.read_blob(repository, blob.digest) for blob in content.blobs] == [
        blob.data for blob in content.blobs
    ]


def test_a_blob_that_the_source_does_not_hold_is_not_mounted(oci: OciDoor, repository, make_repository):
    content = image(209)
    push(oci, make_repository(), content, "v1")
    for source in (make_repository(), "behaviour/absent"):
        path = f"/v2/{repository}/blobs/uploads/?mount={content.config.digest}&from={source}"
        assert oci.registry.request("POST", path, b"").status == 202
    assert oci.registry.request("HEAD", f"/v2/{repository}/blobs/{content.config.digest}").status == 404


def test_a_repository_that_holds_images_goes_only_by_force_and_with_all_of_them(
    door: Door, reader: Door, repository, ecr
):
    content = image(210)
    push(door, repository, content, "v1")
    with pytest.raises(ecr.exceptions.RepositoryNotEmptyException):
        ecr.delete_repository(repositoryName=repository)
    assert reader.read(repository, "v1") == content.manifest
    ecr.delete_repository(repositoryName=repository, force=True)
    with pytest.raises(Exception, match="repository absent"):
        reader.read(repository, "v1")
    ecr.create_repository(repositoryName=repository)
    assert reader.tags(repository) == []
    with pytest.raises(Exception, match="layer absent"):
        reader.read_blob(repository, content.config.digest)


def test_a_repository_made_by_the_api_is_in_the_catalog(oci: OciDoor, repository):
    listed = json.loads(oci.registry.request("GET", "/v2/_catalog?n=1000").data)["repositories"]
    assert repository in listed
    assert listed == sorted(listed)
