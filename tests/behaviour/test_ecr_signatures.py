"""Signed requests against a running server: what is accepted, what is refused, and under which name."""

import hashlib
import re
import socket
from collections.abc import Iterator

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.factories.processes import REGION, Server, serve
from tests.factories.signed import Reply, Wire

IDENTITY = "/?Action=GetCallerIdentity&Version=2011-06-15"
OPERATION = "DescribeRegistry"


@pytest.fixture(scope="module")
def wire(server: Server) -> Wire:
    return Wire(server)


def test_a_call_signed_in_its_headers_is_answered(wire: Wire):
    reply = wire.call(OPERATION, b"{}")
    assert (reply.status, reply.document["registryId"]) == (200, "000000000000")


def test_a_call_with_an_unsigned_payload_is_answered(wire: Wire):
    request = AWSRequest("POST", f"{wire.server.base_url}/", headers=headers(OPERATION), data=b"{}")
    request.headers["x-amz-content-sha256"] = "UNSIGNED-PAYLOAD"
    auth = SigV4Auth(wire.credentials(), "ecr", REGION)
    auth.payload = lambda _: "UNSIGNED-PAYLOAD"
    auth.add_auth(request)
    assert wire.send(request).status == 200


def headers(operation: str) -> dict[str, str]:
    target = f"AmazonEC2ContainerRegistry_V20150921.{operation}"
    return {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"}


def test_a_presigned_identity_is_told_to_whoever_has_the_url(wire: Wire):
    reply = wire.request("GET", wire.presigned("GET", IDENTITY))
    assert reply.status == 200
    assert b"<Arn>arn:aws:iam::000000000000:root</Arn>" in reply.body


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD"])
def test_a_presigned_url_is_good_for_its_own_method_only(wire: Wire, method: str):
    assert wire.request(method, wire.presigned("GET", IDENTITY)).status in (400, 403)


def test_a_presigned_url_of_one_service_is_none_of_another(wire: Wire):
    url = wire.presigned("GET", IDENTITY)
    reply = wire.request("GET", url, headers=headers("DescribeRepositories"))
    assert (reply.status, reply.code) == (403, "InvalidSignatureException")
    url = wire.presigned("POST", "/", service="ecr")
    reply = wire.request("POST", url, headers=headers("DeleteRepository"), body=b"")
    assert (reply.status, reply.code) == (403, "InvalidSignatureException")
    assert "must be signed: x-amz-target" in reply.message


def test_the_operation_cannot_be_changed_after_signing(wire: Wire):
    request = wire.signed("DescribeRepositories", b"{}")
    changed = {**dict(request.headers.items()), "X-Amz-Target": headers("CreateRepository")["X-Amz-Target"]}
    reply = wire.request("POST", request.url, b"{}", changed)
    assert (reply.status, reply.code) == (403, "InvalidSignatureException")


def test_an_operation_that_is_not_signed_is_refused(wire: Wire):
    request = AWSRequest("POST", f"{wire.server.base_url}/", data=b"{}")
    SigV4Auth(wire.credentials(), "ecr", REGION).add_auth(request)
    reply = wire.request("POST", request.url, b"{}", {**dict(request.headers.items()), **headers(OPERATION)})
    assert (reply.status, reply.code) == (403, "InvalidSignatureException")


def test_the_body_cannot_be_changed_after_signing(wire: Wire):
    request = wire.signed("DescribeRepositories", b"{}")
    reply = wire.request("POST", request.url, b'{"maxResults": 1}', dict(request.headers.items()))
    assert (reply.status, reply.code) == (403, "InvalidSignatureException")


@pytest.mark.parametrize(
    ("credentials", "code"),
    [
        (Credentials("AKIAUNKNOWN", "secret"), "UnrecognizedClientException"),
        (None, "InvalidSignatureException"),
    ],
)
def test_unknown_keys_and_wrong_secrets_are_told_apart(wire: Wire, credentials, code: str):
    wrong = Credentials(wire.server.credentials.access_key_id, "wrong")
    reply = wire.call(OPERATION, b"{}", credentials=credentials or wrong)
    assert (reply.status, reply.code) == (403, code)


def test_a_session_token_that_nobody_issued_is_refused(wire: Wire):
    reply = wire.call(OPERATION, b"{}", credentials=wire.credentials(token="session"))
    assert (reply.status, reply.code) == (403, "UnrecognizedClientException")


def test_a_scope_of_another_service_is_refused(wire: Wire):
    for service in ("sts", "iam", "s3"):
        reply = wire.call(OPERATION, b"{}", service=service)
        assert (reply.status, reply.code) == (403, "InvalidSignatureException")


def test_a_region_that_is_not_served_is_refused_with_those_that_are(wire: Wire):
    reply = wire.call(OPERATION, b"{}", region="ap-south-2")
    assert (reply.status, reply.code) == (400, "InvalidParameterException")
    assert "ap-south-2" in reply.message
    assert "us-east-1" in reply.message


def test_sts_takes_any_region(server: Server):
    assert server.client("sts", region="eu-west-1").get_caller_identity()["Account"] == "000000000000"


def test_a_request_without_a_signature_is_refused(wire: Wire):
    reply = wire.request("POST", "/", b"{}", headers(OPERATION))
    assert (reply.status, reply.code) == (403, "MissingAuthenticationTokenException")


def test_two_authorizations_are_refused(wire: Wire):
    request = wire.signed(OPERATION, b"{}")
    url = request.url + "?X-Amz-Signature=00"
    reply = wire.request("POST", url, b"{}", dict(request.headers.items()))
    assert (reply.status, reply.code) == (400, "SerializationException")


@pytest.mark.parametrize("stamp", ["20150830T123600Z", "00010101T000000Z", "99991231T235959Z"])
def test_a_signature_of_another_time_is_refused(wire: Wire, stamp: str):
    request = wire.signed(OPERATION, b"{}")
    changed = dict(request.headers.items()) | {"X-Amz-Date": stamp}
    changed["Authorization"] = re.sub(r"/\d{8}/", f"/{stamp[:8]}/", changed["Authorization"])
    reply = wire.request("POST", request.url, b"{}", changed)
    assert (reply.status, reply.code) == (403, "InvalidSignatureException")
    assert "Signature expired" in reply.message


HOSTILE_HEADERS = [
    {"User-Agent": "\xff\xfe agent"},
    {"User-Agent": "\xed\xa0\x80"},
    {"X-Forwarded-Host": "evil.example"},
    {"X-Custom": "\xff"},
    {"X-Amzn-Trace-Id": "a" * 4000},
    {"Accept": "'\"<script>"},
]


@pytest.mark.parametrize("added", HOSTILE_HEADERS)
def test_headers_that_are_no_text_do_no_harm(wire: Wire, added: dict[str, str]):
    request = wire.signed(OPERATION, b"{}")
    reply = wire.request("POST", request.url, b"{}", {**dict(request.headers.items()), **added})
    assert reply.status == 200
    assert wire.call(OPERATION, b"{}").status == 200


@pytest.mark.parametrize("path", ["/\xff", "/%ff", "/v2/\xff/tags/list", "/%00", "/v2/%ff/manifests/%fe?n=\xff"])
def test_paths_that_are_no_text_do_no_harm(wire: Wire, path: str):
    with socket.create_connection(("127.0.0.1", wire.server.port), timeout=10) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode("latin-1"))
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert re.match(rb"HTTP/1.[01] 4\d\d ", answer), answer
    assert wire.call(OPERATION, b"{}").status == 200


