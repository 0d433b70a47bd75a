"""Traps that other registries fell into with stored content, one test a law; its docstring names the trap."""

import hashlib
import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote, urlsplit

import pytest

from tests.factories import layouts
from tests.factories.layouts import Content
from tests.factories.processes import Credentials, Server
from tests.factories.registry import Registry, with_query
from tests.traps.door import ABSENT, UPLOAD, blob, fresh


def test_a_foreign_blob_is_mounted_as_if_it_were_absent(server: Server, stranger: Credentials) -> None:
    """CVE-2024-39897, spinifex#548: whoever knew a digest could mount or read it."""
    secret, source = blob("secret"), fresh(server)
    Registry(server).push_blob(source, secret)
    server.client(credentials=stranger).create_repository(repositoryName=(mine := f"{source}-mine"))
    door = Registry(server, server.token(stranger))
    base = f"/v2/222233334444/us-east-1/{mine}/blobs"
    for origin in (f"000000000000/us-east-1/{source}", source, mine, "never/was"):
        answers = [
            door.request("POST", f"{base}/uploads/?mount={digest}&from={quote(origin, safe='')}", b"")
            for digest in (secret.digest, ABSENT)
        ]
        assert [answer.status for answer in answers] == [202, 202]
        assert [answer.data for answer in answers] == [b"", b""]
    assert door.request("GET", f"{base}/{secret.digest}").status == 404
    assert door.request("HEAD", f"{base}/{secret.digest}").status == 404


def test_a_blob_deleted_in_one_repository_stays_deleted_there(server: Server) -> None:
    """CVE-2026-35172: a pull from B made the blob readable in A again."""
    first, second, layer, door = fresh(server), fresh(server), blob("shared"), Registry(server)
    for name in (first, second):
        door.push_blob(name, layer)
    assert door.request("DELETE", f"/v2/{first}/blobs/{layer.digest}").status == 202
    for fresh_connection in (Registry(server) for _ in range(8)):
        assert fresh_connection.pull_blob(second, layer.digest) == layer.data
        assert fresh_connection.request("GET", f"/v2/{first}/blobs/{layer.digest}").status == 404


@pytest.mark.parametrize("damage", ["truncate", "remove", "extend"])
def test_bytes_of_another_length_are_absent_until_they_are_pushed_again(server: Server, damage: str) -> None:
    """gitea#19586, zot#4427: 200 with no bytes, and a push that could not heal."""
    one, two, layer, door = fresh(server), fresh(server), blob("damaged"), Registry(server)
    for name in (one, two):
        door.push_blob(name, layer)
    hexadecimal = layer.digest.partition(":")[2]
    (file,) = (server.data / "blobs" / "sha256" / hexadecimal[:2]).glob(f"{hexadecimal}.*")
    if damage == "remove":
        file.unlink()
    else:
        file.write_bytes(layer.data[:-1] if damage == "truncate" else layer.data + b"x")
    assert door.request("GET", f"/v2/{one}/blobs/{layer.digest}").status == 404
    for each in (Registry(server) for _ in range(4)):
        assert each.request("HEAD", f"/v2/{two}/blobs/{layer.digest}").status == 404
    assert door.request("POST", f"/v2/{two}/blobs/uploads/?mount={layer.digest}&from={one}", b"").status == 202
    door.push_blob(one, layer)
    for each in (Registry(server) for _ in range(4)):
        assert each.pull_blob(one, layer.digest) == each.pull_blob(two, layer.digest) == layer.data


def test_all_of_many_pushes_of_one_blob_succeed_and_one_file_stays(server: Server) -> None:
    """dist#4749: two ends of one blob's uploads raced into a 500."""
    name, layer = fresh(server), blob("same")
    doors = [Registry(server) for _ in range(8)]
    with ThreadPoolExecutor(len(doors)) as pool:
        list(pool.map(lambda door: door.push_blob(name, layer), doors))
    hexadecimal = layer.digest.partition(":")[2]
    assert len(list((server.data / "blobs" / "sha256" / hexadecimal[:2]).glob(f"{hexadecimal}.*"))) == 1


