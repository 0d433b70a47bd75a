"""Expression text -> tokens, each with its position."""

import re
from enum import StrEnum
from typing import Final, NamedTuple, NoReturn

from entrepot.errors import ExpressionInvalid

LONGEST: Final = 2048  # characters, as the model says


class Kind(StrEnum):
    """What a token is."""

    NUMBER = "number"
    STRING = "string"
    NAME = "name"  # a metric's or an expression's id: begins with a lower-case letter
    WORD = "word"  # a function or a keyword: upper case
    SIGN = "sign"
    END = "end"


class Token(NamedTuple):
    """A piece of text; `at` counts characters from 1."""

    kind: Kind
    text: str
    at: int


_TOKEN: Final = re.compile(
    r"""\s*+(?:
    (?P<number>(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][+-]?\d{1,3})?)
    | (?P<name>[a-z][a-zA-Z0-9_]*+)
    | (?P<word>[A-Z][A-Z0-9_]*+)
    | (?P<string>"(?:[^"\\]++|\\.)*+"|'(?:[^'\\]++|\\.)*+')
    | (?P<sign>==|!=|<=|>=|&&|\|\||[-+*/^<>()\[\],])
    )""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_SYNONYMS: Final = {"&&": "AND", "||": "OR"}


def refuse(reason: str, at: int) -> NoReturn:
    """ExpressionInvalid, with where."""
    raise ExpressionInvalid(reason=f"{reason} at position {at}")


def tokens(text: str) -> list[Token]:
    """The tokens and an END: ExpressionInvalid."""
    if len(text) > LONGEST:
        raise ExpressionInvalid(reason=f"An expression has at most {LONGEST} characters, not {len(text)}")
    found: list[Token] = []
    position, length = 0, len(text.rstrip())
    while position < length:
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            rest = text[position:].lstrip()
            refuse(f"Unexpected {rest[0]!r}", len(text) - len(rest) + 1)
        kind, value = Kind(match.lastgroup), match[match.lastgroup]
        value = _SYNONYMS.get(value, value)
        found.append(Token(Kind.WORD if value in {"AND", "OR"} else kind, value, match.span(match.lastgroup)[0] + 1))
        position = match.end()
    return [*found, Token(Kind.END, "the end", length + 1)]
