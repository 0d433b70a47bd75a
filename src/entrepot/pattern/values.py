"""What of an event is compared: scalars, so that equal ones have equal keys, and the bounds of comparable numbers."""

from collections.abc import Hashable
from decimal import Decimal
from typing import Final

Number = int | Decimal

LEAST: Final = Decimal(-5_000_000_000)
MOST: Final = Decimal(5_000_000_000)
MOST_DECIMALS: Final = 6

_TRUE: Final = ("true",)
_FALSE: Final = ("false",)


def parse_number(text: str) -> Decimal:
    """A number of JSON, all its digits: ValueError, when its exponent is none that a number can have."""
    try:
        return Decimal(text)
    except ArithmeticError:
        raise ValueError(text) from None


def number(value: object) -> Number | None:
    """A JSON number in the decimal digits that were written, or None: it is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return Decimal(repr(value))  # the shortest digits that make this float: 0.1 is 0.1
    return value if isinstance(value, int | Decimal) else None


def key(value: object) -> Hashable:
    """Equal for equal scalars, and for no others: 1 is 1.0, but neither true nor "1"."""
    if isinstance(value, str) or value is None:
        return value
    if isinstance(value, bool):
        return _TRUE if value else _FALSE
    return number(value)


def decimals(value: Decimal) -> int:
    """How many digits stand behind the decimal point, zeros at the end apart."""
    _, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int) or not any(digits):
        return 0
    while digits[-1] == 0:
        digits, exponent = digits[:-1], exponent + 1
    return max(-exponent, 0)


def fold(text: str) -> str:
    """The text without the case of its letters, one character for each: a prefix stays a prefix."""
    return text.lower() if text.isascii() else "".join(map(_folded, text))


def _folded(character: str) -> str:
    folded = character.casefold()
    return folded if len(folded) == 1 else character
