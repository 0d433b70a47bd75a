"""Amazon's protocol cases in reverse: their request is our input, our answer of their output is their result."""

import base64
import math
from importlib.metadata import version
from typing import Any

import pytest
from botocore.awsrequest import HeadersDict
from botocore.model import OperationModel, ServiceModel
from botocore.parsers import create_parser

from entrepot.aws.protocol import cbor_protocol, json_protocol, query, rest_json_protocol
from entrepot.aws.protocol.models import Model, Protocol
from entrepot.aws.protocol.scalars import SPECIAL_FLOATS, read_time
from tests.protocol.clients import THEIR_NAMES, answer, understand
from tests.protocol.published import directory, suites

# the name of a file of cases -> the protocol that it is about
PROTOCOLS: dict[str, Protocol] = {
    "json": "json",
    "json_1_0": "json",
    "json_1_0-query-compatible": "json",
    "query": "query",
    "rest-json": "rest-json",
    "smithy-rpc-v2-cbor": "cbor",
    "smithy-rpc-v2-cbor-query-compatible": "cbor",
    "smithy-rpc-v2-cbor-non-query-compatible": "cbor",
}
# what no operation that is served needs, with the reason
NOT_READ = {
    "SDKAppliedContentEncoding": "the client compresses a body; no operation that is served has the trait",
    "SDKAppendsGzipAndIgnoresHttpProvidedEncoding": "as above; these cases give no body to read",
    "SDKAppendedGzipAfterProvidedEncoding": "as above",
    "QueryProtocolIdempotencyTokenAutoFill": "the token is made up by the client: what is sent is not what was given",
    "AwsJson11StructuresDontSerializeNullValues": "the client drops a null: what is sent is not what was given",
    "RpcV2CborClientDoesntSerializeNullStructureValues": "as above",
    "MediaTypeHeaderInputBase64": "JSON in the text of a header; no model that is served has any",
    "RestJsonNullAndEmptyHeaders": "the client drops a null and what is empty: what is sent is not what was given",
    "RestJsonOmitsNullQuery": "as above",
    "RestJsonOmitsEmptyListQueryValues": "as above",
    "RestJsonDoesntSerializeNullStructureValues": "as above",
    "RestJsonQueryIdempotencyTokenAutoFill": "the token is made up by the client",
    "RestJsonQueryPrecedence": "a map of the query has all that the query says, what its client left out too",
    "RestJsonQueryParamsStringListMap": "as above",
    "RestJsonHttpWithEmptyStructurePayload": "an empty structure that was given and one that was not look alike",
    "RestJsonHttpWithHeadersButNoPayload": "as above",
    "QueryEmptyQueryMaps": "an empty map leaves no trace on the wire",
}
NOT_SHOWN = {
    "AwsJson11StructuresDontDeserializeNullValues": "a null in an answer; the door leaves absent members out",
    "AwsJson10DeserializeAllowNulls": "as above",
    "RpcV2CborClientDoesntDeserializeNullStructureValues": "as above",
    "RestJsonHttpPayloadTraitsWithNoBlobBody": "botocore reads no bytes as bytes of which there are none",
    "RestJsonHttpPayloadWithUnsetUnion": "botocore's own parser refuses a union of which nothing is set",
    "HttpPrefixHeadersResponse": "a map of all headers, among which the answer's own are",
    "RestJsonInputAndOutputWithQuotedStringHeaders": "botocore's own parser parts quoted items at their commas",
    "RestJsonInputAndOutputWithTimestampHeaders": "botocore's own parser parts dates at their commas",
    "MediaTypeHeaderOutputBase64": "as of what is read",
    "QueryXmlLists": "botocore's own parser does not read flattened lists whose members are named; no model has any",
    "QueryXmlNamespaces": "namespaces within an answer; no operation that is served has the trait",
}


def cases(side: str, key: str, left_out: dict[str, str]) -> list[Any]:
    return [
        pytest.param(protocol, suite, case, id=f"{file}-{case['id']}")
        for file, protocol in PROTOCOLS.items()
        for suite in suites(side, file)
        for case in suite["cases"]
        if key in case and not any(case["id"].startswith(name) for name in left_out)
    ]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    tables = {
        "test_the_door_reads_the_published_request": ("input", "serialized", NOT_READ),
        "test_the_published_parser_reads_the_answer": ("output", "result", NOT_SHOWN),
        "test_the_published_parser_reads_the_error": ("output", "error", NOT_SHOWN),
    }
    if metafunc.function.__name__ in tables:
        metafunc.parametrize(("protocol", "suite", "case"), cases(*tables[metafunc.function.__name__]))


