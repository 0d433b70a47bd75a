"""REST JSON: method and path name the operation; its input and output are spread over path, query, headers and body
(Smithy: "AWS restJson1 protocol", "HTTP bindings").
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec

from entrepot.aws.protocol import json_protocol, models
from entrepot.aws.protocol.models import Model, Shape
from entrepot.aws.protocol.scalars import read_float, read_integer, show_float, show_time
from entrepot.aws.protocol.validate import checked
from entrepot.errors import RequestMalformed
from entrepot.http.answer import Answer
from entrepot.policy.sigv4 import Received

_TYPE = {"Content-Type": "application/json"}
_LABEL = re.compile(r"\{(\w+)(\+?)\}")
_IN_QUOTES = re.compile(r'\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)')
_DATE = re.compile(r"[A-Za-z]{3}, [^,]*")
_MOST_PARTS = 1000  # of a query or a list in a header


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an operation is: a method, a path with labels, and what its query always says."""

    method: str
    path: re.Pattern[str]
    query: frozenset[tuple[str, str]]
    operation: str
    labels: int


def operation_at(name: str, version: str, received: Received) -> str | None:
    """The operation of a service that a request is for."""
    said = frozenset(_pairs(received.query))
    for place in _places(name, version):
        if place.method == received.method and place.path.fullmatch(received.path) and place.query <= said:
            return place.operation
    return None


def parse(model: Model, operation: str, received: Received, body: bytes) -> dict[str, Any]:
    """The validated input of an operation: RequestMalformed, ParameterInvalid."""
    name = model.input_shape(operation)
    if name is None:
        return {}
    shape = model.shapes[name]
    payload = shape.get("payload")
    given = {} if payload else _members(model, shape, json_protocol.decoded(body) if body.strip() else {})
    for member, reference in shape["members"].items():
        if "location" in reference:
            given.pop(member, None)
    given |= _elsewhere(model, shape, operation, received)
    if payload and body:
        given[payload] = _payload(model, shape["members"][payload], body)
    return dict(checked(model, name, given))


def show(model: Model, operation: str, output: Mapping[str, Any]) -> Answer:
    """The response of an operation; absent members stay absent."""
    status = int(model.operations[operation].get("http", {}).get("responseCode", 200))
    name = model.output_shape(operation)
    shape: Shape = {"members": {}} if name is None else model.shapes[name]
    answer = Answer(status, dict(_TYPE), b"{}")
    inside = {}
    for member, value in output.items():
        reference = shape["members"][member]
        if value is None:
            continue
        if "location" in reference:
            _show_elsewhere(answer, model, reference, member, value)
        else:
            inside[member] = value
    if shape.get("payload"):
        _show_payload(answer, model, shape, inside)
    elif name is not None:
        answer.body = msgspec.json.encode(
            json_protocol.shown(model, {"shape": name}, inside, renamed=True), enc_hook=str
        )
    return answer


def show_error(code: str, message: str, members: Mapping[str, object], status: int) -> Answer:
    """An error: its code in a header and in `__type`, its members beside the message."""
    answer = json_protocol.show_error(code, message, members, status, "1.1")
    answer.headers |= _TYPE
    return answer


# ---------------------------------------------------------------- where operations are
@lru_cache
def _places(name: str, version: str) -> Sequence[_Place]:
    """Those with the fewest labels first, so that a path that is written out goes before one that may be anything."""
    model = models.load(name, version)
    found = [_place(model, operation) for operation in model.operations]
    return sorted(found, key=lambda place: (place.labels, -len(place.query)))


def _place(model: Model, operation: str) -> _Place:
    http = model.operations[operation]["http"]
    path, _, query = str(http["requestUri"]).partition("?")
    return _Place(http["method"], _path(path), frozenset(_pairs(query)), operation, len(_LABEL.findall(path)))


@lru_cache
def _path(template: str) -> re.Pattern[str]:
    text, at = "", 0
    for label in _LABEL.finditer(template):
        text += re.escape(template[at : label.start()]) + f"(?P<{label[1]}>{'.+' if label[2] else '[^/]+'})"
        at = label.end()
    return re.compile(text + re.escape(template[at:]))


# ---------------------------------------------------------------- reading
def _elsewhere(model: Model, shape: Shape, operation: str, received: Received) -> dict[str, Any]:
    """The members that stand in path, query or headers."""
    path = str(model.operations[operation]["http"]["requestUri"]).partition("?")[0]
    labels = _path(path).fullmatch(received.path)
    query = _pairs(received.query)
    headers = {name.lower(): value for name, value in received.headers}
    found: dict[str, Any] = {}
    for member, reference in shape["members"].items():
        name = reference.get("locationName", member)
        value: Any = None
        match reference.get("location"):
            case "uri" if labels is not None:
                value = _of_text(model, reference, _plain(labels[name]))
            case "querystring" if model.shapes[reference["shape"]]["type"] == "map":
                value = _query_map(model, reference, query)
            case "querystring":
                value = _query_value(model, reference, [text for key, text in query if key == name])
                value = _nothing(model, shape, member) if value is None else value
            case "header" if name.lower() in headers:
                value = _header_value(model, reference, headers[name.lower()])
            case "headers":
                value = {
                    key[len(name) :]: text
                    for key, text in received.headers
                    if key.lower().startswith(name.lower()) and key.lower() != "host"
                }
        if value is not None:
            found[member] = value
    return found


def _pairs(query: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARTS)
    except ValueError:
        raise RequestMalformed(reason="the query cannot be read") from None