@pytest.mark.parametrize(
    ("target", "told"),
    [
        *((text, (400, "UnknownOperationException")) for text in ("Unknown.Operation", "", ".")),
        *((text, (403, "InvalidSignatureException")) for text in ("\xff", "\u00e9" * 200)),  # no UTF-8: it fits none
    ],
)
def test_a_target_that_names_nothing_is_an_unknown_operation(wire: Wire, target: str, told: tuple[int, str]):
    request = AWSRequest("POST", f"{wire.server.base_url}/", data=b"{}")
    request.headers["X-Amz-Target"] = target
    SigV4Auth(wire.credentials(), "ecr", REGION).add_auth(request)
    reply = wire.send(request)
    assert (reply.status, reply.code) == told


def test_chunked_payloads_are_verified_and_joined(wire: Wire):
    def call(declared: str, body: bytes) -> Reply:
        request = AWSRequest("POST", f"{wire.server.base_url}/", headers=headers(OPERATION), data=body)
        request.headers["x-amz-content-sha256"] = declared
        request.headers["x-amz-decoded-content-length"] = "2"
        request.headers["Content-Encoding"] = "aws-chunked"
        auth = SigV4Auth(wire.credentials(), "ecr", REGION)
        auth.payload = lambda _: declared
        auth.add_auth(request)
        return wire.send(request)

    good = b"2\r\n{}\r\n0\r\nx-amz-checksum-sha256:AA==\r\n\r\n"
    assert call("STREAMING-UNSIGNED-PAYLOAD-TRAILER", good).status == 200
    unsigned = b"2;chunk-signature=" + hashlib.sha256(b"").hexdigest().encode() + b"\r\n{}\r\n"
    reply = call("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", unsigned)
    assert (reply.status, reply.code) == (403, "InvalidSignatureException")


@pytest.fixture(scope="module")
def behind_a_proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    with serve(tmp_path_factory.mktemp("proxied"), extra=["--trusted-proxies", "127.0.0.1/32"]) as running:
        yield Wire(running)


def forwarded(wire: Wire, host: str) -> Reply:
    """A call that the client signed for `host`, as a proxy hands it on."""
    request = AWSRequest("POST", f"https://{host}/", headers=headers("CreateRepository"))
    request.data = b'{"repositoryName": "proxied/' + hashlib.sha256(host.encode()).hexdigest()[:8].encode() + b'"}'
    SigV4Auth(wire.credentials(), "ecr", REGION).add_auth(request)
    sent = dict(request.headers.items()) | {"X-Forwarded-Host": host, "X-Forwarded-Proto": "https"}
    return wire.request("POST", "/", request.data, sent)


def test_a_host_that_a_trusted_proxy_names_is_the_one_that_was_signed(behind_a_proxy: Wire):
    reply = forwarded(behind_a_proxy, "ecr.example:8443")
    assert reply.status == 200, reply.body
    assert reply.document["repository"]["repositoryUri"].startswith("ecr.example:8443/")


def test_a_host_that_anyone_else_names_is_not(wire: Wire):
    reply = forwarded(wire, "ecr.example:8443")
    assert (reply.status, reply.code) == (403, "InvalidSignatureException")
