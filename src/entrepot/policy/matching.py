"""Wildcards: `*` is any characters, also none, `?` is one; matched in linear time, whatever the pattern.

A pattern is told apart from text by two characters that no document can contain (reading.py refuses them), so that the
value of a policy variable is never taken for a wildcard.
"""

from collections.abc import Iterable, Sequence

MANY, ONE = "\0", "\1"
_WILD = str.maketrans({"*": MANY, "?": ONE})
_MARKS = (MANY, ONE)


def wild(text: str) -> str:
    """The pattern that a text of a policy is."""
    return text.translate(_WILD)


def is_literal(pattern: str) -> bool:
    """Whether only one text matches the pattern: itself."""
    return MANY not in pattern and ONE not in pattern


def is_plain(text: str) -> bool:
    """Whether a text from outside has no characters that stand for wildcards in a pattern."""
    return is_literal(text)


def matches(pattern: str, text: str) -> bool:
    """Whether the whole text fits the pattern; both case-sensitive."""
    if ONE in pattern:
        return _matches_by_states(pattern, text)
    if MANY not in pattern:
        return pattern == text
    first, *middle, last = pattern.split(MANY)
    return _matches_by_parts(first, middle, last, text)


def _matches_by_parts(first: str, middle: Sequence[str], last: str, text: str) -> bool:
    """The literal parts of a pattern, one after the other."""
    if not text.startswith(first) or not text.endswith(last) or len(text) < len(first) + len(last):
        return False
    at, end = len(first), len(text) - len(last)
    for part in middle:  # the leftmost place is never a worse choice than a later one
        found = text.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def _matches_by_states(pattern: str, text: str) -> bool:
    """All places in the pattern at once, a bit each: bit i says that pattern[:i] fits what has been read."""
    read: dict[str, int] = {}
    anything = stays = 0
    bit = 1
    for character in pattern:
        if character == MANY:
            stays |= bit
            continue
        if character == ONE:
            anything |= bit
        else:
            read[character] = read.get(character, 0) | bit
        bit <<= 1
    states = 1
    for character in text:
        states = ((states & (read.get(character, 0) | anything)) << 1) | (states & stays)
        if not states:
            return False
    return bool(states & bit)


class Patterns:
    """A list of patterns, prepared: most are names, or names that end in `*`."""

    __slots__ = ("_by_parts", "_by_states", "_names", "_prefixes")

    def __init__(self, patterns: Iterable[str]) -> None:
        patterns = tuple(patterns)
        trailing = [one for one in patterns if one.endswith(MANY) and is_literal(one[:-1])]
        self._names = frozenset(one for one in patterns if is_literal(one))
        self._prefixes = tuple(one[:-1] for one in trailing)
        others = [one for one in patterns if not is_literal(one) and one not in trailing]
        self._by_states = tuple(one for one in others if ONE in one)
        parts = [one.split(MANY) for one in others if ONE not in one]
        self._by_parts = tuple((one[0], tuple(one[1:-1]), one[-1]) for one in parts)

    def match(self, text: str) -> bool:
        """Whether any of them fits the whole text."""
        if text in self._names or (self._prefixes and text.startswith(self._prefixes)):
            return True
        for first, middle, last in self._by_parts:
            if _matches_by_parts(first, middle, last, text):
                return True
        return any(matches(pattern, text) for pattern in self._by_states) if self._by_states else False


def matches_arn(pattern: tuple[str, ...], arn: str) -> bool:
    """Whether each of an ARN's six parts fits its pattern: a wildcard never spans the colons between them."""
    parts = arn.split(":", 5)
    return len(parts) == len(pattern) == 6 and all(map(matches, pattern, parts))
