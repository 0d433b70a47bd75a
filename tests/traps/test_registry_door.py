"""Traps that other registries fell into at the registry's door, one test a law; its docstring names the trap."""

import base64
import hashlib
import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.oci import errors
from tests.factories import layouts
from tests.factories.layouts import Content
from tests.factories.processes import Credentials, Server
from tests.factories.registry import Registry, error_codes, with_query
from tests.traps.wire import head, head_only, send

ABSENT = layouts.sha256(b"absent")
UPLOAD = "00000000-0000-4000-8000-000000000000"
REQUESTS = [
    ("GET", "manifests/latest"),
    ("HEAD", "manifests/latest"),
    ("PUT", "manifests/latest"),
    ("DELETE", "manifests/latest"),
    ("GET", f"manifests/{ABSENT}"),
    ("DELETE", f"manifests/{ABSENT}"),
    ("GET", f"blobs/{ABSENT}"),
    ("HEAD", f"blobs/{ABSENT}"),
    ("DELETE", f"blobs/{ABSENT}"),
    ("GET", f"referrers/{ABSENT}"),
    ("GET", "tags/list"),
    ("POST", "blobs/uploads/"),
    ("POST", f"blobs/uploads/?mount={ABSENT}&from=other"),
    ("POST", f"blobs/uploads/?digest={ABSENT}"),
    ("GET", f"blobs/uploads/{UPLOAD}"),
    ("PATCH", f"blobs/uploads/{UPLOAD}"),
    ("PUT", f"blobs/uploads/{UPLOAD}?digest={ABSENT}"),
    ("DELETE", f"blobs/uploads/{UPLOAD}"),
]


def fresh(server: Server) -> str:
    """A new repository's name."""
    name = f"trap-{uuid.uuid4().hex[:12]}"
    server.client().create_repository(repositoryName=name)
    return name


def blob(text: str) -> Content:
    return Content(layouts.OCI_LAYER, text.encode() + uuid.uuid4().bytes)


def credential(token: str) -> str:
    return "Authorization: Basic " + base64.b64encode(f"AWS:{token}".encode()).decode()


@pytest.mark.parametrize(("method", "rest"), [*REQUESTS, ("GET", ""), ("GET", "_catalog")])
@pytest.mark.parametrize("token", ["", "nonsense", "x" * 3000])
def test_nobody_gets_a_challenge_whatever_is_asked(server: Server, token: str, method: str, rest: str) -> None:
    """zot#4161, zot#3868: the verb decided who was asked for a credential."""
    name = "" if rest in {"", "_catalog"} else "some/name/"
    answer = Registry(server, token).request(method, f"/v2/{name}{rest}", b"" if method != "HEAD" else None)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic realm=")
    if method != "HEAD":
        assert error_codes(answer) == ["UNAUTHORIZED"]


@pytest.mark.parametrize(("method", "rest"), REQUESTS)
def test_another_account_is_denied_whether_or_not_a_thing_exists(
    server: Server, stranger: Credentials, method: str, rest: str
) -> None:
    """CVE-2026-41888, CVE-2024-39897: one verb or kind of reference went past the authorisation."""
    door = Registry(server, server.token(stranger))
    told = []
    for name in (fresh(server), "never/was"):
        path = f"/v2/000000000000/us-east-1/{name}/{rest}"
        answer = door.request(method, path, b"" if method != "HEAD" else None)
        told.append((answer.status, answer.data.replace(name.encode(), b"")))
    assert told[0] == told[1]
    assert told[0][0] == 403


@pytest.mark.parametrize(("method", "rest"), [each for each in REQUESTS if each[0] != "PUT"])
def test_the_owner_is_told_what_is_absent(server: Server, method: str, rest: str) -> None:
    answer = Registry(server).request(method, f"/v2/never/was/{rest}", b"" if method != "HEAD" else None)
    assert answer.status == 404
    if method != "HEAD":
        assert error_codes(answer) == ["NAME_UNKNOWN"]


