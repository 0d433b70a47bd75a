"""Hostile CBOR and hostile forms to every operation that is spoken in them, over a live server: never a 500, never a
hang, always a code that clients know, in the protocol of the request.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from botocore.awsrequest import HeadersDict
from botocore.parsers import create_parser
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.aws import cloudwatch
from entrepot.aws.protocol import models
from entrepot.aws.protocol.errors import COMMON, QUERY_CODES
from entrepot.spec import cbor
from tests.factories.processes import serve
from tests.factories.shapes import values
from tests.factories.signed import Reply, Wire

MODEL = models.load("cloudwatch", "2010-08-01")
TARGET = MODEL.metadata["targetPrefix"]
OPERATIONS = sorted(cloudwatch.OPERATIONS)
RPC = {"smithy-protocol": "rpc-v2-cbor", "Content-Type": "application/cbor"}
FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
EXAMPLES = 10
HOSTILE = ("", "nul\0nul", "x" * 3000, "${jndi:ldap://x}", "\u202e", "NaN", "-1", "1e999", "p99.99.9")
WRONG = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, -1, 2**31, 2**63, 2**64 - 1, -(2**64), 1e308, float("nan"), float("inf"), b"\xff"]),
    st.sampled_from(HOSTILE),
    st.sampled_from([datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)]),
    st.sampled_from([[], {}, [[[]]], ["x"] * 1001, {"a": {"a": "x"}}]),
)


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    with serve(tmp_path_factory.mktemp("protocols")) as running:
        yield Wire(running)


def in_cbor(wire: Wire, operation: str, body: bytes) -> Reply:
    return wire.send(wire.posted(f"/service/{TARGET}/operation/{operation}", body, headers=RPC, service="monitoring"))


def in_form(wire: Wire, body: bytes) -> Reply:
    return wire.send(wire.posted("/", body, headers=FORM, service="monitoring"))


def check(reply: Reply, operation: str, protocol: str) -> None:
    assert reply.status < 500, reply.body
    if reply.status == 200:
        return
    response = {"status_code": reply.status, "headers": HeadersDict(reply.headers), "body": reply.body}
    told = create_parser(protocol).parse(response, None)["Error"]
    modelled = {(MODEL.wire_error(shape) or (shape, 0))[0] for shape in MODEL.errors(operation)}
    known = modelled | COMMON | set(QUERY_CODES.values()) | {"ValidationError"}
    assert told["Code"] in known, told
    assert len(told["Message"]) > 5


@st.composite
def mutated(draw: st.DrawFn, operation: str) -> Any:
    """An input with one to three of its members, at any depth, made wrong."""
    shape = MODEL.input_shape(operation)
    document = draw(values(MODEL, shape)) if shape else {}
    for _ in range(draw(st.integers(1, 3))):
        place = document
        while isinstance(place, dict | list) and place:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            key = draw(st.sampled_from(keys))
            if not isinstance(place[key], dict | list) or not place[key] or draw(st.booleans()):
                place[key] = draw(WRONG)
                break
            place = place[key]
    return document


@pytest.mark.parametrize("operation", OPERATIONS)
def test_wrong_members_in_cbor_are_answered_with_a_known_code(wire: Wire, operation: str):
    @settings(max_examples=EXAMPLES)
    @given(mutated(operation))
    def holds(document):
        check(in_cbor(wire, operation, cbor.encode(document)), operation, "smithy-rpc-v2-cbor")

    holds()


@settings(max_examples=150)
@given(body=st.binary(max_size=120), operation=st.sampled_from(OPERATIONS))
def test_any_bytes_for_cbor_are_answered_with_a_known_code(wire: Wire, body: bytes, operation: str):
    check(in_cbor(wire, operation, body), operation, "smithy-rpc-v2-cbor")


DEEP = {
    "lists": b"\x81" * 100_000 + b"\x00",
    "lists without end": b"\x9f" * 1_000_000,
    "maps": b"\xa1\x61a" * 100_000 + b"\x00",
    "tags": b"\xc1" * 100_000 + b"\x00",
    "many": b"\x9a\x00\x0f\x42\x40" + b"\x00" * 1_000_000,
    "a long promise": b"\xa1\x69Namespace\x7b\xff\xff\xff\xff\xff\xff\xff\xff",
    "pieces": b"\xa1\x69Namespace\x7f" + b"\x61a" * 300_000 + b"\xff",
    "a list": b"\x80",
    "null": b"\xf6",
    "two": b"\xa0\xa0",
    "nothing": b"",
}


@pytest.mark.parametrize("body", DEEP.values(), ids=DEEP)
def test_what_is_deep_or_long_is_refused_at_once(wire: Wire, body: bytes):
    reply = in_cbor(wire, "PutMetricData", body)
    assert reply.status in {400, 413}
    check(reply, "PutMetricData", "smithy-rpc-v2-cbor")


@pytest.mark.parametrize("operation", OPERATIONS)
def test_forms_with_anything_in_any_field_are_answered_with_a_known_code(wire: Wire, operation: str):
    shape = MODEL.shapes[MODEL.input_shape(operation) or ""]
    members = sorted(shape["members"])
    endings = ("", ".member.1", ".member.1.Name", ".member.0", ".member.99999999", ".entry.1.key", ".1.1.1", "..")

    @settings(max_examples=EXAMPLES)
    @given(
        st.dictionaries(
            st.tuples(st.sampled_from(members), st.sampled_from(endings)).map("".join),
            st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(exclude_categories=["Cs"]), max_size=20)),
            max_size=6,
        )
    )
    def holds(fields):
        form = urlencode({**fields, "Action": operation, "Version": "2010-08-01"}).encode()
        check(in_form(wire, form), operation, "query")

    holds()


def test_a_form_of_too_many_fields_is_refused(wire: Wire):
    fields = "&".join(f"MetricData.member.{number}.MetricName=x" for number in range(40_000))
    reply = in_form(wire, f"Action=PutMetricData&Version=2010-08-01&Namespace=x&{fields}".encode())
    assert reply.status == 400
    check(reply, "PutMetricData", "query")
