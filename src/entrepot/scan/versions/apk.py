"""Alpine's order, as apk-tools 3 has it (apk-package(5)): number{.number}{letter}{_suffix{number}}{~hash}{-r#}.

What comes next decides: a suffix of before the release, something that is no version, the end, a build, a hash, a
suffix's number, a suffix of after the release, a letter, a number. apk calls all equal that goes wrong at the same
place; here such rests are ordered too, by their characters and numbers, but for a build that is none: it says nothing.
"""

import re
from typing import Final

from entrepot.scan.versions.text import Key, checked

NAME: Final = "apk"

_BEFORE: Final = {"alpha": 1, "beta": 2, "pre": 3, "rc": 4}
_AFTER: Final = {"cvs": 1, "svn": 2, "git": 3, "hg": 4, "p": 5}

_EARLY, _INVALID, _END, _BUILD, _HASH, _COUNT, _LATE, _LETTER, _PADDED, _NUMBER = range(10)
_NOTHING: Final = -1  # where a version's first number is, below all of these

_NUMBERS: Final = re.compile(r"[0-9]++(?:\.[0-9]++)*+")
_SUFFIX: Final = re.compile(r"_(alpha|beta|pre|rc|cvs|svn|git|hg|p)(?![a-z])([0-9]*)")
_HASHED: Final = re.compile(r"~([0-9a-f]+)")
_BUILT: Final = re.compile(r"-r([0-9]*)")
_PIECES: Final = re.compile(r"[0-9]+|.", re.DOTALL)

_Parts = list[str | int]


def key(version: str) -> Key:
    """One flat tuple."""
    text = checked(version, NAME)
    found: _Parts = []
    at = _read_numbers(text, found)
    if found:
        at = _read_suffixes(text, at, found)
        hashed = _HASHED.match(text, at)
        if hashed is not None:
            found += (_HASH, hashed[1])
            at = hashed.end()
    return (*found, *_ending(text[at:], valid=bool(found)))


def _read_numbers(text: str, found: _Parts) -> int:
    """Where the numbers and their letter end. Zeros in front make a number a text, but for the first number."""
    numbers = _NUMBERS.match(text)
    if numbers is None:
        return 0
    first, *others = numbers[0].split(".")
    found.append(int(first))
    for each in others:
        found += (_PADDED, each) if each[0] == "0" else (_NUMBER, int(each))
    at = numbers.end()
    if "a" <= text[at : at + 1] <= "z":
        found += (_LETTER, text[at])
        at += 1
    return at


def _read_suffixes(text: str, at: int, found: _Parts) -> int:
    suffix = _SUFFIX.match(text, at)
    while suffix is not None:
        name, digits = suffix.groups()
        found += (_EARLY, _BEFORE[name]) if name in _BEFORE else (_LATE, _AFTER[name])
        if digits:
            found += (_COUNT, int(digits))
        at = suffix.end()
        suffix = _SUFFIX.match(text, at)
    return at


def _ending(rest: str, *, valid: bool) -> _Parts:
    """The build and the end, or what is there instead of them."""
    if not rest:
        return [_END]
    if not valid:
        return [_NOTHING, *_pieces(rest)]
    if rest[0] != "-":
        return [_INVALID, *_pieces(rest)]
    built = _BUILT.match(rest)
    build = int(built[1] or 0) if built is not None else 0
    if built is not None and built[1] and built.end() == len(rest):
        return [_BUILD, build, _END]
    return [_BUILD, build, _INVALID] if build else [_INVALID]


def _pieces(rest: str) -> _Parts:
    """A text's characters in their order, and runs of digits as numbers where digits stand in it."""
    found: _Parts = []
    for piece in _PIECES.findall(rest):
        if "0" <= piece[0] <= "9":
            found += (1, int(piece))
        else:
            found += (0, piece) if piece < "0" else (2, piece)
    return found
