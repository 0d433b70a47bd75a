"""From the wire to an operation's input, and from its output or a fact to the wire, in the protocol of the request."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.protocol import cbor_protocol, errors, json_protocol, models, query, rest_json_protocol
from entrepot.aws.protocol.naming import Named
from entrepot.errors import Fact
from entrepot.http.answer import Answer
from entrepot.policy.sigv4 import Received

_QUERY_ERROR = "x-amzn-query-error"

AS_IT_IS = "*"  # the member of an output that is the whole answer: media type and bytes


def parse(named: Named, received: Received, content: bytes) -> dict[str, Any]:
    """The validated input of the operation that is named: RequestMalformed, ParameterInvalid."""
    model = models.load(named.route.name, named.route.version)
    match named.protocol:
        case "json":
            return json_protocol.parse(model, named.operation, content)
        case "cbor":
            return cbor_protocol.parse(model, named.operation, content)
        case "query":
            return query.parse(model, named.operation, named.fields)
        case "rest-json":
            return rest_json_protocol.parse(model, named.operation, received, content)


def show(named: Named, output: Mapping[str, Any], request_id: str) -> Answer:
    """The response of the operation that is named: in its protocol, or as it is."""
    if AS_IT_IS in output:
        media_type, body = output[AS_IT_IS]
        return Answer(200, {"Content-Type": media_type}, body)
    model = models.load(named.route.name, named.route.version)
    match named.protocol:
        case "json":
            return json_protocol.show(model, named.operation, output, named.json_version)
        case "cbor":
            return cbor_protocol.show(model, named.operation, output)
        case "query":
            return query.show(model, named.operation, output, request_id)
        case "rest-json":
            return rest_json_protocol.show(model, named.operation, output)


def show_fact(named: Named, fact: Fact, request_id: str) -> Answer:
    """A fact as the clients of the service know it."""
    route = named.route
    code, status = errors.code(route.name, type(fact))
    if route.speaks_query or named.protocol == "query":
        query_code, status = errors.query_code(models.load(route.name, route.version), fact, code, status)
    members = errors.members(fact, str(fact.fields.get("account", "")))
    if named.protocol == "query":
        model = models.load(route.name, route.version)
        inner = query.show_members(model, code, members)
        return query.show_error(model.metadata["xmlNamespace"], query_code, str(fact), status, request_id, inner)
    if named.protocol == "rest-json":
        code, status = models.load(route.name, route.version).wire_error(code) or (code, status)
        return rest_json_protocol.show_error(code, str(fact), members, status)
    if named.protocol == "cbor":
        answer = cbor_protocol.show_error(code, str(fact), members, status)
    else:
        answer = json_protocol.show_error(code, str(fact), members, status, named.json_version)
    if route.speaks_query:
        answer.headers[_QUERY_ERROR] = f"{query_code};{'Receiver' if status >= 500 else 'Sender'}"
    return answer
