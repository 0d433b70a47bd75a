"""A service of three protocols, below any SDK: which one is spoken, what is refused, what a client reads of it."""

import gzip
import json
from typing import Any
from urllib.parse import urlencode

import pytest
from botocore.awsrequest import HeadersDict
from botocore.parsers import create_parser

from entrepot.spec import cbor
from tests.factories.processes import Server
from tests.factories.signed import Reply, Wire

TARGET = "GraniteServiceVersion20100801"
RPC = {"smithy-protocol": "rpc-v2-cbor", "Content-Type": "application/cbor"}
FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
NOT_SERVED = "DescribeInsightRules"


@pytest.fixture(scope="module")
def wire(server: Server) -> Wire:
    return Wire(server)


def in_json(wire: Wire, operation: str, body: bytes = b"{}", **how: Any) -> Reply:
    headers = {"X-Amz-Target": f"{TARGET}.{operation}", "Content-Type": "application/x-amz-json-1.0"}
    return wire.call(operation, body, headers=headers, **{"service": "monitoring", **how})


def in_cbor(wire: Wire, operation: str, body: bytes = b"\xa0", **how: Any) -> Reply:
    path = f"/service/{TARGET}/operation/{operation}"
    return wire.send(wire.posted(path, body, **{"headers": RPC, "service": "monitoring", **how}))


def in_query(wire: Wire, operation: str, body: bytes | None = None, **how: Any) -> Reply:
    form = urlencode({"Action": operation, "Version": "2010-08-01"}).encode()
    given = {"headers": FORM, "service": "monitoring", **how}
    return wire.send(wire.posted("/", form if body is None else body, **given))


SPEAKERS = {"json": in_json, "smithy-rpc-v2-cbor": in_cbor, "query": in_query}


def told(protocol: str, reply: Reply) -> dict[str, Any]:
    """What botocore makes of an error."""
    response = {"status_code": reply.status, "headers": HeadersDict(reply.headers), "body": reply.body}
    parsed: dict[str, Any] = create_parser(protocol).parse(response, None)
    return parsed


@pytest.mark.parametrize("protocol", SPEAKERS)
def test_each_protocol_is_answered_in_itself(wire: Wire, protocol: str):
    reply = SPEAKERS[protocol](wire, NOT_SERVED)
    parsed = told(protocol, reply)
    assert (reply.status, parsed["Error"]["Code"]) == (400, "InvalidAction")
    assert NOT_SERVED in parsed["Error"]["Message"]


@pytest.mark.parametrize("protocol", SPEAKERS)
def test_a_scope_of_another_service_signs_nothing(wire: Wire, protocol: str):
    reply = SPEAKERS[protocol](wire, NOT_SERVED, service="ecr")
    assert (reply.status, told(protocol, reply)["Error"]["Code"]) == (403, "SignatureDoesNotMatch")


@pytest.mark.parametrize("protocol", SPEAKERS)
def test_an_unknown_key_is_refused_in_the_protocol_of_the_request(wire: Wire, protocol: str):
    stranger = wire.credentials()
    stranger.access_key = "AKIA" + "A" * 16
    reply = SPEAKERS[protocol](wire, NOT_SERVED, credentials=stranger)
    assert (reply.status, told(protocol, reply)["Error"]["Code"]) == (403, "InvalidClientTokenId")


def test_who_does_not_sign_is_refused_in_cbor_too(wire: Wire):
    reply = wire.request("POST", f"/service/{TARGET}/operation/{NOT_SERVED}", b"\xa0", RPC)
    assert (reply.status, reply.headers["Content-Type"]) == (403, "application/cbor")
    assert cbor.decode(reply.body, 4, 10)["__type"] == "MissingAuthenticationTokenException"


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        (f"/service/{TARGET}/operation/{NOT_SERVED}", RPC | {"X-Amz-Target": f"{TARGET}.{NOT_SERVED}"}),
        (f"/service/{TARGET}/operation/", RPC),
        (f"/service/AWSEvents/operation/{NOT_SERVED}", RPC),
        (f"/prefix/service/{TARGET}/operation/{NOT_SERVED}", RPC),
        (f"/service/{TARGET}/operation/{NOT_SERVED}/more", RPC),
        ("/", RPC),
        (f"/service/{TARGET}/operation/{NOT_SERVED}", {"Content-Type": "application/cbor"}),
    ],
)
def test_a_path_that_names_no_operation_is_told_so(wire: Wire, path: str, headers: dict[str, str]):
    reply = wire.send(wire.posted(path, b"\xa0", headers=headers, service="monitoring"))
    assert reply.status == 400
    assert b"UnknownOperationException" in reply.body


def test_a_body_may_be_compressed(wire: Wire):
    form = urlencode({"Action": NOT_SERVED, "Version": "2010-08-01"}).encode()
    packed = in_query(wire, NOT_SERVED, gzip.compress(form), headers=FORM | {"Content-Encoding": "gzip"})
    assert told("query", packed)["Error"]["Code"] == "InvalidAction"


@pytest.mark.parametrize(
    ("body", "encoding", "status"),
    [
        pytest.param(b"{}", "gzip", 400, id="not-compressed"),
        pytest.param(gzip.compress(b"{}")[:-3], "gzip", 400, id="cut-off"),
        pytest.param(gzip.compress(b"{}") * 2, "gzip", 400, id="two-members"),
        pytest.param(gzip.compress(bytes(9 * 1024 * 1024)), "gzip", 413, id="bomb"),
        pytest.param(gzip.compress(gzip.compress(b"{}")), "gzip, gzip", 400, id="twice"),
        pytest.param(b"{}", "br", 400, id="another"),
    ],
)
def test_what_cannot_be_unpacked_is_refused(wire: Wire, body: bytes, encoding: str, status: int):
    reply = wire.call("ListImages", body, headers={"Content-Encoding": encoding})
    assert reply.status == status
    assert json.loads(reply.body)["__type"] in {"SerializationException", "RequestEntityTooLargeException"}
