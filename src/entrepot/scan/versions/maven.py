"""Maven's order: the version order specification of the POM reference.

It is no total order: 1.sp > 1 > 1-alpha > 1.sp. A text before which a dot stands comes before one with a hyphen, and
how a version compares to a longer one depends on what the longer one has more. So its key is a tuple that compares by
itself. Maven 3.9 and later order a few rare forms in another way (1.0.RC1 as 1.0-RC1).
"""

import re
from typing import Final

from entrepot.scan.versions.text import checked

NAME: Final = "maven"

_PIECES: Final = re.compile(r"[.-]|[0-9]+|[^0-9.-]+")
_KNOWN: Final = {"alpha": 0, "beta": 1, "milestone": 2, "rc": 3, "cr": 3, "snapshot": 4, "sp": 6}
_RELEASE: Final = frozenset({"ga", "final", "release"})
_SHORT: Final = {"a": "alpha", "b": "beta", "m": "milestone"}  # where a number follows at once
_UNKNOWN: Final = 7
_ABSENT: Final = 5

_DOTTED_TEXT, _HYPHENED_TEXT, _HYPHENED_NUMBER, _DOTTED_NUMBER = range(4)


# what stands at one place: which of the four it is, the number or the text's place among the known ones, another text
_Token = tuple[int, int, str]


class MavenKey(tuple[_Token, ...]):
    """The tokens of a version; equal and of one hash, where these are."""

    __slots__ = ()

    def __lt__(self, other: tuple[_Token, ...]) -> bool:
        return _compared(self, other) < 0

    def __le__(self, other: tuple[_Token, ...]) -> bool:
        return _compared(self, other) <= 0

    def __gt__(self, other: tuple[_Token, ...]) -> bool:
        return _compared(self, other) > 0

    def __ge__(self, other: tuple[_Token, ...]) -> bool:
        return _compared(self, other) >= 0


def key(version: str) -> MavenKey:
    """The tokens, without what is nothing at the end and before hyphens."""
    return MavenKey(_trimmed(_tokens(checked(version, NAME).lower())))


def _compared(one: tuple[_Token, ...], other: tuple[_Token, ...]) -> int:
    """Below, at or above zero, as the one comes before, with or behind the other."""
    short = min(len(one), len(other))
    left, right = one[:short], other[:short]
    if left != right:
        return 1 if left > right else -1
    return _sign(one[short:]) - _sign(other[short:])


def _sign(rest: tuple[_Token, ...]) -> int:
    """How tokens compare to nothing; 0 for none only, as no version ends in what is nothing."""
    return next(filter(None, map(_sign_of, rest)), 0)


def _sign_of(token: _Token) -> int:
    kind, order, _ = token
    if kind >= _HYPHENED_NUMBER:
        return 1 if order or kind == _HYPHENED_NUMBER else 0
    if order == _ABSENT:
        return 0 if kind == _HYPHENED_TEXT else -1
    return 1 if order > _ABSENT else -1


def _tokens(text: str) -> list[_Token]:
    """A piece that stands at a change between digits and others is as if a hyphen stood there; no piece is 0."""
    found: list[_Token] = []
    hyphened, missing = False, True
    pieces = _PIECES.findall(text)
    for piece, following in zip(pieces, [*pieces[1:], ""], strict=True):
        if piece in {".", "-"}:
            if missing:
                found.append(_token("0", following, hyphened=hyphened))
            hyphened, missing = piece == "-", True
        else:
            found.append(_token(piece, following, hyphened=hyphened or not missing))
            missing = False
    if missing:
        found.append(_token("0", "", hyphened=hyphened))
    return found


def _token(piece: str, following: str, *, hyphened: bool) -> _Token:
    if "0" <= piece[0] <= "9":
        return _HYPHENED_NUMBER if hyphened else _DOTTED_NUMBER, int(piece), ""
    kind = _HYPHENED_TEXT if hyphened else _DOTTED_TEXT
    if following not in {"", ".", "-"}:
        piece = _SHORT.get(piece, piece)
    if piece in _RELEASE:
        return kind, _ABSENT, ""
    order = _KNOWN.get(piece, _UNKNOWN)
    return kind, order, piece if order == _UNKNOWN else ""


def _trimmed(tokens: list[_Token]) -> list[_Token]:
    kept: list[_Token] = []  # from the end
    at_end = True
    for token in reversed(tokens[1:]):
        kind, order, _ = token
        if at_end and order == (0 if kind >= _HYPHENED_NUMBER else _ABSENT):
            continue
        kept.append(token)
        at_end = kind in {_HYPHENED_TEXT, _HYPHENED_NUMBER}
    return [tokens[0], *reversed(kept)]
