"""What every scheme asks of a version's text before it reads it, and the pieces that several schemes share."""

from typing import Any, Final, NoReturn

from entrepot.errors.scanning import VersionInvalid

Key = Any  # ordered and hashable: a tuple, so that sorting compares in C; only Maven's compares by itself

LONGEST: Final = 1000  # characters of a version; the longest of real ones have some eighty


def checked(version: str, scheme: str) -> str:
    """The version without the blanks around it: VersionInvalid, where nothing is left or too much."""
    found = version.strip()
    if not found or len(version) > LONGEST:
        refuse(version, scheme)
    return found


def refuse(version: str, scheme: str) -> NoReturn:
    """VersionInvalid."""
    raise VersionInvalid(version=repr(version if len(version) <= 100 else f"{version[:100]}…"), scheme=scheme)


def is_number(text: str) -> bool:
    """Whether it is ASCII digits, one or more."""
    return text.isascii() and text.isdigit()


def identifiers(text: str) -> tuple[int | str, ...]:
    """The dotted identifiers of SemVer, flat: numbers come before words, fewer before more (SemVer 2.0.0, 11.4)."""
    flat: list[int | str] = []
    for each in text.split("."):
        flat += (0, int(each)) if is_number(each) else (1, each)
    return tuple(flat)


def numbers(text: str) -> tuple[int, ...]:
    """Dotted numbers without the zeros at their end: 1.0 is 1.0.0."""
    found = [int(each) for each in text.split(".")]
    while found and not found[-1]:
        found.pop()
    return tuple(found)
