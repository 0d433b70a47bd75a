"""AWS Query: a form in, XML out; the operation in `Action`."""

import base64
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from entrepot.aws.protocol.models import Model
from entrepot.aws.protocol.scalars import read_float, read_integer, show_float, show_time
from entrepot.aws.protocol.validate import checked
from entrepot.errors import RequestMalformed
from entrepot.http.answer import Answer

MOST_FIELDS = 30_000  # PutMetricData: 1 MB of them
_LONGEST_NAME = 512
_SCALARS = {"integer": read_integer, "long": read_integer, "float": read_float, "double": read_float}
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
Reference = Mapping[str, Any]


def form(text: str, most: int = MOST_FIELDS) -> dict[str, str]:
    """The fields of a form: RequestMalformed for one that stands twice, has too long a name or cannot be decoded, and
    for more than `most`.
    """
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=most, errors="strict")
    except (ValueError, UnicodeDecodeError):
        raise RequestMalformed(reason="the form cannot be decoded") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise RequestMalformed(reason="a field of the form stands twice")
    if any(len(name) > _LONGEST_NAME for name in fields):
        raise RequestMalformed(reason=f"the name of a field of the form is longer than {_LONGEST_NAME} characters")
    return fields


def parse(model: Model, operation: str, fields: Mapping[str, str]) -> dict[str, Any]:
    """The validated input of an operation: RequestMalformed, ParameterInvalid."""
    shape = model.input_shape(operation)
    if shape is None:
        return {}
    gathered = _Form(model, fields).value({"shape": shape}, "")
    return dict(checked(model, shape, gathered or {}))


def show(model: Model, operation: str, output: Mapping[str, Any], request_id: str) -> Answer:
    """The response of an operation."""
    shape = model.output_shape(operation)
    result = "" if shape is None else _element(model, {"shape": shape}, f"{operation}Result", output)
    metadata = f"<ResponseMetadata><RequestId>{_escaped(request_id)}</RequestId></ResponseMetadata>"
    body = f"{result}{metadata}"
    return _xml(f'<{operation}Response xmlns="{model.metadata["xmlNamespace"]}">{body}</{operation}Response>', 200)


def show_error(namespace: str, code: str, message: str, status: int, request_id: str, members: str = "") -> Answer:
    """An error: whose fault it was, its code and message, and what `show_members` made of the rest."""
    fault = "Receiver" if status >= 500 else "Sender"
    told = f"<Type>{fault}</Type><Code>{_escaped(code)}</Code><Message>{_escaped(message)}</Message>"
    error = f"<Error>{told}{members}</Error>"
    identifier = f"<RequestId>{_escaped(request_id)}</RequestId>"
    return _xml(f'<ErrorResponse xmlns="{namespace}">{error}{identifier}</ErrorResponse>', status)


def show_members(model: Model, shape: str, members: Mapping[str, Any]) -> str:
    """The members that an error's shape has beside its message."""
    return _members(model, model.shapes[shape], members) if shape in model.shapes else ""


