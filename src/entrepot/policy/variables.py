"""Policy variables (IAM user guide, "Variables and tags"): `${key}`, `${key, 'default'}`, and `${*} ${?} ${$}`.

Only documents of version 2012-10-17 have them; in older ones the characters stand for themselves.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from entrepot.policy.matching import is_plain, wild

_VARIABLE: Final = re.compile(r"\$\{(?:([*?$])|([^{}'*?,\s]++)(?:\s*,\s*'([^'{}]*)')?\s*)\}")
Lookup = Callable[[str], tuple[str, ...]]


class Variable(msgspec.Struct, frozen=True):
    """A place that the request fills; `key` in lower case."""

    key: str
    default: str | None


class Template(msgspec.Struct, frozen=True):
    """Text with places; the text is a pattern (matching.wild) where the template was read as one."""

    parts: tuple[str | Variable, ...]

    @property
    def text(self) -> str | None:
        """The text of a template without variables."""
        if not self.parts:
            return ""
        return self.parts[0] if len(self.parts) == 1 and isinstance(self.parts[0], str) else None

    def fill(self, lookup: Lookup) -> str | None:
        """The text for a request, or None when a variable has no single value there and no default."""
        filled: list[str] = []
        for part in self.parts:
            text = part if isinstance(part, str) else _value(part, lookup)
            if text is None:
                return None
            filled.append(text)
        return "".join(filled)

    def split(self, most: int) -> tuple["Template", ...]:
        """The templates between the colons of the text, at most so many: colons inside variables do not count."""
        pieces: list[list[str | Variable]] = [[]]
        for part in self.parts:
            if isinstance(part, Variable):
                pieces[-1].append(part)
                continue
            head, *tail = part.split(":", most - len(pieces))
            pieces[-1].append(head)
            pieces.extend([piece] for piece in tail)
        return tuple(Template(tuple(_joined(piece))) for piece in pieces)


def _value(variable: Variable, lookup: Lookup) -> str | None:
    values = lookup(variable.key)
    if len(values) == 1 and is_plain(values[0]):
        return values[0]
    return None if values else variable.default


def template(text: str, *, variables: bool, pattern: bool) -> Template:
    """Read a text of a policy: with variables or without, with wildcards or without."""
    plain: Callable[[str], str] = wild if pattern else str
    if not variables:
        return Template((plain(text),))
    parts: list[str | Variable] = []
    at = 0
    for found in _VARIABLE.finditer(text):
        start, end = found.span()
        parts.append(plain(text[at:start]))
        literal, key, default = found.groups()
        parts.append(literal or Variable(key.lower(), default))
        at = end
    parts.append(plain(text[at:]))
    return Template(tuple(_joined(parts)))


def keys_in(text: str) -> Iterator[str]:
    """The keys of the variables of a text, as they are written."""
    return (found[2] for found in _VARIABLE.finditer(text) if found[2])


def _joined(parts: list[str | Variable]) -> list[str | Variable]:
    """Neighbouring texts as one: a template without variables is one text, or none."""
    joined: list[str | Variable] = []
    for part in parts:
        if part == "":
            continue
        last = joined[-1] if joined else None
        if isinstance(part, str) and isinstance(last, str):
            joined[-1] = last + part
        else:
            joined.append(part)
    return joined
