"""Orders of numbers alone: Haskell's Data.Version (Hackage) and R's compareVersion() (CRAN, Bioconductor).

1.0 comes before 1.0.0: more numbers come behind fewer.
"""

import re
from typing import Final

from entrepot.scan.versions.text import Key, checked, refuse

_HACKAGE: Final = re.compile(r"([0-9]++(?:\.[0-9]++)*+)(?:-[0-9A-Za-z-]*+)?")  # tags no longer count
_R: Final = re.compile(r"[0-9]++(?:[.-][0-9]++)*+")
_DIGITS: Final = re.compile(r"[0-9]+")


def hackage(version: str) -> Key:
    """The numbers."""
    found = _HACKAGE.fullmatch(checked(version, "hackage"))
    if found is None:
        refuse(version, "hackage")
    return tuple(map(int, found[1].split(".")))


def r(version: str) -> Key:
    """The numbers, whether a dot or a hyphen stands between them."""
    text = checked(version, "r")
    if _R.fullmatch(text) is None:
        refuse(version, "r")
    return tuple(map(int, _DIGITS.findall(text)))
