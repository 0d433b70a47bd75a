"""The parts of a JSON document, each with the sentence of ECR's schema validator for what it is not."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NoReturn

from entrepot.errors import LifecyclePolicyInvalid

GREATEST = 2**31 - 1


def refuse(reason: str) -> NoReturn:
    """LifecyclePolicyInvalid."""
    raise LifecyclePolicyInvalid(reason=reason)


def structure(value: Any, required: Collection[str], optional: Collection[str]) -> Mapping[str, Any]:
    """An object with these properties and no others."""
    _is(value, "object")
    missing = sorted(set(required) - value.keys())
    if missing:
        refuse(f"object has missing required properties ({json.dumps(missing)})")
    strange = sorted(value.keys() - set(required) - set(optional))
    if strange:
        refuse(
            f"object instance has properties which are not allowed by the schema: ({json.dumps(strange[:10])[:512]})"
        )
    members: Mapping[str, Any] = value
    return members


def array(value: Any, most: int) -> Sequence[Any]:
    """A list that is neither empty nor longer than `most`."""
    _is(value, "array")
    if not value:
        refuse("array is too short: must have at least 1 elements but instance has 0 elements")
    if len(value) > most:
        refuse(f"array is too long: must have at most {most} elements but instance has {len(value)} elements")
    items: Sequence[Any] = value
    return items


def string(value: Any, least: int = 0) -> str:
    """A text of so many characters or more."""
    _is(value, "string")
    if len(value) < least:
        refuse(f'string "{value}" is too short (length: {len(value)}, required minimum: {least})')
    return str(value)


def number(value: Any) -> int:
    """An integer from 1."""
    _is(value, "integer")
    if value < 1:
        refuse(f"numeric instance is lower than the required minimum (minimum: 1, found: {value})")
    if value > GREATEST:
        found = value if value < 10**40 else "more than 40 digits"
        refuse(f"numeric instance is greater than the required maximum (maximum: {GREATEST}, found: {found})")
    return int(value)


def choice(value: Any, values: Sequence[str]) -> str:
    """One of some texts."""
    _is(value, "string")
    if value not in values:
        refuse(f"instance value ({value[:128]}) not found in enum :(possible values: {json.dumps(list(values))})")
    return str(value)


def _is(value: Any, kind: str) -> None:
    found = _kind(value)
    if found != kind:
        refuse(f'instance type ({found}) does not match any allowed primitive type (allowed: ["{kind}"])')


def _kind(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"
