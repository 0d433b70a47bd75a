"""CVSS 3.0 and 3.1: metrics and the base equations. Exact, in whole numbers: weights are in hundredths.

They round differently, since 3.1 allows for numbers that are not exact; of base scores, both make the same.

https://www.first.org/cvss/v3.0/specification-document (8.1), https://www.first.org/cvss/v3.1/specification-document
(7.1, 7.4, appendix A).
"""

from collections.abc import Mapping
from typing import Final

_VECTOR: Final = {"N": 85, "A": 62, "L": 55, "P": 20}
_COMPLEXITY: Final = {"L": 77, "H": 44}
_PRIVILEGES: Final = {"N": 85, "L": 62, "H": 27}
_PRIVILEGES_CHANGED: Final = {"N": 85, "L": 68, "H": 50}
_INTERACTION: Final = {"N": 85, "R": 62}
_IMPACT: Final = {"H": 56, "L": 22, "N": 0}

_REQUIREMENT: Final = frozenset("XHML")
BASE: Final = {
    "AV": frozenset(_VECTOR),
    "AC": frozenset(_COMPLEXITY),
    "PR": frozenset(_PRIVILEGES),
    "UI": frozenset(_INTERACTION),
    "S": frozenset("UC"),
    "C": frozenset(_IMPACT),
    "I": frozenset(_IMPACT),
    "A": frozenset(_IMPACT),
}
OTHERS: Final = {
    "E": frozenset("XHFPU"),
    "RL": frozenset("XUWTO"),
    "RC": frozenset("XCRU"),
    "CR": _REQUIREMENT,
    "IR": _REQUIREMENT,
    "AR": _REQUIREMENT,
    **{f"M{name}": values | {"X"} for name, values in BASE.items()},
}
_WHOLE: Final = 10**94  # what a score of 1 is: the fifteenth power has 90 places, its weights have 4 more


def tenths_30(told: Mapping[str, str]) -> int:
    """The base score by 3.0: the least tenth that is not below it."""
    return _raised(_score(told), _WHOLE // 10)


def tenths_31(told: Mapping[str, str]) -> int:
    """The base score by 3.1: likewise, of what is first rounded to five places."""
    place = _WHOLE // 100_000
    return _raised((_score(told) + place // 2) // place, 10_000)


def _raised(number: int, unit: int) -> int:
    return -(-number // unit)


def _score(told: Mapping[str, str]) -> int:
    changed = told["S"] == "C"
    kept = (100 - _IMPACT[told["C"]]) * (100 - _IMPACT[told["I"]]) * (100 - _IMPACT[told["A"]])
    impact = _impact(10**6 - kept, changed=changed)
    if impact <= 0:
        return 0
    privileges = (_PRIVILEGES_CHANGED if changed else _PRIVILEGES)[told["PR"]]
    exploitability = 822 * _VECTOR[told["AV"]] * _COMPLEXITY[told["AC"]] * privileges * _INTERACTION[told["UI"]]
    total = impact + exploitability * 10**82  # by 10^-92
    return min((108 if changed else 100) * total, 10 * _WHOLE)


def _impact(base: int, *, changed: bool) -> int:
    """By 10^-92, of a base by 10^-6."""
    if not changed:
        return 642 * base * 10**84
    return 752 * (base - 29_000) * 10**84 - 325 * (base - 20_000) ** 15
