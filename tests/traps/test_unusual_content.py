"""Manifests that are allowed and seldom seen: sparse indexes, layers kept elsewhere, sha512, very wide ones, `data`."""

import base64
import hashlib
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.factories import layouts
from tests.factories.layouts import OCI_INDEX, OCI_LAYER, OCI_MANIFEST, Content, image
from tests.factories.processes import Server
from tests.factories.registry import Registry, error_codes
from tests.traps.door import ABSENT, blob, fresh

NONDISTRIBUTABLE = [
    "application/vnd.oci.image.layer.nondistributable.v1.tar",
    "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
    "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
    "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
]
WIDEST = 5_000
MOST_LAYERS = 500


def sha512(data: bytes) -> str:
    return "sha512:" + hashlib.sha512(data).hexdigest()


def index_of(descriptors: Sequence[dict[str, Any]], **fields: Any) -> Content:
    body = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": list(descriptors), **fields}
    return Content(OCI_INDEX, json.dumps(body).encode())


def status(door: Registry, name: str, reference: str, method: str = "GET") -> int:
    return door.request(method, f"/v2/{name}/manifests/{reference}").status


def test_an_index_may_be_sparse_and_filled_later(server: Server) -> None:
    """Mirrors copy the platforms that they need and keep the index as it was signed."""
    name, door, (one, two) = fresh(server), Registry(server), [image(seed, layers=1) for seed in (11, 12)]
    index = index_of([each.manifest.descriptor() for each in (one, two)])
    assert door.put_manifest(name, "sparse", index).status == 201
    assert door.pull_manifest(name, "sparse") == index
    door.push(name, one)
    assert status(door, name, one.digest) == 200
    assert status(door, name, two.digest) == 404
    door.push(name, two)
    assert set(door.pull(name, "sparse")) == {index.digest, *layouts.contents(one), *layouts.contents(two)}
    assert door.request("DELETE", f"/v2/{name}/manifests/{two.digest}").status == 409
    assert door.request("DELETE", f"/v2/{name}/manifests/sparse").status == 202
    assert door.request("DELETE", f"/v2/{name}/manifests/{two.digest}").status == 202
    assert status(door, name, one.digest) == 200


@pytest.mark.parametrize("media_type", NONDISTRIBUTABLE)
def test_a_layer_that_is_kept_elsewhere_need_not_be_pushed(server: Server, media_type: str) -> None:
    name, door, content = fresh(server), Registry(server), image(13, layers=1)
    elsewhere = Content(media_type, b"elsewhere")
    urls = {"urls": ["https://elsewhere.example/layer"]}
    for each in content.blobs:
        door.push_blob(name, each)
    body = json.loads(content.manifest.data)
    body["layers"].append(elsewhere.descriptor(**urls))
    manifest = Content(OCI_MANIFEST, json.dumps(body).encode())
    assert door.put_manifest(name, "kept-elsewhere", manifest).status == 201
    assert door.pull_manifest(name, "kept-elsewhere") == manifest
    assert door.request("GET", f"/v2/{name}/blobs/{elsewhere.digest}").status == 404
    body["layers"].append(blob("not pushed").descriptor(**urls))
    refused = door.put_manifest(name, "refused", Content(OCI_MANIFEST, json.dumps(body).encode()))
    assert (refused.status, error_codes(refused)) == (404, ["MANIFEST_BLOB_UNKNOWN"])
    door.push_blob(name, elsewhere)  # some tools push them all the same
    assert door.pull_blob(name, elsewhere.digest) == elsewhere.data


def test_a_manifest_by_sha512_is_an_image_like_others(server: Server) -> None:
    name, door, content = fresh(server), Registry(server), image(14, layers=1)
    door.push(name, content, "latest")
    digest, ecr = sha512(content.manifest.data), server.client()
    assert status(door, name, digest) == status(door, name, digest, "HEAD") == 404
    put = door.put_manifest(name, digest, content.manifest)
    assert (put.status, put.headers["Docker-Content-Digest"]) == (201, digest)
    assert put.headers["Location"].endswith(f"/v2/{name}/manifests/{digest}")
    for method in ("GET", "HEAD"):
        answer = door.request(method, f"/v2/{name}/manifests/{digest}")
        assert (answer.status, answer.headers["Docker-Content-Digest"]) == (200, digest)
        assert answer.data == (content.manifest.data if method == "GET" else b"")
    assert {each["imageDigest"] for each in ecr.list_images(repositoryName=name)["imageIds"]} == {
        digest,
        content.digest,
    }
    assert door.pull_manifest(name, "latest") == content.manifest
    assert door.request("DELETE", f"/v2/{name}/manifests/{digest}").status == 202
    assert status(door, name, digest) == status(door, name, digest, "HEAD") == 404
    assert door.pull(name, "latest") == layouts.contents(content)


def test_another_digest_than_the_manifests_is_refused(server: Server) -> None:
    name, door, content = fresh(server), Registry(server), image(15, layers=1)
    door.push(name, content)
    others = [sha512(b"of other bytes"), "sha512:" + "a" * 64, "sha512:" + "A" * 128]
    for digest in (*others, "sha384:" + "a" * 96, "md5:" + "a" * 32):
        refused = door.put_manifest(name, digest, content.manifest)
        assert (refused.status, error_codes(refused)) == (400, ["DIGEST_INVALID"]), digest


