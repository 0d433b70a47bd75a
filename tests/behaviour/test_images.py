"""Images through both doors: whatever a push can do, PutImage can do, and either door shows what the other did."""

import json
from typing import Any

import pytest

from tests.behaviour.doors import DIFFERENCES, Door, outcome, push
from tests.factories.layouts import Content, image, index, index_of, manifest, sha256

ABSENT = sha256(b"never pushed")


def test_an_image_pushed_by_one_door_is_read_byte_by_byte_by_either(door: Door, reader: Door, repository):
    for seed, docker in ((1, False), (2, True)):
        content = image(seed, docker=docker)
        push(door, repository, content, f"v{seed}")
        for reference in (f"v{seed}", content.digest):
            assert reader.read(repository, reference) == content.manifest
        assert [reader.read_blob(repository, blob.digest) for blob in content.blobs] == [
            blob.data for blob in content.blobs
        ]


def test_the_manifest_is_kept_as_it_was_sent(door: Door, reader: Door, repository):
    content = image(3)
    push(door, repository, content)
    spaced = Content(
        content.manifest.media_type, json.dumps(json.loads(content.manifest.data), indent=3).encode() + b"\n"
    )
    door.put(repository, spaced, "spaced")
    assert reader.read(repository, "spaced").data == spaced.data
    assert reader.read(repository, spaced.digest).data == spaced.data


def test_put_by_tag_moves_the_tag_and_leaves_the_old_image_untagged(door: Door, reader: Door, repository, ecr):
    old, new = image(4), image(5)
    push(door, repository, old, "latest")
    push(door, repository, new, "latest")
    assert reader.read(repository, "latest") == new.manifest
    assert reader.read(repository, old.digest) == old.manifest
    assert reader.tags(repository) == ["latest"]
    untagged = ecr.list_images(repositoryName=repository, filter={"tagStatus": "UNTAGGED"})["imageIds"]
    assert untagged == [{"imageDigest": old.digest}]


def test_put_of_what_is_there_differs_between_the_doors_as_listed(door: Door, repository):
    content = image(6)
    push(door, repository, content, "v1")
    assert outcome(door.put, repository, content.manifest, "v1") == DIFFERENCES["put of what is there"][door.name]
    assert outcome(door.put, repository, content.manifest, "v2") == "done"
    assert door.tags(repository) == ["v1", "v2"]


def test_upload_of_what_is_there_differs_between_the_doors_as_listed(door: Door, repository):
    blob = image(7).layers[0]
    door.upload(repository, blob)
    assert outcome(door.upload, repository, blob) == DIFFERENCES["upload of what is there"][door.name]


def test_an_image_put_by_digest_is_untagged(door: Door, reader: Door, repository):
    content = image(8)
    push(door, repository, content)
    assert reader.read(repository, content.digest) == content.manifest
    assert reader.tags(repository) == []


def test_an_image_without_its_layers_is_refused_and_leaves_nothing(door: Door, reader: Door, repository):
    content = image(9)
    door.upload(repository, content.config)
    assert outcome(door.put, repository, content.manifest, "v1") == "layers missing"
    assert outcome(reader.read, repository, "v1") == "image absent"
    assert outcome(reader.read, repository, content.digest) == "image absent"
    assert reader.tags(repository) == []


def test_layers_of_another_repository_do_not_count(door: Door, repository, make_repository):
    content = image(10)
    push(door, make_repository(), content, "v1")
    assert outcome(door.put, repository, content.manifest, "v1") == "layers missing"
    assert outcome(door.read_blob, repository, content.layers[0].digest) == "layer absent"


def test_a_manifest_put_by_another_digest_is_refused(door: Door, reader: Door, repository):
    content = image(11)
    push(door, repository, content)
    spaced = Content(content.manifest.media_type, content.manifest.data + b" ")
    assert outcome(door.put, repository, spaced, None, ABSENT) == "digest wrong"
    assert outcome(reader.read, repository, ABSENT) == "image absent"
    assert outcome(reader.read, repository, spaced.digest) == "image absent"


def test_bytes_of_another_digest_are_refused_and_not_kept(door: Door, reader: Door, repository):
    blob = image(12).layers[0]
    assert outcome(door.upload, repository, blob, ABSENT) == "digest wrong"
    for digest in (ABSENT, blob.digest):
        assert outcome(reader.read_blob, repository, digest) == "layer absent"


@pytest.mark.parametrize(
    "data",
    [
        b" ",
        b"{",
        b"[]",
        b'"text"',
        b"{}",
        b'{"schemaVersion":2,"schemaVersion":2,"config":{},"layers":[]}',
        b'{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","layers":[],"manifests":[]}',
        b'{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}',
        b"[" * 20_000,
    ],
    ids=["space", "torn", "list", "text", "blank", "repeated", "both", "other-type", "nested"],
)
def test_what_is_no_manifest_is_refused(door: Door, reader: Door, repository, data):
    wrong = Content("application/vnd.oci.image.manifest.v1+json", data)
    assert outcome(door.put, repository, wrong, "v1") == "manifest invalid"
    assert reader.tags(repository) == []


