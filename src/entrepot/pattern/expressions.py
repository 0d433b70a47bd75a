"""Match expressions, `{"prefix": "a"}`: JSON -> tests; what AWS refuses is refused in its sentences."""

import ipaddress
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final, NoReturn

from entrepot.errors import EventPatternInvalid
from entrepot.pattern import operators, values
from entrepot.pattern.operators import Test

_BITS: Final = re.compile(r"[+-]?[0-9]+")
_COUNTED: Final = frozenset({"numeric", "anything-but"})  # what they say of too many keys


def test_of(value: object) -> Test | None:
    """The test that an element of a field's array is, or None: the field must be absent."""
    if isinstance(value, dict):
        return _expression(value)
    if isinstance(value, list):
        refuse("Match value must be String, number, true, false, or null")
    return operators.exact(value)


def refuse(reason: str) -> NoReturn:
    """EventPatternInvalid."""
    raise EventPatternInvalid(reason=reason)


def _expression(tree: Mapping[str, object]) -> Test | None:
    name, value = _only_key(tree, "Match expression name not found")
    if name == "exists":
        if not isinstance(value, bool):
            refuse("exists match pattern must be either true or false.")
        return operators.present() if value else None
    if name not in _READERS:
        refuse(f"Unrecognized match type {name}")
    return _READERS[name](value)


def _only_key(tree: Mapping[str, object], missing: str) -> tuple[str, object]:
    if not tree:
        refuse(missing)
    name, value = next(iter(tree.items()))
    if len(tree) > 1:
        refuse(
            "Too many elements in numeric expression"
            if name in _COUNTED
            else "Only one key allowed in match expression"
        )
    return name, value


def _string(value: object, otherwise: str) -> str:
    if not isinstance(value, str):
        refuse(otherwise)
    return value


def _exactly(value: object) -> Test:
    return operators.exact(_string(value, "exact match pattern must be a string"))


def _folded(value: object) -> Test:
    return operators.folded(_string(value, "equals-ignore-case match pattern must be a string"))


def _wildcard(value: object) -> Test:
    return operators.wildcard(_string(value, "wildcard match pattern must be a string"))


def _affix(name: str, plain: Callable[[str], Test], folded: Callable[[str], Test]) -> Callable[[object], Test]:
    def read(value: object) -> Test:
        if not isinstance(value, dict):
            return plain(_string(value, f"{name} match pattern must be a string"))
        inner, text = _only_key(value, f"{name.capitalize()} expression name not found")
        if inner != "equals-ignore-case":
            refuse(f"Unsupported {name} pattern: {inner}")
        return folded(_string(text, "equals-ignore-case match pattern must be a string"))

    return read


def _anything_but(value: object) -> Test:
    if isinstance(value, dict):
        name, inner = _only_key(value, "Anything-But expression name not found")
        if name not in _EXCEPTIONS:
            refuse(f"Unsupported anything-but pattern: {name}")
        return operators.anything_but(tuple(_EXCEPTIONS[name](text) for text in _listed(inner)))
    listed = _listed(value)
    if not all(isinstance(each, str | Decimal) for each in listed):
        refuse("Inside anything but list, start|null|boolean is not supported.")
    if len({isinstance(each, str) for each in listed}) != 1:
        refuse("Inside anything but list, either all values are number or string, mixed type is not supported")
    for each in listed:
        if isinstance(each, Decimal):
            _comparable(each)
    return operators.anything_but((operators.either(tuple(map(operators.exact, listed))),))


def _listed(value: object) -> list[Any]:
    if isinstance(value, list):
        return value or refuse("Empty arrays are not allowed")
    if not isinstance(value, str | Decimal):
        refuse("Value of anything-but must be an array or single string/number value.")
    return [value]


def _except_affix(plain: Callable[[str], Test]) -> Callable[[object], Test]:
    def read(value: object) -> Test:
        text = _string(value, "prefix/suffix match pattern must be a string")
        return plain(text) if text else refuse("Null prefix/suffix not allowed")

    return read


