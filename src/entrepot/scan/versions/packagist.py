"""Packagist's order: PHP's version_compare(), without the `v` in front, and numbers of any size.

Numbers and words by turns; words before the end are what PHP does not know, dev, alpha, beta and rc, behind it are
numbers, then patches. What is neither digit nor letter only divides.
"""

import re
from typing import Final

from entrepot.scan.versions.text import Key, checked, refuse

NAME: Final = "packagist"

_PIECES: Final = re.compile(r"[0-9]+|[A-Za-z]+")
_WORDS: Final = (("dev", 1), ("a", 2), ("b", 3), ("RC", 4), ("rc", 4), ("p", 7))  # by what they begin with
_UNKNOWN: Final = 0
_END: Final = 5
_NUMBER: Final = 6


def key(version: str) -> Key:
    """One flat tuple."""
    pieces = _PIECES.findall(_without_v(checked(version, NAME)))
    if not pieces:
        refuse(version, NAME)
    found: list[int] = []
    for piece in pieces:
        if "0" <= piece[0] <= "9":
            found += (_NUMBER, int(piece))
        else:
            found.append(next((order for word, order in _WORDS if piece.startswith(word)), _UNKNOWN))
    return (*found, _END)


def _without_v(text: str) -> str:
    return text[1:] if text[0] in "vV" else text
