"""Smithy RPC v2 CBOR: one map in, one map out; service and operation in the path (Smithy, "RPC v2 CBOR")."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.protocol.models import Model
from entrepot.aws.protocol.validate import checked
from entrepot.errors import RequestMalformed
from entrepot.http.answer import Answer
from entrepot.spec import cbor
from entrepot.spec.cbor import CborRefused

NAME = "rpc-v2-cbor"  # what the header smithy-protocol says
_DEEPEST = 32
_MOST_ITEMS = 250_000
_HEADERS = {"smithy-protocol": NAME}
_BODY = {"Content-Type": "application/cbor"}


def parse(model: Model, operation: str, body: bytes) -> dict[str, Any]:
    """The validated input of an operation: RequestMalformed, ParameterInvalid."""
    shape = model.input_shape(operation)
    value = _decoded(body) if body else {}
    if not isinstance(value, Mapping):
        raise RequestMalformed(reason="the body must be a CBOR map")
    return {} if shape is None else dict(checked(model, shape, value))


def show(model: Model, operation: str, output: Mapping[str, Any]) -> Answer:
    """The response of an operation; absent members stay absent, and an operation without output has no body."""
    shape = model.output_shape(operation)
    if shape is None:
        return Answer(headers=dict(_HEADERS))
    return Answer(headers=_HEADERS | _BODY, body=cbor.encode(_shown(model, shape, output)))


def show_error(code: str, message: str, members: Mapping[str, object], status: int) -> Answer:
    """An error with its `__type` and the members that its shape has."""
    body = {"__type": code, "message": message} | dict(members)
    return Answer(status=status, headers=_HEADERS | _BODY, body=cbor.encode(body))


def _decoded(body: bytes) -> Any:
    try:
        return cbor.decode(body, _DEEPEST, _MOST_ITEMS)
    except CborRefused as error:
        raise RequestMalformed(reason=f"the body cannot be read as CBOR: {error}") from None


def _shown(model: Model, shape_name: str, value: Any) -> Any:
    shape = model.shapes[shape_name]
    match shape["type"]:
        case "structure":
            members = shape["members"]
            return {
                name: _shown(model, members[name]["shape"], item) for name, item in value.items() if item is not None
            }
        case "list":
            return [_shown(model, shape["member"]["shape"], item) for item in value]
        case "map":
            return {name: _shown(model, shape["value"]["shape"], item) for name, item in value.items()}
        case "float" | "double":
            return None if value is None else float(value)
        case _:
            return value