@pytest.mark.parametrize("size", [-1, 2**63, 1.5, "12", None])
def test_a_size_that_is_no_size_is_refused(door: Door, repository, size: Any):
    content = image(13)
    for blob in content.blobs:
        door.upload(repository, blob)
    body = json.loads(content.manifest.data)
    body["layers"][0]["size"] = size
    wrong = Content(content.manifest.media_type, json.dumps(body).encode())
    assert outcome(door.put, repository, wrong, "v1") == "manifest invalid"


def test_deleting_one_of_several_tags_leaves_the_image(door: Door, reader: Door, repository):
    content = image(14)
    push(door, repository, content, "a", "b")
    door.delete(repository, "a")
    assert reader.tags(repository) == ["b"]
    assert outcome(reader.read, repository, "a") == "image absent"
    assert reader.read(repository, content.digest) == content.manifest


def test_deleting_the_last_tag_deletes_the_image(door: Door, reader: Door, repository):
    content = image(15)
    push(door, repository, content, "a")
    door.delete(repository, "a")
    assert outcome(reader.read, repository, content.digest) == "image absent"
    assert outcome(door.delete, repository, "a") == "image absent"


def test_deleting_by_digest_takes_all_tags(door: Door, reader: Door, repository):
    content, other = image(16), image(17)
    push(door, repository, content, "a", "b")
    push(door, repository, other, "c")
    door.delete(repository, content.digest)
    assert reader.tags(repository) == ["c"]
    for reference in ("a", "b", content.digest):
        assert outcome(reader.read, repository, reference) == "image absent"
    assert outcome(door.delete, repository, content.digest) == "image absent"


def test_a_deleted_image_lives_on_in_another_repository(door: Door, reader: Door, repository, make_repository):
    content = image(18)
    other = make_repository()
    push(door, repository, content, "a")
    push(door, other, content, "a")
    door.delete(repository, content.digest)
    assert reader.read(other, "a") == content.manifest
    assert [reader.read_blob(other, blob.digest) for blob in content.blobs] == [blob.data for blob in content.blobs]


def test_an_index_comes_back_with_its_children(door: Door, reader: Door, repository):
    for seed, docker in ((19, False), (20, True)):
        content = index(seed, docker=docker)
        push(door, repository, content, f"multi{seed}")
        assert reader.read(repository, f"multi{seed}") == content.manifest
        for child in content.children:
            assert reader.read(repository, child.digest) == child.manifest


def test_an_index_of_indexes_comes_back(door: Door, reader: Door, repository):
    inner = index(21)
    push(door, repository, inner)
    outer = index_of([inner])
    door.put(repository, outer, "outer")
    assert reader.read(repository, "outer") == outer
    assert reader.read(repository, inner.digest) == inner.manifest


def test_an_index_without_its_children_differs_between_the_doors_as_listed(door: Door, repository):
    content = index(22)
    expected = DIFFERENCES["index without its children"][door.name]
    assert outcome(door.put, repository, content.manifest, "sparse") == expected


def test_a_child_is_protected_while_an_index_names_it(door: Door, reader: Door, repository):
    content = index(23)
    push(door, repository, content, "multi")
    child = content.children[0]
    assert outcome(door.delete, repository, child.digest) == "image referenced"
    assert reader.read(repository, child.digest) == child.manifest
    door.delete(repository, content.digest)
    door.delete(repository, child.digest)
    assert outcome(reader.read, repository, child.digest) == "image absent"


def test_the_last_tag_of_a_child_cannot_be_deleted_and_another_can(door: Door, reader: Door, repository):
    content = index(24)
    push(door, repository, content, "multi")
    child = content.children[0]
    door.put(repository, child.manifest, "a")
    door.put(repository, child.manifest, "b")
    assert outcome(door.delete, repository, "a") == "done"
    assert outcome(door.delete, repository, "b") == "image referenced"
    assert reader.tags(repository) == ["b", "multi"]


def test_a_layer_that_cannot_be_distributed_need_not_be_there(door: Door, reader: Door, repository):
    content = image(25)
    for blob in content.blobs:
        door.upload(repository, blob)
    foreign = Content("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", b"elsewhere")
    sparse = manifest(content.config, [*content.layers, foreign])
    door.put(repository, sparse, "foreign")
    assert reader.read(repository, "foreign") == sparse


def test_an_image_without_layers_is_an_image(door: Door, reader: Door, repository):
    content = image(26, layers=0)
    push(door, repository, content, "none")
    assert reader.read(repository, "none") == content.manifest


def test_nothing_is_done_to_a_repository_that_is_absent(door: Door):
    content = image(27)
    for action, arguments in (
        (door.upload, (content.config,)),
        (door.put, (content.manifest, "v1")),
        (door.read, ("v1",)),
        (door.delete, ("v1",)),
        (door.tags, ()),
    ):
        assert outcome(action, "behaviour/absent", *arguments) == "repository absent"
