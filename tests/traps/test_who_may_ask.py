"""Traps of authorisation at the registry's door: every verb and kind of reference, for everybody."""

import pytest

from tests.factories.processes import Credentials, Server
from tests.factories.registry import Registry, error_codes
from tests.traps.door import REQUESTS, credential, fresh
from tests.traps.wire import head, send


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
