"""AWS JSON 1.0 and 1.1: one object in, one object out; the operation in X-Amz-Target."""

import base64
import json
from collections.abc import Mapping
from typing import Any, NoReturn

import msgspec

from entrepot.aws.protocol.models import Model
from entrepot.aws.protocol.scalars import show_float, show_time
from entrepot.aws.protocol.validate import checked
from entrepot.errors import RequestMalformed
from entrepot.http.answer import Answer
from entrepot.spec.nesting import nests_deeper

_DEEPEST = 32


def parse(model: Model, operation: str, body: bytes) -> dict[str, Any]:
    """The validated input of an operation: RequestMalformed, ParameterInvalid."""
    shape = model.input_shape(operation)
    value = _decoded(body) if body.strip() else {}
    if not isinstance(value, Mapping):
        raise RequestMalformed(reason="the body must be a JSON object")
    return {} if shape is None else dict(checked(model, shape, value))


def show(model: Model, operation: str, output: Mapping[str, Any], version: str) -> Answer:
    """The response of an operation; absent members stay absent."""
    shape = model.output_shape(operation)
    body = {} if shape is None else _shown(model, {"shape": shape}, output)
    return Answer(body=msgspec.json.encode(body, enc_hook=str), headers=_type(version))


def show_error(code: str, message: str, members: Mapping[str, object], status: int, version: str) -> Answer:
    """An error with its `__type` and the members that its shape has."""
    text = message.encode("utf-8", "replace").decode()  # what it quotes of a request need not be text
    body = {"__type": code, "message": text} | dict(members)
    return Answer(
        status=status,
        body=msgspec.json.encode(body, enc_hook=str),
        headers=_type(version) | {"x-amzn-ErrorType": code},
    )


def _type(version: str) -> dict[str, str]:
    return {"Content-Type": f"application/x-amz-json-{version}"}


def _decoded(body: bytes) -> Any:
    try:
        text = body.decode("utf-8")
        if nests_deeper(text, _DEEPEST):
            raise RequestMalformed(reason=f"the body nests more than {_DEEPEST} levels deep")
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse)
    except (UnicodeDecodeError, ValueError, RecursionError):
        raise RequestMalformed(reason="the body is not valid JSON in UTF-8") from None


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise RequestMalformed(reason="a key stands twice in one object of the body")
    return found


def _refuse(name: str) -> NoReturn:
    raise RequestMalformed(reason=f"{name} is not JSON")


def _shown(model: Model, reference: Mapping[str, Any], value: Any) -> Any:
    """`value` as JSON carries it; `reference` names a shape and may refine it."""
    shape = model.shapes[reference["shape"]]
    if shape.get("document"):
        return value
    match shape["type"]:
        case "structure":
            members = shape["members"]
            return {name: _shown(model, members[name], item) for name, item in value.items() if item is not None}
        case "list":
            return [_shown(model, shape["member"], item) for item in value]
        case "map":
            return {name: _shown(model, shape["value"], item) for name, item in value.items()}
        case "timestamp":
            return show_time(value, {**shape, **reference}, "unixTimestamp")
        case "float" | "double":
            return show_float(value)
        case "blob":
            return base64.b64encode(value).decode()
        case _:
            return value
