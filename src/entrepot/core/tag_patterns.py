"""Wildcards of image tags, as a filter of mutability has them and a filter of replication: `*` is any characters, also
none (ECR API reference, ImageTagMutabilityExclusionFilter). Pure.
"""

import re
from collections.abc import Sequence

from entrepot.errors import ParameterInvalid

MOST_WILDCARDS = 2
_FILTER = re.compile(r"[0-9a-zA-Z._*-]{1,128}")


def check(parameter: str, text: str) -> None:
    """ParameterInvalid for a text that no filter of ECR's can be."""
    if not _FILTER.fullmatch(text):
        reason = "Member must satisfy regular expression pattern: ^[0-9a-zA-Z._*-]{1,128}$"
        raise ParameterInvalid(parameter=f"{parameter}.filter", reason=reason)
    if text.count("*") > MOST_WILDCARDS:
        reason = f"Member must contain at most {MOST_WILDCARDS} wildcards (*)"
        raise ParameterInvalid(parameter=f"{parameter}.filter", reason=reason)


def matches(filters: Sequence[str], tag: str) -> bool:
    """Whether a tag is what any of the filters means."""
    return any(re.fullmatch(".*".join(re.escape(part) for part in text.split("*")), tag) for text in filters)
