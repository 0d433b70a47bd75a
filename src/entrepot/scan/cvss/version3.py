"""CVSS 3.0 and 3.1: metrics and the base equations. Exact, in fractions.

They round differently, since 3.1 allows for numbers that are not exact; of base scores, both make the same.

https://www.first.org/cvss/v3.0/specification-document (8.1), https://www.first.org/cvss/v3.1/specification-document
(7.1, 7.4, appendix A).
"""

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Final

_VECTOR: Final = {"N": Fraction("0.85"), "A": Fraction("0.62"), "L": Fraction("0.55"), "P": Fraction("0.2")}
_COMPLEXITY: Final = {"L": Fraction("0.77"), "H": Fraction("0.44")}
_PRIVILEGES: Final = {"N": Fraction("0.85"), "L": Fraction("0.62"), "H": Fraction("0.27")}
_PRIVILEGES_CHANGED: Final = {"N": Fraction("0.85"), "L": Fraction("0.68"), "H": Fraction("0.5")}
_INTERACTION: Final = {"N": Fraction("0.85"), "R": Fraction("0.62")}
_IMPACT: Final = {"H": Fraction("0.56"), "L": Fraction("0.22"), "N": Fraction(0)}

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


def tenths_30(told: Mapping[str, str]) -> int:
    """The base score by 3.0: the least tenth that is not below it."""
    return math.ceil(_score(told) * 10)


def tenths_31(told: Mapping[str, str]) -> int:
    """The base score by 3.1: likewise, of what is first rounded to five places."""
    return math.ceil(Fraction(math.floor(_score(told) * 100_000 + Fraction(1, 2)), 10_000))


def _score(told: Mapping[str, str]) -> Fraction:
    changed = told["S"] == "C"
    impact = _impact(told, changed=changed)
    if impact <= 0:
        return Fraction(0)
    privileges = (_PRIVILEGES_CHANGED if changed else _PRIVILEGES)[told["PR"]]
    exploitability = (
        Fraction("8.22") * _VECTOR[told["AV"]] * _COMPLEXITY[told["AC"]] * privileges * _INTERACTION[told["UI"]]
    )
    return min((Fraction("1.08") if changed else 1) * (impact + exploitability), Fraction(10))


def _impact(told: Mapping[str, str], *, changed: bool) -> Fraction:
    base = 1 - (1 - _IMPACT[told["C"]]) * (1 - _IMPACT[told["I"]]) * (1 - _IMPACT[told["A"]])
    if not changed:
        return Fraction("6.42") * base
    return Fraction("7.52") * (base - Fraction("0.029")) - Fraction("3.25") * (base - Fraction("0.02")) ** 15
