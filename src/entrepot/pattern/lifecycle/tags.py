"""Which conditions of a policy an image meets, as bits: one for each pattern, one for having no tag, one for being in
the archive and one for not being there.

The time for a tag grows with the number of lengths of prefixes, and of patterns that begin or go on with a wildcard.
"""

from collections.abc import Callable, Sequence
from typing import Final

from entrepot.pattern.lifecycle.policy import Policy, Rule
from entrepot.pattern.lifecycle.records import Record

UNTAGGED: Final = 1
STANDARD: Final = 2
ARCHIVED: Final = 4
_FEW: Final = 12  # patterns, for each of which all tags are gone through by themselves: up to then that is faster
Parts = tuple[str, ...]


class Conditions:
    """The patterns of a policy, each read once."""

    def __init__(self, policy: Policy) -> None:
        self._bits: dict[Parts, int] = {}
        self._exact: dict[str, int] = {}
        self._prefixes: dict[int, dict[str, int]] = {}
        self._others: list[tuple[Callable[[str], bool], int]] = []
        for rule in policy.rules:
            for pattern in rule.patterns:
                self._add(_parts(rule, pattern))

    def needs(self, rule: Rule) -> int:
        """The bits that an image must have to be one of a rule's."""
        place = ARCHIVED if rule.storage_class == "archive" else STANDARD
        return place | UNTAGGED if rule.tag_status == "untagged" else place | self.named(rule)

    def named(self, rule: Rule) -> int:
        """The bits of a rule's patterns."""
        found = 0
        for pattern in rule.patterns:
            found |= self._bits[_parts(rule, pattern)]
        return found

    def of_all(self, records: Sequence[Record]) -> list[int]:
        """The bits of each image."""
        found = [ARCHIVED if record[6] else STANDARD for record in records]
        owners: list[int] = []
        names: list[str] = []
        for i, record in enumerate(records):
            if tags := record[1]:
                owners += [i] * len(tags)
                names += tags
            else:
                found[i] |= UNTAGGED
        if len(self._bits) > _FEW:
            for i, tag in zip(owners, names, strict=True):
                found[i] |= self.of_tag(tag)
            return found
        for parts, bit in self._bits.items():
            for place in _places(parts, names):
                found[owners[place]] |= bit
        return found

    def of_tag(self, tag: str) -> int:
        """The bits of the patterns that a tag meets."""
        found = self._exact.get(tag, 0)
        for length, prefixes in self._prefixes.items():
            if (start := tag[:length]) in prefixes:
                found |= prefixes[start]
        for meets, bit in self._others:
            if meets(tag):
                found |= bit
        return found

    def _add(self, parts: Parts) -> None:
        if parts in self._bits:
            return
        bit = self._bits[parts] = 8 << len(self._bits)
        if len(parts) == 1:
            self._exact[parts[0]] = bit
        elif len(parts) == 2 and not parts[1]:
            self._prefixes.setdefault(len(parts[0]), {})[parts[0]] = bit
        else:
            self._others.append((_test(parts), bit))


def _parts(rule: Rule, pattern: str) -> Parts:
    """The texts between the wildcards of a pattern; a prefix is one with a wildcard at its end, and literal else."""
    return (pattern, "") if rule.are_prefixes else tuple(pattern.split("*"))


def _test(parts: Parts) -> Callable[[str], bool]:
    first, *inner, last = parts
    if first or last:
        return lambda tag: _matches(parts, tag)
    if len(inner) == 1:
        return lambda tag: inner[0] in tag
    return lambda tag: _matches(parts, tag)


def _places(parts: Parts, names: Sequence[str]) -> list[int]:
    """Which of many tags meet a pattern: a loop for each of the plain kinds, without a call for each tag."""
    first, last = parts[0], parts[-1]
    if len(parts) == 1:
        return [i for i, name in enumerate(names) if name == first]
    if len(parts) == 2 and not last:
        return [i for i, name in enumerate(names) if name.startswith(first)]
    if len(parts) == 3 and not first and not last:
        inner = parts[1]
        return [i for i, name in enumerate(names) if inner in name]
    return [i for i, name in enumerate(names) if _matches(parts, name)]


def _matches(parts: Parts, tag: str) -> bool:
    first, last = parts[0], parts[-1]
    if not tag.startswith(first) or not tag.endswith(last) or len(tag) < len(first) + len(last):
        return False
    at, end = len(first), len(tag) - len(last)
    for part in parts[1:-1]:  # the leftmost place is never a worse choice than a later one
        found = tag.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True
