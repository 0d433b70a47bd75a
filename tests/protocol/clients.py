"""botocore as the other side of the wire: its serialiser and its parser, without a network."""

from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import urlencode

import botocore.session
from botocore.awsrequest import HeadersDict
from botocore.model import OperationModel, ServiceModel
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

from entrepot.app.services import SERVICES
from entrepot.aws.protocol import cbor_protocol, json_protocol, models, query, rest_json_protocol
from entrepot.aws.protocol.models import ROUTES, Model, Protocol, Route
from entrepot.http.answer import Answer
from entrepot.policy.sigv4 import Received

BUILT = [(service, operation) for service, operations in SERVICES.items() for operation in operations]
THEIR_NAMES: dict[Protocol, str] = {
    "json": "json",
    "cbor": "smithy-rpc-v2-cbor",
    "query": "query",
    "rest-json": "rest-json",
}
REQUEST_ID = "6f1ed002-ab5b-4000-a000-0123456789ab"


def route(service: str) -> Route:
    """How the door recognises a service."""
    (found,) = (each for each in ROUTES if each.name == service)
    return found


def our_model(service: str) -> Model:
    """The model as the door reads it."""
    return models.load(service, route(service).version)


@cache
def their_model(service: str) -> ServiceModel:
    """The model as botocore reads it, once: a session looks through every file of models that there is."""
    loader = botocore.session.get_session().get_component("data_loader")
    loader.search_paths.append(str(models.OWN))
    return ServiceModel(loader.load_service_model(service, "service-2"), service)


SPOKEN = [(service, protocol, operation) for service, operation in BUILT for protocol in route(service).protocols]


def send(
    theirs: OperationModel, protocol: Protocol, parameters: Mapping[str, Any], *, check: bool = True
) -> dict[str, Any]:
    """The request that botocore makes of the parameters; `check` whether it looks at them first."""
    serializer = create_serializer(THEIR_NAMES[protocol], include_validation=check)
    request: dict[str, Any] = serializer.serialize_to_request(parameters, theirs)
    return request


def understand(model: Model, protocol: Protocol, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """What the door makes of a request."""
    if protocol == "json":
        return json_protocol.parse(model, operation, request["body"])
    if protocol == "cbor":
        return cbor_protocol.parse(model, operation, request["body"])
    if protocol == "rest-json":
        return rest_json_protocol.parse(model, operation, received(request), request["body"])
    body = request["body"]
    if isinstance(body, Mapping):  # botocore encodes the form only when it sends it
        return query.parse(model, operation, {name: str(value) for name, value in body.items()})
    return query.parse(model, operation, query.form(body.decode()))


def received(request: Mapping[str, Any]) -> Received:
    """A request as the door receives it; botocore puts a query together only when it sends it."""
    path, _, text = request["url_path"].partition("?")
    added = request.get("query_string") or {}
    more = urlencode(list(added.items()) if isinstance(added, Mapping) else added, doseq=True)
    return Received(request["method"], path, "&".join(filter(None, (text, more))), list(request["headers"].items()))


def answer(model: Model, protocol: Protocol, operation: str, output: Mapping[str, Any], version: str = "1.1") -> Answer:
    """What the door answers."""
    if protocol == "cbor":
        return cbor_protocol.show(model, operation, output)
    if protocol == "json":
        return json_protocol.show(model, operation, output, version)
    if protocol == "rest-json":
        return rest_json_protocol.show(model, operation, output)
    return query.show(model, operation, output, REQUEST_ID)


def read(theirs: OperationModel, protocol: Protocol, given: Answer) -> dict[str, Any]:
    """What botocore makes of an answer, without the metadata of the response."""
    response = {"status_code": given.status, "headers": HeadersDict(given.headers), "body": given.body}
    shape = theirs.output_shape
    parsed: dict[str, Any] = create_parser(THEIR_NAMES[protocol]).parse(response, shape)
    parsed.pop("ResponseMetadata", None)
    return parsed
