"""Traps on the wire: bodies that nobody wants, bytes that are no request, requests made by chance."""

from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.oci import errors
from tests.factories.processes import Server
from tests.factories.registry import Registry, error_codes
from tests.traps.door import ABSENT, UPLOAD, credential, fresh
from tests.traps.wire import head, head_only, send


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


@pytest.mark.parametrize(
    "path",
    ["_catalog?last=", "{name}/tags/list?last=", "{name}/referrers/" + ABSENT + "?last=", "_catalog?n="],
)
def test_a_parameter_with_a_nul_is_refused(server: Server, path: str) -> None:
    """Not every engine's text can hold it: it would be an error of the database's."""
    answer = Registry(server).request("GET", f"/v2/{path.format(name=fresh(server))}a%00b")
    assert (answer.status, error_codes(answer)) == (400, ["UNSUPPORTED"])
    assert b"NUL" in answer.data


@pytest.mark.parametrize("last", ["%FF", "%ED%A0%80", "%", "%zz", "a" * 5000, "%F0%9F%90%B3", "'--", "../x"])
def test_a_page_follows_whatever_last_is(server: Server, last: str) -> None:
    """It is compared with names and read as nothing else."""
    name, door = fresh(server), Registry(server)
    for path in ("_catalog", f"{name}/tags/list", f"{name}/referrers/{ABSENT}"):
        assert door.request("GET", f"/v2/{path}?last={last}").status == 200


def test_a_header_that_is_not_utf_8_is_quoted_as_text(server: Server) -> None:
    request = head(
        "PATCH", f"/v2/{fresh(server)}/blobs/uploads/{UPLOAD}", credential(server.token()), "Content-Length: 0"
    )
    answer = send(server, request[:-2] + b"Content-Range: \x80\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"Content-Range '?' is not" in answer
