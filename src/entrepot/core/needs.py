"""What a request needs to be allowed, as the tables of each service say it (core/permissions.py)."""

from collections.abc import Mapping
from typing import Final

import msgspec

ANY: Final = "*"
RESOURCE_TAG: Final = "aws:ResourceTag/{key}"
REQUEST_TAG: Final = "aws:RequestTag/{key}"
TAG_KEYS: Final = "aws:TagKeys"


class Needs(msgspec.Struct, frozen=True):
    """One action that a request needs, on what; `keys` beside those of every request; `when`, if not always."""

    action: str
    on: str
    keys: tuple[str, ...] = ()
    when: str = ""


Table = Mapping[str, tuple[Needs, ...]]
