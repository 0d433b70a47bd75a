"""Tags of alarms and dashboards: what is wrong with some, and how they are kept. Not authorised here."""

from collections.abc import Sequence
from typing import Final

from entrepot.db import dashboards as rows
from entrepot.db.database import Transaction

MOST_TAGS: Final = 50
_RESERVED: Final = "aws:"
Tags = Sequence[tuple[str, str]]


def fault(there: Tags, new: Tags) -> str | None:
    """Why new tags cannot be set beside those that are there; None when they can."""
    keys = [key for key, _ in new]
    if len(set(keys)) < len(keys):
        return "A tag key stands more than once"
    if any(key.lower().startswith(_RESERVED) for key in keys):
        return f"Tag keys that begin with {_RESERVED} are reserved"
    if len({key for key, _ in there} | set(keys)) > MOST_TAGS:
        return f"A resource has at most {MOST_TAGS} tags"
    return None


def put(tx: Transaction, account: str, arn: str, tags: Tags) -> None:
    """Set tags in which nothing is wrong."""
    for key, value in tags:
        rows.put_tag(tx, account, arn, key, value)
