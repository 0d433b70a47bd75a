"""Wildcards of event patterns: `*` is any characters, also none; a backslash makes it, or a backslash, itself."""

from typing import NoReturn

from entrepot.errors import EventPatternInvalid

Parts = tuple[str, ...]


def parts(text: str) -> Parts:
    """The literal texts between the asterisks: EventPatternInvalid."""
    found = [""]
    at = 0
    while at < len(text):
        character = text[at]
        if character == "*":
            if text[at + 1 : at + 2] == "*":
                _refuse("Consecutive wildcard characters", text, at)
            found.append("")
        elif character == "\\":
            at += 1
            if text[at : at + 1] not in ("*", "\\"):
                _refuse("Invalid escape character", text, at - 1)
            found[-1] += text[at]
        else:
            found[-1] += character
        at += 1
    return tuple(found)


def matches(pattern: Parts, text: str) -> bool:
    """Whether the whole text fits, in a time that grows with its length only."""
    if len(pattern) == 1:
        return text == pattern[0]
    first, last = pattern[0], pattern[-1]
    if not text.startswith(first) or not text.endswith(last) or len(text) < len(first) + len(last):
        return False
    at, end = len(first), len(text) - len(last)
    if len(pattern) == 2:
        return True
    for part in pattern[1:-1]:  # the leftmost place is never a worse choice than a later one
        found = text.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def _refuse(what: str, text: str, at: int) -> NoReturn:
    place = len(text[:at].encode(errors="surrogatepass")) + 1  # in bytes, the opening quote counted: as AWS counts
    raise EventPatternInvalid(reason=f"{what} at pos {place}")
