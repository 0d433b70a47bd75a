"""How one fact is told in each protocol of a service: to clients of the query protocol also in JSON and CBOR."""

import json

import pytest
from botocore.awsrequest import HeadersDict
from botocore.parsers import create_parser

from entrepot.aws.protocol import wire
from entrepot.aws.protocol.models import ROUTES, Protocol
from entrepot.aws.protocol.naming import Named
from entrepot.errors import AccessDenied, DashboardInvalid, Fact, OperationUnsupported, ParameterInvalid, ServerBusy
from entrepot.http.answer import Answer
from entrepot.spec import cbor
from tests.protocol.clients import THEIR_NAMES, their_model

DENIED = AccessDenied(
    principal="arn:aws:iam::000000000000:user/x", action="cloudwatch:ListMetrics", resource="*", why=""
)
FACTS: list[tuple[Fact, str, str]] = [
    (DENIED, "AccessDeniedException", "AccessDenied"),
    (ParameterInvalid(parameter="Namespace", reason="wrong"), "ValidationException", "ValidationError"),
    (OperationUnsupported(operation="x"), "UnknownOperationException", "InvalidAction"),
    (ServerBusy(reason="busy"), "ThrottlingException", "Throttling"),
]


def named(service: str, protocol: Protocol) -> Named:
    (route,) = (each for each in ROUTES if each.name == service)
    return Named(route, protocol, "ListMetrics", "1.0", {})


def tell(fact: Fact, protocol: Protocol, service: str = "cloudwatch") -> Answer:
    return wire.show_fact(named(service, protocol), fact, "request-1")


@pytest.mark.parametrize(("fact", "code", "query_code"), FACTS, ids=[code for _, code, _ in FACTS])
def test_json_and_cbor_tell_the_shape_in_the_body_and_the_query_code_in_a_header(
    fact: Fact, code: str, query_code: str
):
    in_json, in_cbor = tell(fact, "json"), tell(fact, "cbor")
    for answer, body in ((in_json, json.loads(in_json.body)), (in_cbor, cbor.decode(in_cbor.body, 4, 100))):
        assert answer.headers["x-amzn-query-error"] == f"{query_code};Sender"
        assert (body["__type"], body["message"]) == (code, str(fact))
    assert in_json.status == in_cbor.status == tell(fact, "query").status
    assert in_json.headers["Content-Type"] == "application/x-amz-json-1.0"
    assert (in_cbor.headers["Content-Type"], in_cbor.headers["smithy-protocol"]) == ("application/cbor", "rpc-v2-cbor")


@pytest.mark.parametrize(("fact", "_", "query_code"), FACTS, ids=[code for _, code, _ in FACTS])
def test_a_form_is_told_the_query_code(fact: Fact, _: str, query_code: str):
    answer = tell(fact, "query")
    assert f"<Type>Sender</Type><Code>{query_code}</Code>".encode() in answer.body
    assert b"http://monitoring.amazonaws.com/doc/2010-08-01/" in answer.body


@pytest.mark.parametrize("protocol", ["json", "cbor", "query"])
def test_the_members_of_an_error_reach_a_client_in_each_protocol(protocol: Protocol):
    fact = DashboardInvalid(reason="wrong", messages=[("/widgets/0", "what <it> is")])
    answer = tell(fact, protocol)
    theirs = create_parser(THEIR_NAMES[protocol])
    shape = their_model("cloudwatch").shape_for("DashboardInvalidInputError")
    response = {"status_code": answer.status, "headers": HeadersDict(answer.headers), "body": answer.body}
    assert theirs.parse(response, None)["Error"]["Code"] == "InvalidParameterInput"
    assert theirs.parse(response, shape)["dashboardValidationMessages"] == [
        {"DataPath": "/widgets/0", "Message": "what <it> is"}
    ]


def test_a_service_that_never_spoke_query_has_no_such_header():
    assert "x-amzn-query-error" not in tell(DENIED, "json", "ecr").headers


def test_a_service_has_its_own_code_for_what_many_can_say():
    fact = ParameterInvalid(parameter="x", reason="wrong")
    codes = {service: json.loads(tell(fact, "json", service).body)["__type"] for service in ("ecr", "events")}
    assert codes == {"ecr": "InvalidParameterException", "events": "ValidationException"}
