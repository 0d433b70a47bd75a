"""AWS Query: a form in, XML out; the operation in `Action`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from entrepot.aws.protocol.models import Model
from entrepot.aws.protocol.validate import checked
from entrepot.errors import RequestMalformed
from entrepot.http.answer import Answer

_MOST_FIELDS = 1000
_SCALARS = {"integer": int, "long": int, "float": float, "double": float}


def form(text: str) -> dict[str, str]:
    """The fields of a form: RequestMalformed for one that stands twice or cannot be decoded."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict")
    except (ValueError, UnicodeDecodeError):
        raise RequestMalformed(reason="the form cannot be decoded") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise RequestMalformed(reason="a field of the form stands twice")
    return fields


def parse(model: Model, operation: str, fields: Mapping[str, str]) -> dict[str, Any]:
    """The validated input of an operation: RequestMalformed, ParameterInvalid."""
    shape = model.input_shape(operation)
    if shape is None:
        return {}
    return dict(checked(model, shape, _gathered(model, shape, fields, "") or {}))


def show(model: Model, operation: str, output: Mapping[str, Any], request_id: str) -> Answer:
    """The response of an operation."""
    shape = model.output_shape(operation)
    result = "" if shape is None else _element(model, shape, f"{operation}Result", output)
    metadata = f"<ResponseMetadata><RequestId>{escape(request_id)}</RequestId></ResponseMetadata>"
    body = f"{result}{metadata}"
    return _xml(f'<{operation}Response xmlns="{model.metadata["xmlNamespace"]}">{body}</{operation}Response>', 200)


def show_error(namespace: str, code: str, message: str, status: int, request_id: str) -> Answer:
    """An error: whose fault it was, its code and message."""
    fault = "Receiver" if status >= 500 else "Sender"
    error = f"<Error><Type>{fault}</Type><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"
    identifier = f"<RequestId>{escape(request_id)}</RequestId>"
    return _xml(f'<ErrorResponse xmlns="{namespace}">{error}{identifier}</ErrorResponse>', status)


def _gathered(model: Model, shape_name: str, fields: Mapping[str, str], prefix: str) -> Any:
    """The value that flattened fields below `prefix` make; None when there is none."""
    shape = model.shapes[shape_name]
    match shape["type"]:
        case "structure":
            return _gathered_structure(model, shape, fields, prefix)
        case "list":
            return _gathered_list(model, shape, fields, prefix)
        case kind:
            text = fields.get(prefix)
            return None if text is None else _scalar(kind, text, prefix)


def _gathered_structure(model: Model, shape: Mapping[str, Any], fields: Mapping[str, str], prefix: str) -> Any:
    start = f"{prefix}." if prefix else ""
    found = {}
    for name, member in shape["members"].items():
        value = _gathered(model, member["shape"], fields, start + member.get("locationName", name))
        if value is not None:
            found[name] = value
    return found or None


def _gathered_list(model: Model, shape: Mapping[str, Any], fields: Mapping[str, str], prefix: str) -> Any:
    between = "" if shape.get("flattened") else f".{shape['member'].get('locationName', 'member')}"
    found: list[Any] = []
    while True:
        item = _gathered(model, shape["member"]["shape"], fields, f"{prefix}{between}.{len(found) + 1}")
        if item is None:
            return found or None
        found.append(item)


def _scalar(kind: str, text: str, path: str) -> Any:
    if kind == "boolean" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if (convert := _SCALARS.get(kind)) is not None:
        try:
            return convert(text)
        except ValueError:
            raise RequestMalformed(reason=f"'{path}' must be a number") from None
    return text


def _element(model: Model, shape_name: str, tag: str, value: Any) -> str:
    shape = model.shapes[shape_name]
    match shape["type"]:
        case "structure":
            members = shape["members"]
            inner = "".join(
                _element(model, members[name]["shape"], members[name].get("locationName", name), item)
                for name, item in value.items()
                if item is not None
            )
        case "list":
            member = shape["member"]
            inner = "".join(
                _element(model, member["shape"], member.get("locationName", "member"), item) for item in value
            )
        case "timestamp" if isinstance(value, datetime):
            inner = value.strftime("%Y-%m-%dT%H:%M:%SZ")
        case "boolean":
            inner = "true" if value else "false"
        case _:
            inner = escape(str(value))
    return f"<{tag}>{inner}</{tag}>"


def _xml(text: str, status: int) -> Answer:
    return Answer(status=status, body=text.encode(), headers={"Content-Type": "text/xml"})
