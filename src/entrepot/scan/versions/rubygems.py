"""RubyGems' order: Gem::Version.

Runs of digits and of letters; letters come before digits, and the end is as if zeros went on for ever. So a run of
zeros is told by what comes behind it: before the end, where that is letters, behind it, where it is a number.
"""

import re
from typing import Final

from entrepot.scan.versions.text import Key, checked, refuse

NAME: Final = "rubygems"

_FORM: Final = re.compile(r"[0-9]\S*+")  # Gem::Version has it stricter: 1beta is none there
_SEGMENTS: Final = re.compile(r"[0-9]+|[A-Za-z]+")

_LETTERS, _ZEROS_BEFORE_LETTERS, _END, _ZEROS_BEFORE_NUMBER, _NUMBER = range(5)


def key(version: str) -> Key:
    """One flat tuple."""
    text = checked(version, NAME)
    if _FORM.fullmatch(text) is None:
        refuse(version, NAME)
    found: list[int | str] = []
    zeros, number_so_far = 0, True
    for segment in _SEGMENTS.findall(text.replace("-", ".pre.")):
        if "0" <= segment[0] <= "9":
            number = int(segment)
            if not number:
                zeros += 1
                continue
            found += (_ZEROS_BEFORE_NUMBER, -zeros, _NUMBER, number) if zeros else (_NUMBER, number)
        else:
            if number_so_far:  # zeros before the first letters do not count
                zeros, number_so_far = 0, False
            found += (_ZEROS_BEFORE_LETTERS, zeros, _LETTERS, segment) if zeros else (_LETTERS, segment)
        zeros = 0
    return (*found, _END)
