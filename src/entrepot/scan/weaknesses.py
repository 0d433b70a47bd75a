"""Kinds of weaknesses that advisories name: identifiers of MITRE's list, in the order in which they are told.

https://cwe.mitre.org/ ; GitHub's records have them as `cwe_ids`, those of malicious packages as `cwes`, CSAF as `cwe`.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

_CWE: Final = re.compile(r"CWE-([1-9]\d{0,4})", re.ASCII)
_MOST: Final = 32


def of_osv(specific: object) -> Sequence[str]:
    """Those of a record's `database_specific`."""
    if not isinstance(specific, dict):
        return ()
    told = [each for key in ("cwe_ids", "cwes") if isinstance(specific.get(key), list) for each in specific[key]]
    return known(each.get("cweId") if isinstance(each, dict) else each for each in told)


def known(told: Iterable[object]) -> Sequence[str]:
    """What is an identifier of these, each once."""
    found = (each for each in told if isinstance(each, str) and _CWE.fullmatch(each))
    return tuple(dict.fromkeys(found))[:_MOST]


def number(cwe: str) -> int:
    """79 of `CWE-79`."""
    return int(cwe.removeprefix("CWE-"))
