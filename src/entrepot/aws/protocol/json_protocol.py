"""AWS JSON 1.0 and 1.1: one object in, one object out; the operation in X-Amz-Target."""

from collections.abc import Mapping
from typing import Any

import msgspec

from entrepot.aws.protocol.models import Model
from entrepot.aws.protocol.shaping import writer
from entrepot.aws.protocol.validate import checked
from entrepot.errors import RequestMalformed
from entrepot.http.answer import Answer
from entrepot.spec import strict_json
from entrepot.spec.strict_json import JsonRefused

_DEEPEST = 32


def parse(model: Model, operation: str, body: bytes) -> dict[str, Any]:
    """The validated input of an operation: RequestMalformed, ParameterInvalid."""
    shape = model.input_shape(operation)
    value = decoded(body) if body.strip() else {}
    if not isinstance(value, Mapping):
        raise RequestMalformed(reason="the body must be a JSON object")
    return {} if shape is None else dict(checked(model, shape, value))


def show(model: Model, operation: str, output: Mapping[str, Any], version: str) -> Answer:
    """The response of an operation; absent members stay absent."""
    shape = model.output_shape(operation)
    body = {} if shape is None else shown(model, {"shape": shape}, output)
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


def decoded(body: bytes) -> Any:
    """What a body of JSON says: RequestMalformed."""
    try:
        return strict_json.decode(body.decode("utf-8"), _DEEPEST)
    except JsonRefused as error:
        raise RequestMalformed(reason=f"the body cannot be read: {error}") from None
    except ValueError:
        raise RequestMalformed(reason="the body is not valid JSON in UTF-8") from None


def shown(model: Model, reference: Mapping[str, Any], value: Any, *, renamed: bool = False) -> Any:
    """`value` as JSON carries it; `reference` names a shape and may refine it; `renamed` members go by the names that
    the model gives them on the wire.
    """
    write = writer(model, reference, renamed=renamed)
    return value if write is None else write(value)
