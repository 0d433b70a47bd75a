"""Vectors of any version -> base scores. Metrics of time, threat and environment, and supplements, are read and do not
count: what a vector of 4.0 has is its CVSS-B, as the specification (1.3) names a score of base metrics alone.

https://www.first.org/cvss/v2/guide (2.4), /v3.0/specification-document (6), /v3.1 (6), /v4.0 (7).
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final, Literal, NoReturn

import msgspec

from entrepot.errors.scanning import CvssInvalid
from entrepot.scan.cvss import version2, version3, version4

Version = Literal["2.0", "3.0", "3.1", "4.0"]
Rating = Literal["None", "Low", "Medium", "High", "Critical"]

_LONGEST: Final = 512  # characters; one with all metrics of 4.0 has about 200
_SHOWN: Final = 64  # characters of what is refused


class BaseScore(msgspec.Struct, frozen=True):
    """What a vector says: a score of 0.0 to 10.0 in tenths, and the word for it."""

    version: Version
    score: float
    rating: Rating
    vector: str  # as it was given


class _Rules(msgspec.Struct, frozen=True):
    version: Version
    base: Mapping[str, frozenset[str]]  # metrics that must be told, and what they may be
    others: Mapping[str, frozenset[str]]
    tenths: Callable[[Mapping[str, str]], int]


_VERSION2: Final = _Rules("2.0", version2.BASE, version2.OTHERS, version2.tenths)
_PREFIXED: Final = {
    "CVSS:3.0": _Rules("3.0", version3.BASE, version3.OTHERS, version3.tenths_30),
    "CVSS:3.1": _Rules("3.1", version3.BASE, version3.OTHERS, version3.tenths_31),
    "CVSS:4.0": _Rules("4.0", version4.BASE, version4.OTHERS, version4.tenths),
}


@lru_cache(maxsize=8192)  # advisories have few that differ, and many findings of each
def parse(vector: str) -> BaseScore:
    """The base score of a vector; metrics may come in any order. CvssInvalid."""
    if len(vector) > _LONGEST:
        _refuse(vector, f"it has more than {_LONGEST} characters")
    rules, parts = _opened(vector)
    told = _metrics(vector, rules, parts)
    if missing := [name for name in rules.base if name not in told]:
        _refuse(vector, f"{missing[0]} is missing")
    score = rules.tenths(told) / 10
    return BaseScore(rules.version, score, rating(score, rules.version), vector)


def rating(score: float, version: str) -> Rating:
    """The word for a score; of version 2 as NVD has it, which knows neither None nor Critical."""
    if version == "2.0":
        return "High" if score >= 7 else "Medium" if score >= 4 else "Low"
    if score >= 9:
        return "Critical"
    if score >= 7:
        return "High"
    if score >= 4:
        return "Medium"
    return "Low" if score > 0 else "None"


def _opened(vector: str) -> tuple[_Rules, list[str]]:
    first, *rest = vector.split("/")
    if first in _PREFIXED:
        return _PREFIXED[first], rest
    if first.startswith("CVSS:"):
        _refuse(vector, "its version is unknown")
    if vector.startswith("(") and vector.endswith(")"):
        vector = vector[1:-1]
    return _VERSION2, vector.split("/")


def _metrics(vector: str, rules: _Rules, parts: list[str]) -> Mapping[str, str]:
    told: dict[str, str] = {}
    for part in parts:
        name, colon, value = part.partition(":")
        allowed = rules.base.get(name) or rules.others.get(name)
        if not colon or allowed is None:
            _refuse(vector, f"{part[:_SHOWN]!r} is no metric of version {rules.version}")
        if value not in allowed:
            _refuse(vector, f"{name} cannot be {value[:_SHOWN]!r}")
        if name in told:
            _refuse(vector, f"{name} is told twice")
        told[name] = value
    return told


def _refuse(vector: str, reason: str) -> NoReturn:
    raise CvssInvalid(vector=vector[:_SHOWN], reason=reason)
