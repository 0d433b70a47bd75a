"""How an output becomes what JSON carries: for each shape of a model one function, made when it is first needed.

A page of a thousand images has fifteen thousand values; asking the model about each took most of its time. What is a
Struct of msgspec is as JSON carries it already.
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from entrepot.aws.protocol.models import Model
from entrepot.aws.protocol.scalars import show_float, show_time

Write = Callable[[Any], Any]


def writer(model: Model, reference: Mapping[str, Any], *, renamed: bool) -> Write | None:
    """What writes values of a shape, None where they are written as they are; `reference` names the shape and may
    refine it; `renamed` members go by the names that the model gives them on the wire.
    """
    key = (str(reference["shape"]), str(reference.get("timestampFormat", "")), renamed)
    if key not in model.writers:
        model.writers[key] = _later(model, key)  # for a shape that contains itself
        model.writers[key] = _make(model, reference, renamed=renamed)
    found: Write | None = model.writers[key]
    return found


def _make(model: Model, reference: Mapping[str, Any], *, renamed: bool) -> Write | None:
    shape = model.shapes[reference["shape"]]
    if shape.get("document"):
        return None
    match shape["type"]:
        case "structure":
            return _structure(model, shape["members"], renamed=renamed)
        case "list":
            return _list(writer(model, shape["member"], renamed=renamed))
        case "map":
            return _map(writer(model, shape["value"], renamed=renamed))
        case "timestamp":
            refined = {**shape, **reference}
            return lambda value: show_time(value, refined, "unixTimestamp")
        case "float" | "double":
            return show_float
        case "blob":
            return lambda value: base64.b64encode(value).decode()
        case _:
            return None


def _structure(model: Model, members: Mapping[str, Mapping[str, Any]], *, renamed: bool) -> Write:
    known = {
        name: (member.get("locationName", name) if renamed else name, writer(model, member, renamed=renamed))
        for name, member in members.items()
    }

    def write(value: Mapping[str, Any] | msgspec.Struct) -> dict[str, Any] | msgspec.Struct:
        if isinstance(value, msgspec.Struct):
            return value
        told = {}
        for name, item in value.items():
            if item is not None:
                on_wire, inner = known[name]
                told[on_wire] = item if inner is None else inner(item)
        return told

    return write


def _list(inner: Write | None) -> Write:
    if inner is None:
        return list

    def write(value: Sequence[Any]) -> Sequence[Any]:
        if value and isinstance(value[0], msgspec.Struct):  # then all are
            return value
        return [inner(item) for item in value]

    return write


def _map(inner: Write | None) -> Write:
    return dict if inner is None else lambda value: {name: inner(item) for name, item in value.items()}


def _later(model: Model, key: tuple[str, str, bool]) -> Write:
    def write(value: Any) -> Any:
        made = model.writers[key]
        return value if made is None else made(value)

    return write