class _Form:
    """Flattened fields, read as a model means them; where no field begins, nothing is looked for."""

    def __init__(self, model: Model, fields: Mapping[str, str]) -> None:
        self._model = model
        self._fields = fields
        self._begun = {name[:end] for name in fields for end in _ends(name)} | {""}

    def value(self, reference: Reference, prefix: str) -> Any:
        """The value that the fields at and below `prefix` make; None when there is none."""
        if prefix not in self._begun:
            return None
        shape = self._model.shapes[reference["shape"]]
        match shape["type"]:
            case "structure":
                return self._structure(shape, prefix)
            case "list":
                return self._list(shape, reference, prefix)
            case "map":
                return self._map(shape, reference, prefix)
            case kind:
                text = self._fields.get(prefix)
                return None if text is None else _scalar(kind, text, prefix)

    def _structure(self, shape: Reference, prefix: str) -> Any:
        start = f"{prefix}." if prefix else ""
        found = {
            name: self.value(member, start + member.get("locationName", name))
            for name, member in shape["members"].items()
        }
        return {name: value for name, value in found.items() if value is not None} or None

    def _list(self, shape: Reference, reference: Reference, prefix: str) -> Any:
        between = "" if _flattened(shape, reference) else f".{shape['member'].get('locationName', 'member')}"
        found: list[Any] = []
        while (item := self.value(shape["member"], f"{prefix}{between}.{len(found) + 1}")) is not None:
            found.append(item)
        return found if found or self._fields.get(prefix) == "" else None

    def _map(self, shape: Reference, reference: Reference, prefix: str) -> Any:
        between = "" if _flattened(shape, reference) else ".entry"
        key_tag, value_tag = _map_tags(shape)
        found: dict[str, Any] = {}
        number = 1
        while (key := self.value(shape["key"], f"{prefix}{between}.{number}.{key_tag}")) is not None:
            if key in found:
                raise RequestMalformed(reason=f"the key '{key}' stands twice in '{prefix}'")
            found[key] = self.value(shape["value"], f"{prefix}{between}.{number}.{value_tag}")
            number += 1
        return found or None


def _ends(name: str) -> list[int]:
    return [*(match.start() for match in re.finditer(r"\.", name)), len(name)]


def _flattened(shape: Reference, reference: Reference) -> bool:
    return bool(shape.get("flattened") or reference.get("flattened"))


def _map_tags(shape: Reference) -> tuple[str, str]:
    return shape["key"].get("locationName", "key"), shape["value"].get("locationName", "value")


def _scalar(kind: str, text: str, path: str) -> Any:
    if kind == "boolean" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if (convert := _SCALARS.get(kind)) is not None:
        try:
            return convert(text)
        except ValueError:
            raise RequestMalformed(reason=f"'{path}' must be a number") from None
    return text


def _element(model: Model, reference: Reference, tag: str, value: Any) -> str:
    shape = model.shapes[reference["shape"]]
    match shape["type"]:
        case "structure":
            inner = _members(model, shape, value)
        case "list":
            member = shape["member"]
            flattened = _flattened(shape, reference)
            name = tag if flattened else member.get("locationName", "member")
            inner = "".join(_element(model, member, name, item) for item in value)
            if flattened:
                return inner
        case "map":
            return _map_element(model, shape, reference, tag, value)
        case _:
            inner = _text(shape, reference, value)
    return f"<{tag}>{inner}</{tag}>"


def _members(model: Model, shape: Reference, value: Mapping[str, Any]) -> str:
    members = shape["members"]
    return "".join(
        _element(model, members[name], members[name].get("locationName", name), item)
        for name, item in value.items()
        if item is not None
    )


def _map_element(model: Model, shape: Reference, reference: Reference, tag: str, value: Mapping[str, Any]) -> str:
    key_tag, value_tag = _map_tags(shape)
    flattened = _flattened(shape, reference)
    entry = tag if flattened else "entry"
    inner = ""
    for name, item in value.items():
        pair = _element(model, shape["key"], key_tag, name) + _element(model, shape["value"], value_tag, item)
        inner += f"<{entry}>{pair}</{entry}>"
    return inner if flattened else f"<{tag}>{inner}</{tag}>"


def _text(shape: Reference, reference: Reference, value: Any) -> str:
    match shape["type"]:
        case "timestamp":
            return str(show_time(value, {**shape, **reference}, "iso8601"))
        case "boolean":
            return "true" if value else "false"
        case "blob":
            return base64.b64encode(value).decode()
        case "float" | "double":
            return str(show_float(value))
        case _:
            return _escaped(str(value))


def _escaped(text: str) -> str:
    """Text for XML 1.0, which cannot carry most control characters; a bare carriage return would be lost."""
    return escape(_NOT_XML.sub("\ufffd", text), {"\r": "&#13;"})


def _xml(text: str, status: int) -> Answer:
    return Answer(status=status, body=text.encode(), headers={"Content-Type": "text/xml"})
