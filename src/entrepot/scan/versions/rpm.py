"""The order of rpm: rpm-version(7), `[epoch:]version[-release]`.

Runs of digits and of letters count, what stands between them does not. `~` comes before the end, `^` behind it but
before anything else, letters before digits. No release comes before any release.
"""

import re
from typing import Final

from entrepot.scan.versions.text import Key, checked, is_number

NAME: Final = "rpm"

_TOKENS: Final = re.compile(r"[~^]|[0-9]+|[A-Za-z]+")
_TILDE: Final = (0,)
_END: Final = (1,)
_CARET: Final = (2,)
_LETTERS: Final = 3
_DIGITS: Final = 4

_Part = tuple[str | int, ...]


def key(version: str) -> Key:
    """(epoch, version, release); an epoch that is not there is zero, a release that is not there is ()."""
    text = checked(version, NAME)
    epoch, colon, rest = text.partition(":")
    if not colon or (epoch and not is_number(epoch)):
        epoch, rest = "", text
    name, dash, release = rest.rpartition("-")
    if not dash:
        return int(epoch or 0), _part(rest), ()
    return int(epoch or 0), _part(name), _part(release)


def _part(text: str) -> _Part:
    found: list[str | int] = []
    for piece in _TOKENS.findall(text):
        if piece == "~":
            found += _TILDE
        elif piece == "^":
            found += _CARET
        elif piece.isdigit():
            found += (_DIGITS, int(piece))
        else:
            found += (_LETTERS, piece)
    return (*found, *_END)
