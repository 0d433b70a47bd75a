"""Hostile input to every operation over a live server: never a 500, never a hang, always a documented code.

A refused call leaves nothing behind.
"""

import base64
import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.aws import ecr
from entrepot.aws.protocol import models
from entrepot.aws.protocol.errors import COMMON
from entrepot.spec.paging import encode_token
from tests.factories.processes import Server, serve
from tests.factories.shapes import values
from tests.factories.signed import Reply, Wire

MODEL = models.load("ecr", "2015-09-21")
OPERATIONS = sorted(ecr.OPERATIONS)
EXAMPLES = 30
REPOSITORY = "property/kept"
HOSTILE = (
    "",
    "'; DROP TABLE repository; --",
    "<script>alert(1)</script>",
    "../../etc/passwd",
    "line\nbreak\r\nSet-Cookie: a=b",
    "nul\0nul",
    "\u202eright to left",
    "\U0001f40b" * 3,
    "%00%0a",
    "${jndi:ldap://x}",
    "x" * 5000,
    "a" * 30 + "!",
    "arn:aws:ecr:us-east-1:000000000000:repository/\0",
    "sha256:" + "0" * 63,
    "-" * 300,
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve(tmp_path_factory.mktemp("door")) as running:
        running.client().create_repository(repositoryName=REPOSITORY)
        yield running


@pytest.fixture(scope="module")
def wire(server: Server) -> Wire:
    return Wire(server)


def wrong_values() -> st.SearchStrategy[Any]:
    """What no member expects, or not there."""
    return st.one_of(
        st.none(),
        st.booleans(),
        st.sampled_from([0, -1, 2**31, 2**63, -(2**63) - 1, 10**400, 1e308, 0.5]),
        st.sampled_from(HOSTILE),
        st.text(max_size=20),
        st.just([]),
        st.just({}),
        st.just([[[]]]),
        st.lists(st.integers(), max_size=3),
        st.just({"imageTag": {"imageTag": "x"}}),
        st.just(["x"] * 1001),
    )


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a document."""
    found = [at]
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in items:
        found += paths(item, (*at, name))
    return found


@st.composite
def mutated(draw: st.DrawFn, operation: str) -> Any:
    """An input of the operation with one to three places made wrong."""
    shape = MODEL.input_shape(operation)
    assert shape is not None
    document = json.loads(json.dumps(draw(values(MODEL, shape)), default=lambda data: base64.b64encode(data).decode()))
    for _ in range(draw(st.integers(1, 3))):
        document = change(document, draw(st.sampled_from(paths(document))), draw)
    return document


def change(document: Any, path: tuple[Any, ...], draw: st.DrawFn) -> Any:
    if not path:
        return document if draw(st.booleans()) else draw(wrong_values())
    changed = copy.deepcopy(document)
    parent = changed
    for step in path[:-1]:
        parent = parent[step]
    kind = draw(st.sampled_from(["replace", "remove", "extra"]))
    if kind == "remove":
        del parent[path[-1]]
    elif kind == "extra" and isinstance(parent, dict):
        parent[draw(st.sampled_from([*HOSTILE, "registryId", "nextToken", "maxResults"]))] = draw(wrong_values())
    else:
        parent[path[-1]] = draw(wrong_values())
    return changed


def check(operation: str, reply: Reply) -> None:
    assert reply.status < 500, reply.body
    assert reply.headers["x-amzn-RequestId"]
    if reply.status != 200:
        assert reply.code in MODEL.errors(operation) | COMMON, reply.body
        assert len(reply.message) > 10, reply.body
        assert "Traceback" not in reply.message


def held(server: Server) -> list[str]:
    """What a refused call must not have changed."""
    ecr_client = server.client()
    repositories = ecr_client.get_paginator("describe_repositories").paginate().search("repositories[].repositoryName")
    return sorted(repositories)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_wrong_input_is_answered_with_a_documented_code(server: Server, wire: Wire, operation: str):
    @settings(max_examples=EXAMPLES)
    @given(mutated(operation))
    def holds(document):
        check(operation, wire.call(operation, json.dumps(document).encode()))

    holds()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_hostile_text_in_every_field_is_answered_with_a_documented_code(wire: Wire, operation: str):
    shape = MODEL.shapes[MODEL.input_shape(operation) or ""]
    for name, member in shape["members"].items():
        for text in HOSTILE:
            document = {"repositoryName": REPOSITORY, **filled(operation), name: text_for(member["shape"], text)}
            check(operation, wire.call(operation, json.dumps(document).encode()))


def filled(operation: str) -> dict[str, Any]:
    """Input that is good but for what a test makes of it; nothing that deletes."""
    arn = f"arn:aws:ecr:us-east-1:000000000000:repository/{REPOSITORY}"
    given: dict[str, dict[str, Any]] = {
        "BatchCheckLayerAvailability": {"layerDigests": ["sha256:" + "0" * 64]},
        "BatchDeleteImage": {"imageIds": [{"imageTag": "absent"}]},
        "BatchGetImage": {"imageIds": [{"imageTag": "absent"}]},
        "CreateRepository": {"repositoryName": REPOSITORY},
        "DeleteRepository": {"repositoryName": "property/absent"},
        "ListTagsForResource": {"resourceArn": arn},
        "TagResource": {"resourceArn": arn, "tags": [{"Key": "a", "Value": "b"}]},
        "UntagResource": {"resourceArn": arn, "tagKeys": ["a"]},
        "PutImage": {"imageManifest": "{}"},
        "PutImageTagMutability": {"imageTagMutability": "MUTABLE"},
    }
    return given.get(operation, {})


def text_for(shape_name: str, text: str) -> Any:
    """The text, where the shape has room for text."""
    shape = MODEL.shapes[shape_name]
    match shape["type"]:
        case "structure":
            return {name: text_for(member["shape"], text) for name, member in shape["members"].items()}
        case "list":
            return [text_for(shape["member"]["shape"], text)]
    return text


BODIES = [
    pytest.param(b"", id="empty"),
    pytest.param(b"\xff\xfe{}", id="not-utf8"),
    pytest.param(b'{"repositoryName": "\xc3\x28"}', id="bad-utf8"),
    pytest.param(b'\xef\xbb\xbf{"repositoryName": "a/b"}', id="byte-order-mark"),
    pytest.param(b'{"repositoryName": "\\ud800"}', id="surrogate"),
    pytest.param(b'{"imageIds": [{"imageTag": "\\ud800"}], "repositoryName": "property/absent"}', id="nested"),
    pytest.param(b'{"\\ud800": 1}', id="surrogate-key"),
    pytest.param(b'{"repositoryName": "a/b", "repositoryName": "c/d"}', id="key-twice"),
    pytest.param(b'{"repositoryName": NaN}', id="nan"),
    pytest.param(b'{"maxResults": Infinity}', id="infinity"),
    pytest.param(b'{"maxResults": 1e999}', id="huge-exponent"),
    pytest.param(b'{"maxResults": ' + b"9" * 5000 + b"}", id="huge-number"),
    pytest.param(b"[" * 100_000, id="deep-lists"),
    pytest.param(b'{"a":' * 100_000, id="deep-objects"),
    pytest.param(b'{"repositoryName": ' + b"[" * 31 + b"]" * 31 + b"}", id="nested-lists"),
    pytest.param(b"null", id="null"),
    pytest.param(b'"text"', id="text"),
    pytest.param(b"{} {}", id="two-documents"),
    pytest.param(b"{'repositoryName': 'a'}", id="single-quotes"),
    pytest.param(b"Action=CreateRepository&Version=2015-09-21", id="form"),
    pytest.param(b"<xml/>", id="xml"),
    pytest.param(b"\0" * 100, id="nul"),
    pytest.param(b'{"layerPartBlob": "not base64!", "repositoryName": "property/absent"}', id="bad-base64"),
    pytest.param(b'{"layerPartBlob": "QUJ", "repositoryName": "property/absent"}', id="short-base64"),
]


@pytest.mark.parametrize("body", BODIES)
def test_a_body_that_is_no_input_is_answered_with_a_documented_code(wire: Wire, body: bytes):
    for operation in OPERATIONS:
        check(operation, wire.call(operation, body))


@settings(max_examples=100)
@given(body=st.binary(max_size=200), operation=st.sampled_from(OPERATIONS))
def test_any_bytes_are_answered_with_a_documented_code(server: Server, wire: Wire, body, operation):
    check(operation, wire.call(operation, body))


# operation -> its parameters, and how many parts the key of its pages has
PAGES: dict[str, tuple[dict[str, str], int]] = {
    "ListImages": ({"repositoryName": REPOSITORY}, 2),
    "DescribeImages": ({"repositoryName": REPOSITORY}, 1),
    "DescribeRepositories": ({}, 1),
}


@settings(max_examples=100)
@given(key=st.lists(st.text(max_size=10), max_size=4), operation=st.sampled_from(sorted(PAGES)))
def test_a_page_token_made_up_with_the_right_scope_does_no_harm(server: Server, wire: Wire, key, operation):
    parameters, parts = PAGES[operation]
    token = encode_token(key, [operation, "000000000000", "us-east-1", json.dumps(parameters, separators=(",", ":"))])
    reply = wire.call(operation, json.dumps({**parameters, "nextToken": token}).encode())
    if len(key) == parts and not any("\0" in part for part in key):
        assert reply.status == 200
    else:
        assert (reply.status, reply.code) == (400, "InvalidParameterException")


@pytest.mark.parametrize("token", ["", "x", "/w==", "e30=", "W10=", "W1tdLCIiXQ==", "WzEsMl0=", "A" * 5000, "\u00e9"])
def test_what_is_no_page_token_is_an_invalid_parameter(wire: Wire, token: str):
    for operation, (parameters, _) in PAGES.items():
        reply = wire.call(operation, json.dumps({**parameters, "nextToken": token}).encode())
        assert (reply.status, reply.code) == (400, "InvalidParameterException")


CREATIONS = [
    {"repositoryName": "property/new", "tags": [{"Key": "aws:reserved", "Value": "x"}]},
    {"repositoryName": "property/new", "tags": [{"Key": "k", "Value": "x" * 257}]},
    {"repositoryName": "property/new", "tags": [{"Key": f"k{n}", "Value": ""} for n in range(51)]},
    {"repositoryName": "property/new", "tags": [{"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}]},
    {"repositoryName": "property/new", "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION"},
    {"repositoryName": "property/new", "encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": "absent"}},
    {"repositoryName": "property/new", "registryId": "111122223333"},
]


@pytest.mark.parametrize("document", CREATIONS)
def test_a_refused_creation_leaves_nothing(server: Server, wire: Wire, document):
    before = held(server)
    reply = wire.call("CreateRepository", json.dumps(document).encode())
    assert reply.status == 400
    check("CreateRepository", reply)
    assert held(server) == before
    assert "property/new" not in before


def test_refused_tags_leave_those_that_were_there(server: Server, wire: Wire):
    client = server.client()  # a repository of its own: the one of the other tests is deleted by chance
    arn = client.create_repository(repositoryName="property/tagged")["repository"]["repositoryArn"]
    client.tag_resource(resourceArn=arn, tags=[{"Key": "kept", "Value": "1"}])
    before = client.list_tags_for_resource(resourceArn=arn)["tags"]
    for tags in (
        [{"Key": "kept", "Value": "2"}, {"Key": "aws:x", "Value": ""}],
        [{"Key": f"n{n}", "Value": ""} for n in range(50)],
    ):
        reply = wire.call("TagResource", json.dumps({"resourceArn": arn, "tags": tags}).encode())
        assert reply.status == 400
        check("TagResource", reply)
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == before