def test_sha512_names_layers_children_and_subjects(server: Server) -> None:
    name, door, layer, config = fresh(server), Registry(server), blob("wide digest"), Content("a/b", b"{}")
    door.push_blob(name, config)
    wide = sha512(layer.data)
    assert door.request("POST", f"/v2/{name}/blobs/uploads/?digest={wide}", layer.data).status == 201
    body = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": config.descriptor(),
        "layers": [layer.descriptor(digest=wide)],
        "subject": config.descriptor(digest=sha512(b"subject")),
    }
    manifest = Content(OCI_MANIFEST, json.dumps(body).encode())
    by_sha512 = sha512(manifest.data)
    put = door.put_manifest(name, by_sha512, manifest)
    assert (put.status, put.headers["OCI-Subject"]) == (201, sha512(b"subject"))
    listed = json.loads(door.request("GET", f"/v2/{name}/referrers/{sha512(b'subject')}").data)["manifests"]
    assert [each["digest"] for each in listed] == [by_sha512]
    assert door.pull_blob(name, wide) == layer.data
    index = index_of([manifest.descriptor(digest=by_sha512)])
    assert door.put_manifest(name, "of-sha512", index).status == 201
    assert door.request("DELETE", f"/v2/{name}/manifests/{by_sha512}").status == 409


def test_a_very_wide_index_comes_back_and_goes(server: Server) -> None:
    """zot#4318: what walks an index takes time in proportion, and no more."""
    name, door = fresh(server), Registry(server)
    child = image(16, layers=1)
    door.push(name, child)
    descriptors = [child.manifest.descriptor(digest=layouts.sha256(b"%d" % number)) for number in range(WIDEST)]
    index = index_of([*descriptors, child.manifest.descriptor()])
    for reference in ("wide", index.digest, "again"):
        assert door.put_manifest(name, reference, index).status == 201
    assert door.pull_manifest(name, "wide") == index
    assert door.request("DELETE", f"/v2/{name}/manifests/{child.digest}").status == 409
    assert door.request("DELETE", f"/v2/{name}/manifests/{index.digest}").status == 202
    assert status(door, name, "wide") == status(door, name, "again") == 404
    assert door.request("DELETE", f"/v2/{name}/manifests/{child.digest}").status == 202


def test_five_hundred_layers_are_an_image_and_one_more_are_not(server: Server) -> None:
    name, door, config = fresh(server), Registry(server), Content("a/b", b"{}")
    layers = [Content(OCI_LAYER, b"%d" % number) for number in range(MOST_LAYERS + 1)]
    start = f"/v2/{name}/blobs/uploads/?digest="
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda each: door.request("POST", f"{start}{each.digest}", each.data), (config, *layers)))
    most = layouts.manifest(config, layers[:-1])
    assert door.put_manifest(name, "most", most).status == 201
    assert door.pull_manifest(name, "most") == most
    refused = door.put_manifest(name, "more", layouts.manifest(config, layers))
    assert (refused.status, error_codes(refused)) == (400, ["MANIFEST_INVALID"])
    missing = layouts.manifest(config, [Content(OCI_LAYER, b"x%d" % number) for number in range(MOST_LAYERS)])
    refused = door.put_manifest(name, "missing", missing)
    assert (refused.status, error_codes(refused)) == (404, ["MANIFEST_BLOB_UNKNOWN"])


def test_content_within_a_descriptor_is_kept_as_it_is(server: Server) -> None:
    """CR#2023: ECR's parser refused what the specification allows."""
    name, door, config = fresh(server), Registry(server), Content("a/b", b'{"small":true}')
    layer = blob("inline")
    for each in (config, layer):
        door.push_blob(name, each)
    data = base64.b64encode(config.data).decode()
    body = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": "application/vnd.test",
        "config": config.descriptor(data=data),
        "layers": [layer.descriptor(data=base64.b64encode(layer.data).decode())],
        "unknown": {"field": [1, 2, None]},
    }
    manifest = Content(OCI_MANIFEST, json.dumps(body, indent=3).encode())
    assert door.put_manifest(name, "inline", manifest).status == 201
    assert door.pull_manifest(name, "inline") == manifest


def test_content_that_is_not_what_its_digest_says_is_refused(server: Server) -> None:
    """Whoever reads the inline content instead of the blob must get the same bytes."""
    name, door, config = fresh(server), Registry(server), Content("a/b", b"{}")
    door.push_blob(name, config)
    for data in ("e30x", "not base64!", base64.b64encode(b"{} ").decode(), "", 1):
        body = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": config.descriptor(data=data),
            "layers": [config.descriptor()],
        }
        refused = door.put_manifest(name, "inline", Content(OCI_MANIFEST, json.dumps(body).encode()))
        assert (refused.status, error_codes(refused)) == (400, ["MANIFEST_INVALID"]), data


def test_an_inline_blob_is_still_a_blob_that_must_be_there(server: Server) -> None:
    name, door = fresh(server), Registry(server)
    layer = blob("only inline")
    manifest = layouts.manifest(Content("a/b", b"{}"), [layer])
    body = json.loads(manifest.data)
    body["layers"][0]["data"] = base64.b64encode(layer.data).decode()
    refused = door.put_manifest(name, "inline", Content(OCI_MANIFEST, json.dumps(body).encode()))
    assert (refused.status, error_codes(refused)) == (404, ["MANIFEST_BLOB_UNKNOWN"])
    assert status(door, name, ABSENT) == 404