def test_one_of_many_writers_of_an_upload_wins(server: Server) -> None:
    name, doors = fresh(server), [Registry(server) for _ in range(6)]
    where = doors[0].request("POST", f"/v2/{name}/blobs/uploads/", b"").headers["Location"]
    body = b"x" * 200_000
    with ThreadPoolExecutor(len(doors)) as pool:
        answers = list(
            pool.map(lambda door: door.request("PATCH", where, body, Content_Range=f"0-{len(body) - 1}"), doors)
        )
    assert sorted({answer.status for answer in answers} - {409, 416}) == [202]
    assert [answer.status for answer in answers].count(202) == 1
    closed = doors[0].request("PUT", with_query(where, digest=layouts.sha256(body)), b"")
    assert closed.status == 201


def test_an_upload_of_another_repository_does_not_exist(server: Server) -> None:
    """CVE-2026-32589, gitea#38242: a session was found by its id alone."""
    mine, other, door = fresh(server), fresh(server), Registry(server)
    opened = door.request("POST", f"/v2/{mine}/blobs/uploads/", b"").headers["Docker-Upload-UUID"]
    for method in ("GET", "PATCH", "PUT", "DELETE"):
        told = []
        for upload in (opened, UPLOAD):
            answer = door.request(method, f"/v2/{other}/blobs/uploads/{upload}?digest={ABSENT}", b"")
            told.append((answer.status, answer.data.replace(upload.encode(), b"")))
        assert told[0] == told[1]
        assert told[0][0] == 404
    assert door.request("GET", f"/v2/{mine}/blobs/uploads/{opened}").status == 204


def test_tags_that_are_prefixes_of_each_other_page_right(server: Server) -> None:
    """dist#4898: a page dropped the tag that begins another."""
    name, image, door = fresh(server), layouts.image(1), Registry(server)
    tags = sorted(["a", "a-b", "a.b", "a_b", "ab", "a0", "A", "_a", "aa", "a-", "a--b", "0"])
    door.push(name, image, *tags)
    for size in (1, 2, 5):
        seen, path = [], f"/v2/{name}/tags/list?n={size}"
        while path:
            answer = door.request("GET", path)
            page = json.loads(answer.data)["tags"]
            assert len(page) <= size
            seen += page
            link = answer.headers.get("Link", "")
            path = urlsplit(link[1 : link.index(">")])._replace(scheme="", netloc="").geturl() if link else ""
        assert seen == tags


@pytest.mark.parametrize(("n", "status"), [("9" * 40, 200), ("0", 200), ("-1", 400), ("x", 400), ("%D9%A1", 400)])
def test_a_page_size_is_capped_and_never_allocated(server: Server, n: str, status: int) -> None:
    """CVE-2023-2253: `n` sized an allocation."""
    door = Registry(server)
    assert door.request("GET", f"/v2/_catalog?n={n}").status == status
    assert door.request("GET", f"/v2/{fresh(server)}/tags/list?n={n}").status == status


def test_indexes_nest_fifty_deep(server: Server) -> None:
    """zot#4318: the walk of nested indexes was exponential."""
    name, door, child = fresh(server), Registry(server), layouts.image(2)
    door.push(name, child)
    inner = child.manifest
    for _ in range(50):
        body = {"schemaVersion": 2, "mediaType": layouts.OCI_INDEX, "manifests": [inner.descriptor()] * 2}
        inner = Content(layouts.OCI_INDEX, json.dumps(body).encode())
        assert door.put_manifest(name, inner.digest, inner).status == 201
    assert door.pull_manifest(name, inner.digest) == inner


def test_the_empty_blob_and_sha512_are_blobs_like_others(server: Server) -> None:
    """zot#4163: what the second conformance suite found."""
    name, door = fresh(server), Registry(server)
    door.push_blob(name, Content("", b""))
    assert door.pull_blob(name, layouts.sha256(b"")) == b""
    data = uuid.uuid4().bytes
    digest = "sha512:" + hashlib.sha512(data).hexdigest()
    assert door.request("POST", f"/v2/{name}/blobs/uploads/?digest={digest}", data).status == 201
    assert door.pull_blob(name, digest) == data
