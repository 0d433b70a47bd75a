"""Input, checked against a model: types, then required members, lengths, ranges, patterns, enumerations.

What JSON and forms write as text (blobs, times) may be given as what it means, as CBOR does.
Clients check only some of it (botocore: required, types, least lengths); the server checks all. Unknown members are
ignored. A value of the wrong JSON type is RequestMalformed, a broken constraint ParameterInvalid, with AWS's texts.
"""

import base64
import binascii
import itertools
import re
import sys
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, NoReturn

from entrepot.aws.protocol.models import Model, Shape
from entrepot.aws.protocol.scalars import SPECIAL_FLOATS, read_time
from entrepot.errors import ParameterInvalid, RequestMalformed

_INTEGERS = {"integer": 2**31, "long": 2**63}
_JAVA_ASTRAL = r"\uD800\uDC00-\uDBFF\uDFFF"  # what lies above U+FFFF, as pairs of surrogates
_ASTRAL = r"\U00010000-\U0010FFFF"
# patterns that can be matched in ever so many ways, which hostile input makes a matcher try: the same sets, said once
_LINEAR = {
    r"^[ \t]*[\x20-\x7E]+([ \t]+[\x20-\x7E]+)*[ \t]*$": r"\t*[\x20-\x7E][\t\x20-\x7E]*",
    r"^[ \t]*[^\x00-\x1F:\x7F]+([ \t]+[^\x00-\x1F:\x7F]+)*[ \t]*$": (r"\t*[^\x00-\x1F:\x7F](?:\t|[^\x00-\x1F:\x7F])*"),
}
_PATTERN_TEXT = "Member must satisfy constraint: [Member must satisfy regular expression pattern: {pattern}]"
_PATTERN_TEXTS = {"repositoryName": "must satisfy regular expression '{pattern}'"}  # ECR words it itself
_UNICODE_CLASSES = {
    r"\p{L}": r"\w",  # letters, and with them numbers and the underscore, which the models allow beside them
    r"\p{N}": "",
    r"\p{Z}": "\u0020\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000",
}
_CATEGORY = re.compile(r"\\p\{(\w+)\}")
_SURROGATE = re.compile("[\ud800-\udfff]")


def checked(model: Model, shape_name: str, value: object, path: str = "") -> Any:
    """`value` as the shape means it (blobs as bytes, timestamps as datetimes)."""
    shape = model.shapes[shape_name]
    if shape.get("document"):
        return value
    return _READERS[shape["type"]](model, shape, value, path)


def _structure(model: Model, shape: Shape, value: object, path: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        _malformed(path, "an object")
    given = {name: item for name, item in value.items() if item is not None}
    for name in shape.get("required", ()):
        if name not in given:
            _refuse(_join(path, name), "Member must not be null")
    return {
        name: checked(model, member["shape"], given[name], _join(path, name))
        for name, member in shape["members"].items()
        if name in given
    }


def _list(model: Model, shape: Shape, value: object, path: str) -> list[Any]:
    if not isinstance(value, list):
        _malformed(path, "a list")
    _check_length(shape, len(value), path)
    member = shape["member"]["shape"]
    return [checked(model, member, item, f"{path}.{number}.member") for number, item in enumerate(value, start=1)]


def _map(model: Model, shape: Shape, value: object, path: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        _malformed(path, "an object")
    _check_length(shape, len(value), path)
    return {
        checked(model, shape["key"]["shape"], name, path): checked(model, shape["value"]["shape"], item, path)
        for name, item in value.items()
    }


def _string(_: Model, shape: Shape, value: object, path: str) -> str:
    if not isinstance(value, str):
        _malformed(path, "a string")
    if not value.isascii() and _SURROGATE.search(value):
        _malformed(path, "text without lone surrogates")
    if "enum" in shape and value not in shape["enum"]:
        _refuse(path, f"Member must satisfy enum value set: [{', '.join(shape['enum'])}]")
    _check_length(shape, len(value), path)
    if "pattern" in shape and not pattern(shape["pattern"]).fullmatch(value):
        _refuse(path, _PATTERN_TEXTS.get(path, _PATTERN_TEXT).format(pattern=shape["pattern"]))
    return value


def _integer(_: Model, shape: Shape, value: object, path: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        _malformed(path, "a whole number")
    limit = _INTEGERS[shape["type"]]
    if not -limit <= value < limit:
        _malformed(path, f"a number of type {shape['type']}")
    _check_range(shape, value, path)
    return value


def _number(_: Model, shape: Shape, value: object, path: str) -> float:
    if isinstance(value, str) and value in SPECIAL_FLOATS:
        value = SPECIAL_FLOATS[value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        _malformed(path, "a number")
    _check_range(shape, value, path)
    return float(value)


def _boolean(_: Model, __: Shape, value: object, path: str) -> bool:
    if not isinstance(value, bool):
        _malformed(path, "true or false")
    return value


def _blob(_: Model, shape: Shape, value: object, path: str) -> bytes:
    data = value if isinstance(value, bytes) else _of_base64(value, path)
    _check_length(shape, len(data), path)
    return data


def _of_base64(value: object, path: str) -> bytes:
    if not isinstance(value, str):
        _malformed(path, "base64 text")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        _malformed(path, "base64 text")


def _timestamp(_: Model, __: Shape, value: object, path: str) -> datetime:
    try:
        return value if isinstance(value, datetime) else read_time(value)
    except ValueError:
        _malformed(path, "a time: seconds since the epoch, or ISO 8601")


def _check_length(shape: Shape, length: int, path: str) -> None:
    if length > shape.get("max", length):
        _refuse(path, f"Member must have length less than or equal to {shape['max']}")
    if length < shape.get("min", 0):
        _refuse(path, f"Member must have length greater than or equal to {shape['min']}")


def _check_range(shape: Shape, value: float, path: str) -> None:
    if value > shape.get("max", value):
        _refuse(path, f"Member must have value less than or equal to {shape['max']}")
    if value < shape.get("min", value):
        _refuse(path, f"Member must have value greater than or equal to {shape['min']}")


@lru_cache
def pattern(text: str) -> re.Pattern[str]:
    """A model's pattern, where letters and digits are ASCII, and Unicode's classes are written as Python does not."""
    text = _LINEAR.get(text, text).replace(_JAVA_ASTRAL, _ASTRAL)
    if "\\p{" not in text:
        return re.compile(text, re.ASCII)
    for name, members in _UNICODE_CLASSES.items():
        text = text.replace(name, members)
    return re.compile(_CATEGORY.sub(lambda found: _category(found[1]), text))


@lru_cache
def _category(name: str) -> str:
    """The members of a class of which nothing shorter is known, as ranges."""
    members = [code for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)).startswith(name)]
    first = [code for before, code in itertools.pairwise((-2, *members)) if code != before + 1]
    last = [code for code, following in itertools.pairwise((*members, -2)) if following != code + 1]
    return "".join(f"{re.escape(chr(low))}-{re.escape(chr(high))}" for low, high in zip(first, last, strict=True))


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _malformed(path: str, wanted: str) -> NoReturn:
    raise RequestMalformed(reason=f"'{path}' must be {wanted}" if path else f"the body must be {wanted}")


def _refuse(path: str, reason: str) -> NoReturn:
    raise ParameterInvalid(parameter=path, reason=reason)


_READERS: dict[str, Callable[[Model, Shape, object, str], Any]] = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _string,
    "integer": _integer,
    "long": _integer,
    "float": _number,
    "double": _number,
    "boolean": _boolean,
    "blob": _blob,
    "timestamp": _timestamp,
}
