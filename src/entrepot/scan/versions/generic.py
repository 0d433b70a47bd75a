"""An order for what has none of its own: programs, kernels, Conan packages, Android's patch levels.

Runs of digits and of letters; words for what comes before a release come before the end, letters behind it (1.0.2k),
digits behind letters. Zeros at the end, or before such a word, do not count: 7.0 is 7.0.0.
"""

import re
from typing import Final

from entrepot.scan.versions.text import Key, checked, refuse

NAME: Final = "generic"

_TOKENS: Final = re.compile(r"~|[0-9]+|[a-z]+")
_BEFORE: Final = {
    "dev": 0,
    "snapshot": 0,
    "nightly": 0,
    "alpha": 1,
    "beta": 2,
    "milestone": 3,
    "pre": 4,
    "preview": 4,
    "rc": 5,
    "cr": 5,
}
_TILDE, _EARLY, _END, _LETTERS, _DIGITS = range(5)


def key(version: str) -> Key:
    """One flat tuple; the case of letters does not count."""
    tokens = _TOKENS.findall(checked(version, NAME).lower())
    if len(tokens) > 1 and tokens[0] == "v":
        del tokens[0]
    if not tokens:
        refuse(version, NAME)
    found: list[int | str] = []
    for piece in tokens:
        if "0" <= piece[0] <= "9":
            found += (_DIGITS, int(piece))
        elif piece in _BEFORE or piece == "~":
            _drop_zeros(found)
            found += (_TILDE,) if piece == "~" else (_EARLY, _BEFORE[piece])
        else:
            found += (_LETTERS, piece)
    _drop_zeros(found)
    return (*found, _END)


def _drop_zeros(found: list[int | str]) -> None:
    while found[-2:] == [_DIGITS, 0]:
        del found[-2:]
