"""How bad a record of the OSV schema says it is, by vectors, words and bare scores, and why there is no fix.

Beside `severity`, feeds tell it in fields of their own: Ubuntu's priority, Debian's urgency, the first word of a Red
Hat-like summary, GitHub's and Bitnami's severity, RustSec's `informational`, RubySec's scores.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from entrepot.scan.advisories import Severity, State
from entrepot.scan.osv_names import root

_LONGEST: Final = 64  # characters of a word
_LINUX_WORDS: Final = frozenset({"Critical", "Important", "Moderate", "Low"})
_SUMMARIES: Final = frozenset({"AlmaLinux", "Rocky Linux", "Red Hat", "Oracle Linux"})
_SCORES: Final = {"cvss_v2": "CVSS_V2", "cvss_v3": "CVSS_V3", "cvss_v4": "CVSS_V4"}
_WORDS: Final = {"urgency": "Debian", "ubuntu_priority": "Ubuntu"}
_PREFIXES: Final = {"GHSA-": "GitHub", "BIT-": "Bitnami"}
_STATES: Final[dict[str, State]] = {
    "affected": "affected",
    "deferred": "deferred",
    "end-of-life": "end_of_life",
    "fix deferred": "deferred",
    "ignored": "will_not_fix",
    "needed": "affected",
    "needs-triage": "under_investigation",
    "no-dsa": "deferred",
    "not-affected": "not_affected",
    "out of support scope": "end_of_life",
    "postponed": "deferred",
    "under investigation": "under_investigation",
    "unfixed": "affected",
    "will not fix": "will_not_fix",
    "wontfix": "will_not_fix",
}


class Told(msgspec.Struct):
    """An element of `severity`, as it is written."""

    type: str = ""
    score: str | float | None = None


def of_record(
    told: Sequence[Told], name: str, ecosystems: Sequence[str], summary: str, specific: object
) -> Sequence[Severity]:
    """What a record says of itself, wherever it does."""
    found = list(_told(told))
    who = next((value for prefix, value in _PREFIXES.items() if name.startswith(prefix)), "")
    who = who or (root(ecosystems[0]) if ecosystems else "")
    if isinstance(specific, dict):
        found += _word(who, specific.get("severity"))
        found += [each for key, kind in _SCORES.items() for each in _score(kind, specific.get(key))]
    word, colon, _ = summary.partition(":")
    if colon and word in _LINUX_WORDS and who in _SUMMARIES:
        found.append(Severity(who, word))
    return tuple(dict.fromkeys(found))


def of_package(
    told: Sequence[Told], ecosystem: str, specific: Mapping[str, object], database: object
) -> Sequence[Severity]:
    """What a record says of one package."""
    found = list(_told(told))
    for key, who in _WORDS.items():
        found += _word(who, specific.get(key))
    found += _word(root(ecosystem), specific.get("severity"))
    if isinstance(database, dict) and database.get("informational") in {"unmaintained", "notice"}:
        found.append(Severity("RustSec", "informational"))
    return tuple(dict.fromkeys(found))


def state(specific: Mapping[str, object]) -> State:
    """Why there is no fix, where a record says so."""
    for key in ("status", "state", "fix_state", "urgency"):
        word = specific.get(key)
        if isinstance(word, str) and (found := _STATES.get(word.lower())):
            return found
    return ""


def _told(told: Sequence[Told]) -> Iterator[Severity]:
    for each in told:
        if isinstance(each.score, str) and not _number(each.score):
            yield Severity(each.type, each.score[:1024])
        else:
            yield from _score(each.type, each.score)


def _word(who: str, word: object) -> Sequence[Severity]:
    return [Severity(who, word[:_LONGEST])] if who and isinstance(word, str) and word else []


def _score(kind: str, value: object) -> Sequence[Severity]:
    number = _number(value)
    return [Severity(kind, score=number)] if number and 0 < number <= 10 else []


def _number(value: object) -> float:
    """A number as a number or text; 0.0 for what is none."""
    if not isinstance(value, str | int | float):
        return 0.0
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return 0.0
    return number if math.isfinite(number) else 0.0