def our_model(suite: dict[str, Any], case: dict[str, Any]) -> Model:
    metadata = {"xmlNamespace": "https://example.com/", **suite["metadata"]}
    return Model(metadata, {case["given"]["name"]: case["given"]}, suite["shapes"])


def their_operation(suite: dict[str, Any], case: dict[str, Any]) -> OperationModel:
    name = case["given"]["name"]
    given = dict(case["given"])
    if suite["metadata"]["protocol"] == "query" and "output" in given:
        given["output"] = {**given["output"], "resultWrapper": f"{name}Result"}
    return ServiceModel({**suite, "operations": {name: given}}).operation_model(name)


def plain(value: Any) -> Any:
    """As the cases write values: blobs as text, times as seconds, special floats by name."""
    match value:
        case dict():
            return {name: plain(item) for name, item in value.items()}
        case list():
            return [plain(item) for item in value]
        case bytes():
            return value.decode()
        case float() if not math.isfinite(value):
            return next(name for name, special in SPECIAL_FLOATS.items() if str(special) == str(value))
        case _ if hasattr(value, "timestamp"):
            return value.timestamp()
    return value


def as_given(model: Model, reference: dict[str, Any], value: Any) -> Any:
    """The cases' values as an operation would return them."""
    shape = model.shapes[reference["shape"]]
    match shape["type"]:
        case _ if shape.get("document") or value is None:
            return value
        case "structure":
            return {name: as_given(model, shape["members"][name], item) for name, item in value.items()}
        case "list":
            return [as_given(model, shape["member"], item) for item in value]
        case "map":
            return {name: as_given(model, shape["value"], item) for name, item in value.items()}
        case "blob":
            return value.encode()
        case "timestamp":
            return read_time(value)
        case "float" | "double":
            return SPECIAL_FLOATS.get(value, value)
    return value


def test_the_door_reads_the_published_request(protocol: Protocol, suite, case):
    model, name = our_model(suite, case), case["given"]["name"]
    serialized = case["serialized"]
    body = serialized.get("body", "").encode()
    request = {
        "body": base64.b64decode(body) if protocol == "cbor" else body,
        "method": serialized.get("method", "POST"),
        "url_path": serialized.get("uri", "/"),
        "headers": serialized.get("headers", {}),
    }
    assert plain(understand(model, protocol, name, request)) == plain(case["params"])


def test_the_published_parser_reads_the_answer(protocol: Protocol, suite, case):
    model, name = our_model(suite, case), case["given"]["name"]
    output = as_given(model, case["given"]["output"], case["result"]) if "output" in case["given"] else {}
    given = answer(model, protocol, name, output)
    response = {"status_code": given.status, "headers": HeadersDict(given.headers), "body": given.body}
    parsed = create_parser(THEIR_NAMES[protocol]).parse(response, their_operation(suite, case).output_shape)
    parsed.pop("ResponseMetadata", None)
    assert plain(parsed) == case["result"]


def test_the_published_parser_reads_the_error(protocol: Protocol, suite, case):
    code, message = case.get("errorCode", "Sample"), case.get("errorMessage", "words")
    if protocol == "cbor":
        given = cbor_protocol.show_error(code, message, case["error"], 400)
    elif protocol == "json":
        given = json_protocol.show_error(code, message, case["error"], 400, suite["metadata"]["jsonVersion"])
    elif protocol == "rest-json":
        given = rest_json_protocol.show_error(code, message, case["error"], 400)
    else:
        given = query.show_error("https://example.com/", code, message, 400, "request-1")
    response = {"status_code": given.status, "headers": HeadersDict(given.headers), "body": given.body}
    parsed = create_parser(THEIR_NAMES[protocol]).parse(response, None)
    assert parsed["Error"]["Code"] == code
    assert parsed["Error"]["Message"] in (message, case["error"].get("Message"), case["error"].get("message"))


def test_the_cases_are_those_of_the_installed_models():
    assert directory().name == f"botocore-{version('botocore')}", "requirements/botocore-sdist.txt pins another version"


def test_every_case_that_is_left_out_exists():
    known = {
        case["id"]
        for side in ("input", "output")
        for each in PROTOCOLS
        for s in suites(side, each)
        for case in s["cases"]
    }
    for name in (*NOT_READ, *NOT_SHOWN):
        assert any(identifier.startswith(name) for identifier in known), name
