"""CVSS 2.0: metrics and the base equation. https://www.first.org/cvss/v2/guide (2, 3.2.1). Exact, in fractions."""

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Final

_VECTOR: Final = {"L": Fraction("0.395"), "A": Fraction("0.646"), "N": Fraction(1)}
_COMPLEXITY: Final = {"H": Fraction("0.35"), "M": Fraction("0.61"), "L": Fraction("0.71")}
_AUTHENTICATION: Final = {"M": Fraction("0.45"), "S": Fraction("0.56"), "N": Fraction("0.704")}
_IMPACT: Final = {"N": Fraction(0), "P": Fraction("0.275"), "C": Fraction("0.66")}

_REQUIREMENT: Final = frozenset({"ND", "L", "M", "H"})
BASE: Final = {
    "AV": frozenset(_VECTOR),
    "AC": frozenset(_COMPLEXITY),
    "Au": frozenset(_AUTHENTICATION),
    "C": frozenset(_IMPACT),
    "I": frozenset(_IMPACT),
    "A": frozenset(_IMPACT),
}
OTHERS: Final = {
    "E": frozenset({"ND", "U", "POC", "F", "H"}),
    "RL": frozenset({"ND", "OF", "TF", "W", "U"}),
    "RC": frozenset({"ND", "UC", "UR", "C"}),
    "CDP": frozenset({"ND", "N", "L", "LM", "MH", "H"}),
    "TD": frozenset({"ND", "N", "L", "M", "H"}),
    "CR": _REQUIREMENT,
    "IR": _REQUIREMENT,
    "AR": _REQUIREMENT,
}


def tenths(told: Mapping[str, str]) -> int:
    """The base score, rounded to the nearest tenth."""
    kept = (1 - _IMPACT[told["C"]]) * (1 - _IMPACT[told["I"]]) * (1 - _IMPACT[told["A"]])
    impact = Fraction("10.41") * (1 - kept)
    if not impact:
        return 0
    exploitability = 20 * _VECTOR[told["AV"]] * _COMPLEXITY[told["AC"]] * _AUTHENTICATION[told["Au"]]
    score = (Fraction("0.6") * impact + Fraction("0.4") * exploitability - Fraction("1.5")) * Fraction("1.176")
    return min(math.floor(score * 10 + Fraction(1, 2)), 100)