def test_several_credentials_are_refused(server: Server) -> None:
    """spinifex#380: which of two Authorization headers counts was a matter of luck."""
    line = credential(server.token())
    assert send(server, head("GET", "/v2/", line, line, "Connection: close")).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    "path",
    [
        "/v2//_catalog",
        "//v2/_catalog",
        "/v2/_catalog/",
        "/v2/%5fcatalog",
        "/v2/_CATALOG",
        "/V2/_catalog",
        "/v2/%2e/_catalog",
        "/v2/x/../_catalog",
        "/v2%2f_catalog",
        "/%76%32/_catalog",
        "http://localhost/v2/_catalog",
        "http://evil.example/v2/_catalog",
    ],
)
@pytest.mark.parametrize("host", ["localhost", "localhost/v2/?", "@", "", "localhost:5000@evil"])
def test_no_other_spelling_of_a_path_leads_past_the_credential(server: Server, path: str, host: str) -> None:
    """CVE-2020-29662, CVE-2026-48710: another path, or a crafted Host, reached the catalogue unauthenticated."""
    answer = send(server, f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    assert answer[9:12] in {b"400", b"401", b"403", b"404"}
    assert b"repositories" not in answer


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


def test_a_refused_body_is_never_asked_for(server: Server) -> None:
    """A client that waits for 100 Continue sends nothing to a request that is refused."""
    name, token = fresh(server), server.token()
    expect = ("Content-Length: 10", "Expect: 100-continue")
    huge = ("Content-Length: 5000000", "Expect: 100-continue")
    base = f"/v2/{name}"
    refused = [
        (b"401", head("PUT", f"{base}/manifests/a", *expect)),
        (b"401", head("PATCH", f"{base}/blobs/uploads/{UPLOAD}", *expect)),
        (b"404", head("PUT", "/v2/never/was/manifests/a", *expect, credential(token))),
        (b"404", head("POST", f"/v2/never/was/blobs/uploads/?digest={ABSENT}", *expect, credential(token))),
        (b"404", head("PATCH", f"{base}/blobs/uploads/{UPLOAD}", *expect, credential(token))),
        (b"404", head("PUT", f"{base}/blobs/uploads/{UPLOAD}?digest={ABSENT}", *expect, credential(token))),
        (b"413", head("PUT", f"{base}/manifests/a", *huge, credential(token))),
    ]
    for status, request in refused:
        assert head_only(server, request).startswith(b"HTTP/1.1 " + status), request
    assert head_only(server, head("PUT", f"{base}/manifests/a", *expect, credential(token))).startswith(
        b"HTTP/1.1 100 "
    )


def test_a_manifest_of_more_than_four_mebibytes_is_cut_off(server: Server) -> None:
    """CVE-2017-11468, zot#3977: a body of any size went into memory."""
    request = head("PUT", f"/v2/{fresh(server)}/manifests/a", credential(server.token()), "Transfer-Encoding: chunked")
    piece = b"%x\r\n" % (1 << 20) + b" " * (1 << 20) + b"\r\n"
    assert head_only(server, request + piece * 4 + b"1\r\n \r\n").startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
        b"GET /v2/ HTTP/9.9\r\n\r\n",
        b"GET /v2/ HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 40_000 + b"\r\n\r\n",
        b"GET /" + b"y" * 40_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"PUT /v2/a/manifests/b HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"PUT /v2/a/manifests/b HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        b"PUT /v2/a/tags/list HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
    ],
)
def test_what_is_no_request_is_answered_400(server: Server, request_bytes: bytes) -> None:
    assert send(server, request_bytes)[9:12] in {b"400", b"414", b"431"}


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


CODES = {code for _, code in errors.TABLE.values()}
CONTROLS = bytes([*range(32), 127])  # refused before there is a request
hostile = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    ["%00", "%2e%2e", "a" * 300, "sha256:", "\u0661", "'; DROP TABLE blob;--", "\x00", "public.ecr", "{{7*7}}"]
)
hostile = hostile.filter(lambda text: not {".", ".."} & set(text.split("/")))  # which the client would take away


@settings(max_examples=150)
@given(
    method=st.sampled_from(["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS", "TRACE"]),
    noun=st.sampled_from(
        ["manifests/", "blobs/", "referrers/", "blobs/uploads/", "tags/list?n=", "", "_catalog?last="]
    ),
    name=hostile,
    reference=hostile,
    header=st.sampled_from(["Range", "Content-Range", "Accept", "Content-Type", "If-None-Match", "If-Range"]),
    value=st.binary(max_size=30).map(lambda raw: raw.translate(None, CONTROLS).decode("latin-1").strip()),
    body=st.binary(max_size=40),
)
def test_hostile_requests_get_an_error_of_the_specification(
    server: Server, method: str, noun: str, name: str, reference: str, header: str, value: str, body: bytes
) -> None:
    door = _keeping(server)
    path = f"/v2/{quote(name)}/{noun}{quote(reference, safe='')}"
    answer = door.request(method, path, body if method in {"PUT", "POST", "PATCH"} else None, **{header: value})
    assert answer.status < 500, (method, path, answer.data)
    if answer.status >= 400 and method != "HEAD":
        assert set(error_codes(answer)) <= CODES


_doors: dict[int, Registry] = {}


def _keeping(server: Server) -> Registry:
    """One keep-alive connection for all examples."""
    if server.port not in _doors:
        _doors[server.port] = Registry(server)
    return _doors[server.port]