def _query_value(model: Model, reference: Shape, texts: Sequence[str]) -> Any:
    if not texts:
        return None
    shape = model.shapes[reference["shape"]]
    if shape["type"] == "list":
        return [_of_text(model, shape["member"], text) for text in texts]
    return _of_text(model, reference, texts[0])


def _nothing(model: Model, shape: Shape, member: str) -> Any:
    """What a query says of a list that is required by not naming it: nothing is in it."""
    is_list = model.shapes[shape["members"][member]["shape"]]["type"] == "list"
    return [] if is_list and member in shape.get("required", ()) else None


def _query_map(model: Model, reference: Shape, query: Sequence[tuple[str, str]]) -> Any:
    """Everything that the query says, what other members are called too."""
    several = model.shapes[model.shapes[reference["shape"]]["value"]["shape"]]["type"] == "list"
    found: dict[str, Any] = {}
    for key, text in query:
        if several:
            found.setdefault(key, []).append(text)
        else:
            found[key] = text
    return found or None


def _header_value(model: Model, reference: Shape, text: str) -> Any:
    shape = model.shapes[reference["shape"]]
    if shape["type"] != "list":
        return _of_text(model, reference, text)
    dates = model.shapes[shape["member"]["shape"]]["type"] == "timestamp"
    return [_of_text(model, shape["member"], part) for part in _split(text, dates=dates)]


def _split(text: str, *, dates: bool) -> Iterator[str]:
    """The items of a list in a header: a comma parts them, but within quotes and HTTP dates."""
    if dates:
        yield from _DATE.findall(text)
        return
    at = 0
    while at < len(text):
        quoted = _IN_QUOTES.match(text, at)
        if quoted:
            yield re.sub(r"\\(.)", r"\1", quoted[1])
            at = quoted.end()
        else:
            end = text.find(",", at)
            end = len(text) if end < 0 else end
            yield text[at:end].strip()
            at = end + 1


def _of_text(model: Model, reference: Shape, text: str) -> Any:
    """What a text in path, query or header says; times and blobs are read where they are checked."""
    kind = model.shapes[reference["shape"]]["type"]
    reader = _READERS.get(kind)
    if reader is None:
        return text
    try:
        return reader(text)
    except (KeyError, ValueError):
        raise RequestMalformed(reason=f"'{text[:64]}' is not of type {kind}") from None


_READERS: Mapping[str, Callable[[str], Any]] = {
    "boolean": lambda text: {"true": True, "false": False}[text],
    "integer": read_integer,
    "long": read_integer,
    "float": read_float,
    "double": read_float,
}


def _plain(text: str) -> str:
    try:
        return unquote(text, errors="strict")
    except UnicodeError:
        raise RequestMalformed(reason="the path is not UTF-8") from None


def _payload(model: Model, reference: Shape, body: bytes) -> Any:
    """The member that is the whole body."""
    match model.shapes[reference["shape"]]["type"]:
        case "blob":
            return body
        case "string":
            try:
                return body.decode()
            except UnicodeError:
                raise RequestMalformed(reason="the body is not UTF-8") from None
    return _renamed(model, reference, json_protocol.decoded(body))


def _members(model: Model, shape: Shape, value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise RequestMalformed(reason="the body must be a JSON object")
    return {
        name: _renamed(model, reference, value[called])
        for name, reference in shape["members"].items()
        if (called := reference.get("locationName", name)) in value
    }


def _renamed(model: Model, reference: Shape, value: Any) -> Any:
    """A value with its members as the model calls them, not as the wire does."""
    shape = model.shapes[reference["shape"]]
    if shape.get("document"):
        return value
    match shape["type"]:
        case "structure" if isinstance(value, Mapping):
            return _members(model, shape, value)
        case "list" if isinstance(value, list):
            return [_renamed(model, shape["member"], item) for item in value]
        case "map" if isinstance(value, Mapping):
            return {name: _renamed(model, shape["value"], item) for name, item in value.items()}
    return value


# ---------------------------------------------------------------- writing
def _show_elsewhere(answer: Answer, model: Model, reference: Shape, member: str, value: Any) -> None:
    name = reference.get("locationName", member)
    match reference["location"]:
        case "statusCode":
            answer.status = int(value)
        case "headers":
            answer.headers |= {f"{name}{key}": str(text) for key, text in value.items()}
        case _:
            answer.headers[name] = _as_text(model, reference, value)


def _as_text(model: Model, reference: Shape, value: Any) -> str:
    shape = model.shapes[reference["shape"]]
    match shape["type"]:
        case "list":
            return ", ".join(_in_list(_as_text(model, shape["member"], item)) for item in value)
        case "boolean":
            return "true" if value else "false"
        case "timestamp":
            return str(show_time(value, {**shape, **reference}, "rfc822"))
        case "float" | "double":
            return str(show_float(value))
    return str(value)


def _in_list(text: str) -> str:
    """An item of a list in a header, in quotes where it holds what parts items; dates are known to."""
    if not _DATE.fullmatch(text) and re.search(r'[",]', text):
        return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'
    return text


def _show_payload(answer: Answer, model: Model, shape: Shape, inside: Mapping[str, Any]) -> None:
    member = shape["payload"]
    value, reference = inside.get(member), shape["members"][member]
    match model.shapes[reference["shape"]]["type"]:
        case "blob":
            answer.headers["Content-Type"] = "application/octet-stream"
            answer.body = value or b""
        case "string":
            answer.headers["Content-Type"] = "text/plain"
            answer.body = str(value or "").encode()
        case _ if value is None:
            answer.body = b""
        case _:
            answer.body = msgspec.json.encode(json_protocol.shown(model, reference, value, renamed=True), enc_hook=str)