def _except_folded(value: object) -> Test:
    return operators.folded(
        _string(value, "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.")
    )


def _numeric(value: object) -> Test:
    if not isinstance(value, list):
        refuse("Value of numeric must be an array.")
    if not value or not isinstance(value[0], str):
        refuse(f"Invalid member in numeric match: {_shown(value[0]) if value else ']'}")
    operator, bound = value[0], _bound(value)
    if operator not in {"=", "<", "<=", ">", ">="}:
        refuse(f"Unrecognized numeric range operator: {operator}")
    if operator[0] == ">":
        return _range(bound, value[2:], open_low=operator == ">")
    if len(value) > 2:
        refuse("Too many elements in numeric expression")
    low = bound if operator == "=" else values.LEAST
    return operators.numeric(low, bound, open_low=False, open_high=operator == "<")


def _range(low: Decimal, rest: list[object], *, open_low: bool) -> Test:
    if not rest:
        return operators.numeric(low, values.MOST, open_low=open_low, open_high=False)
    operator = rest[0]
    if not isinstance(operator, str):
        refuse(f"Bad value in numeric range: {_shown(operator)}")
    if operator not in {"<", "<="}:
        refuse(f"Bad numeric range operator: {operator}")
    high = _bound(rest)
    if len(rest) > 2:
        refuse("Too many terms in numeric range expression")
    if not low < high:
        refuse("Bottom must be less than top")
    return operators.numeric(low, high, open_low=open_low, open_high=operator == "<")


def _bound(terms: list[Any]) -> Decimal:
    """The number behind an operator."""
    if len(terms) < 2 or not isinstance(terms[1], Decimal):
        refuse(f"Value of {'equals' if terms[0] == '=' else terms[0]} must be numeric")
    return _comparable(terms[1])


def _comparable(number: Decimal) -> Decimal:
    if not values.LEAST <= number <= values.MOST:
        refuse("Value must be between -5.0E9 and 5.0E9, inclusive")
    if values.decimals(number) > values.MOST_DECIMALS:
        refuse(f"Only values upto 6 decimals are supported: {number}")
    return number


def _shown(value: object) -> str:
    return str(value) if isinstance(value, str | Decimal) else {True: "true", False: "false"}.get(value is True, "")


def _cidr(value: object) -> Test:
    address, *bits = _string(value, "prefix match pattern must be a string").split("/")
    if len(bits) != 1:
        refuse("Malformed CIDR, one '/' required")
    if not _BITS.fullmatch(bits[0]):
        refuse("Malformed CIDR, mask bits must be an integer")
    if bits[0].startswith("-"):
        refuse("Malformed CIDR, mask bits must not be negative")
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        refuse(f"Nonstandard IP address: {address}")
    count = int(bits[0]) if len(bits[0]) < 9 else parsed.max_prefixlen
    if count >= parsed.max_prefixlen:
        refuse(f"IPv{parsed.version} mask bits must be < {parsed.max_prefixlen}")
    return operators.cidr(ipaddress.ip_network(f"{parsed}/{count}", strict=False))


_READERS: Final[dict[str, Callable[[object], Test]]] = {
    "exactly": _exactly,
    "prefix": _affix("prefix", operators.prefix, operators.folded_prefix),
    "suffix": _affix("suffix", operators.suffix, operators.folded_suffix),
    "equals-ignore-case": _folded,
    "wildcard": _wildcard,
    "numeric": _numeric,
    "anything-but": _anything_but,
    "cidr": _cidr,
}
_EXCEPTIONS: Final[dict[str, Callable[[object], Test]]] = {
    "prefix": _except_affix(operators.prefix),
    "suffix": _except_affix(operators.suffix),
    "equals-ignore-case": _except_folded,
    "wildcard": _wildcard,
}
