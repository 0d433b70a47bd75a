"""Debian's order: deb-version(7), and Debian Policy 5.6.12. Ubuntu and opam order by the same rules.

[epoch:]upstream[-revision]. Each of the two texts is read as text and number by turns. In text, `~` comes before the
end, the end before letters, letters before all else.
"""

import re
import string
from functools import lru_cache
from typing import Final

from entrepot.scan.versions.text import Key, checked, is_number, refuse

NAME: Final = "dpkg"

_END: Final = "\x02"
_PAIRS: Final = re.compile(r"([^0-9]*)([0-9]*)")
_OTHERS: Final = [chr(code) for code in range(128) if chr(code) not in string.ascii_letters + string.digits + "~"]
_ORDER: Final = str.maketrans(
    {"~": "\x01"}
    | {letter: chr(3 + place) for place, letter in enumerate(sorted(string.ascii_letters))}
    | {other: chr(64 + place) for place, other in enumerate(_OTHERS)}
)

_WORDS: Final = 1024  # that are remembered: nearly all are a dot, a hyphen, +deb, ubuntu and the like

_Part = tuple[str | int, ...]


def key(version: str) -> Key:
    """(epoch, upstream, revision); an epoch or a revision that is not there is zero."""
    text = checked(version, NAME)
    epoch, colon, rest = text.partition(":")
    if not colon:
        epoch, rest = "0", text
    upstream, _, revision = rest.rpartition("-") if "-" in rest else (rest, "", "")
    if not is_number(epoch) or not upstream or not text.isascii():
        refuse(version, NAME)
    return int(epoch), _part(upstream), _part(revision)


def _part(text: str) -> _Part:
    found: list[str | int] = []
    for words, digits in _PAIRS.findall(text):
        if words or digits:
            found += (_ordered(words), int(digits or 0))
    return (*(found or (_END, 0)), _END)  # an empty text is the number 0


@lru_cache(_WORDS)
def _ordered(words: str) -> str:
    return words.translate(_ORDER) + _END
