"""CVSS 4.0: metrics and the base score, CVSS-B. Exact, in whole numbers.

https://www.first.org/cvss/v4.0/specification-document (7, 8): the scores of its MacroVectors and the depths of its
sets; of these, what a base score can meet. Without threat and environment E, CR, IR and AR are at their worst, so
EQ5 is 0 and EQ6 follows from EQ3; and nothing is S(afety), so EQ4 is not 0.
"""

from collections.abc import Mapping
from typing import Final

# how many steps a value lies below the worst
_STEPS: Final = {
    "AV": {"N": 0, "A": 1, "L": 2, "P": 3},
    "AC": {"L": 0, "H": 1},
    "AT": {"N": 0, "P": 1},
    "PR": {"N": 0, "L": 1, "H": 2},
    "UI": {"N": 0, "P": 1, "A": 2},
    **{name: {"H": 0, "L": 1, "N": 2} for name in ("VC", "VI", "VA", "SC", "SI", "SA")},
}
_IMPACTS: Final = ("VC", "VI", "VA", "SC", "SI", "SA")
_REQUIREMENT: Final = frozenset("XHML")
BASE: Final = {name: frozenset(steps) for name, steps in _STEPS.items()}
OTHERS: Final = {
    "E": frozenset("XAPU"),
    "CR": _REQUIREMENT,
    "IR": _REQUIREMENT,
    "AR": _REQUIREMENT,
    **{f"M{name}": values | {"X"} for name, values in BASE.items()},
    "MSI": frozenset("XSHLN"),
    "MSA": frozenset("XSHLN"),
    "S": frozenset("XNP"),
    "AU": frozenset("XNY"),
    "R": frozenset("XAUI"),
    "V": frozenset("XDC"),
    "RE": frozenset("XLMH"),
    "U": frozenset({"X", "Clear", "Green", "Amber", "Red"}),
}

# Tenths of the MacroVectors with EQ5 0: a row for each (EQ1, EQ2), a column for each (EQ4, EQ3 and EQ6).
_COLUMNS: Final = tuple((fourth, joint) for fourth in (1, 2) for joint in ("00", "01", "10", "11", "21"))
_ROWS: Final[Mapping[tuple[int, int], tuple[int, ...]]] = {
    (0, 0): (100, 96, 93, 92, 79, 93, 90, 88, 80, 69),
    (0, 1): (95, 91, 92, 82, 71, 92, 81, 84, 70, 63),
    (1, 0): (94, 89, 86, 76, 65, 87, 75, 72, 57, 53),
    (1, 1): (90, 77, 74, 59, 58, 77, 66, 61, 52, 23),
    (2, 0): (86, 74, 72, 57, 47, 70, 54, 53, 36, 24),
    (2, 1): (73, 55, 61, 51, 24, 54, 43, 46, 18, 10),
}
_MACRO: Final = {
    (*row, fourth, joint): tenths
    for row, values in _ROWS.items()
    for (fourth, joint), tenths in zip(_COLUMNS, values, strict=True)
}
_LOWER: Final = {"00": ("01", "10"), "10": ("11",), "21": ()}  # of EQ3 and EQ6, which go together
# The steps from the highest to the lowest vector of a set that has a lower set. EQ1 and EQ2 have one vector at 0, which
# has gone none.
_DEPTH1: Final = 4
_DEPTH36: Final = {"00": 7, "10": 8, "21": 10}
_DEPTH4: Final = 5
_WAY: Final = 280  # parts, which all depths divide


def tenths(told: Mapping[str, str]) -> int:
    """CVSS-B, rounded to the nearest tenth.

    From the MacroVector's score is taken, on average over the sets that have a lower one, that part of the way down
    which the vector has gone. All highest vectors of a set have equally many steps, so any may be measured from.
    """
    steps = {name: _STEPS[name][told[name]] for name in _STEPS}
    if all(steps[name] == 2 for name in _IMPACTS):
        return 0
    first, gone1 = _exploitability(steps)
    second = max(steps["AC"], steps["AT"])  # EQ2
    joint, gone36 = _vulnerable(steps)
    fourth, gone4 = _subsequent(steps)
    score = _MACRO[first, second, fourth, joint]
    ways = (
        (_MACRO.get((first + 1, second, fourth, joint)), gone1 * _WAY // _DEPTH1),
        (_MACRO.get((first, second + 1, fourth, joint)), 0),
        (
            max((_MACRO[first, second, fourth, each] for each in _LOWER[joint]), default=None),
            gone36 * _WAY // _DEPTH36[joint],
        ),
        (_MACRO.get((first, second, fourth + 1, joint)), gone4 * _WAY // _DEPTH4),
        (score, 0),  # of EQ5: there is a lower one, and E:A has gone no step towards it
    )
    parts = [(score - lower) * gone for lower, gone in ways if lower is not None]
    whole = len(parts) * _WAY
    return (2 * (score * whole - sum(parts)) + whole) // (2 * whole)


def _exploitability(steps: Mapping[str, int]) -> tuple[int, int]:
    """EQ1, and how far below the highest vectors of it."""
    told = (steps["AV"], steps["PR"], steps["UI"])
    level = 0 if not any(told) else 1 if steps["AV"] < 3 and 0 in told else 2
    return level, sum(told) - (0, 1, 3)[level]


def _vulnerable(steps: Mapping[str, int]) -> tuple[str, int]:
    """EQ3 and EQ6, which is 0 where anything is High."""
    told = (steps["VC"], steps["VI"], steps["VA"])
    if not steps["VC"] and not steps["VI"]:
        return "00", sum(told)
    return ("10", sum(told) - 1) if 0 in told else ("21", sum(told) - 3)


def _subsequent(steps: Mapping[str, int]) -> tuple[int, int]:
    """EQ4."""
    told = (steps["SC"], steps["SI"], steps["SA"])
    return (1, sum(told)) if 0 in told else (2, sum(told) - 3)
