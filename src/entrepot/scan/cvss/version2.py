"""CVSS 2.0: metrics and the base equation. https://www.first.org/cvss/v2/guide (2, 3.2.1).

Exact, in whole numbers: weights are in thousandths.
"""

from collections.abc import Mapping
from typing import Final

_VECTOR: Final = {"L": 395, "A": 646, "N": 1000}
_COMPLEXITY: Final = {"H": 350, "M": 610, "L": 710}
_AUTHENTICATION: Final = {"M": 450, "S": 560, "N": 704}
_IMPACT: Final = {"N": 0, "P": 275, "C": 660}

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
    kept = (1000 - _IMPACT[told["C"]]) * (1000 - _IMPACT[told["I"]]) * (1000 - _IMPACT[told["A"]])
    impact = 1041 * (10**9 - kept)  # by 10^-11
    if not impact:
        return 0
    exploitability = 20 * _VECTOR[told["AV"]] * _COMPLEXITY[told["AC"]] * _AUTHENTICATION[told["Au"]]  # by 10^-9
    score = (6 * impact + 400 * exploitability - 15 * 10**11) * 1176  # by 10^-15
    return min((score + 5 * 10**13) // 10**14, 100)
