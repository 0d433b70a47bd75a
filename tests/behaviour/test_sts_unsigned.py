"""Only what AWS lets nobody sign is taken without a signature."""

from urllib.parse import urlencode

import pytest
import urllib3

from tests.factories.processes import Server
from tests.factories.registry import Registry

FORM = "application/x-www-form-urlencoded"


def ask(server: Server, method: str = "POST", **fields: str) -> urllib3.BaseHTTPResponse:
    text = urlencode({"Version": "2011-06-15", **fields})
    path, body = ("/", text.encode()) if method == "POST" else (f"/?{text}", None)
    return Registry(server, "").request(method, path, body, Content_Type=FORM)


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize(
    "fields",
    [
        {"Action": "GetCallerIdentity"},
        {"Action": "AssumeRole", "RoleArn": "arn:aws:iam::000000000000:role/any", "RoleSessionName": "run"},
        {"Action": "ListUsers", "Version": "2010-05-08"},
        {"Action": "AssumeRoleWithWebIdentity", "Version": "2010-05-08"},
        {"Action": ""},
        {},
    ],
    ids=str,
)
def test_a_form_without_a_signature_is_refused(server: Server, method: str, fields: dict[str, str]):
    answer = ask(server, method, **fields)
    assert answer.status == 403
    assert b"MissingAuthenticationToken" in answer.data


def test_an_unsigned_body_is_small(server: Server):
    answer = ask(server, Action="AssumeRoleWithWebIdentity", WebIdentityToken="x" * 70_000)
    assert answer.status == 413
