"""AWS tags on repositories (`resource_tag`, not to be confused with image tags).

Their characters are those of AWS's tagging rules: letters, numbers, separators and a few marks.
"""

import unicodedata
from collections.abc import Sequence

from entrepot.core import lookup
from entrepot.core.access import Caller
from entrepot.core.changes import Change
from entrepot.db import resource_tags as rows
from entrepot.db.database import Transaction
from entrepot.errors import ResourceTagInvalid, ResourceTagsTooMany
from entrepot.spec.repository import RepositoryKey

MOST_TAGS = 50
_LONGEST_KEY = 128
_LONGEST_VALUE = 256
_CATEGORIES = frozenset("LNZM")  # marks too: letters of many scripts are written with them
_PUNCTUATION = frozenset("_.:/=+-@")


def list_of(tx: Transaction, caller: Caller, key: RepositoryKey) -> tuple[tuple[str, str], ...]:
    """(key, value) pairs, by key."""
    return tuple(rows.list_of(tx, lookup.require(tx, caller, key, "ListTagsForResource").id))


def put(tx: Transaction, caller: Caller, key: RepositoryKey, tags: Sequence[tuple[str, str]]) -> None:
    """Set tags, all of them or none."""
    repository = lookup.require_locked(tx, caller, key, "TagResource", request_tags(tags))
    check_tags(tags)
    names = {name for name, _ in rows.list_of(tx, repository.id)} | {name for name, _ in tags}
    if len(names) > MOST_TAGS:
        raise ResourceTagsTooMany(limit=MOST_TAGS)
    for name, value in tags:
        rows.put(tx, repository.id, name, value)
    Change(tx, caller, repository).finish("TagResource", {"resourceArn": key.arn, "tags": dict(tags)})


def remove(tx: Transaction, caller: Caller, key: RepositoryKey, names: Sequence[str]) -> None:
    """Remove tags; absent ones are fine, those that cannot be are ResourceTagInvalid."""
    repository = lookup.require_locked(tx, caller, key, "UntagResource", {"aws:tagkeys": tuple(names)})
    for name in names:
        _check("tagKeys", name, 1, _LONGEST_KEY)
    for name in names:
        rows.remove(tx, repository.id, name)
    Change(tx, caller, repository).finish("UntagResource", {"resourceArn": key.arn, "tagKeys": list(names)})


def request_tags(tags: Sequence[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """The condition keys of tags that a request sets."""
    keys = {f"aws:requesttag/{name.lower()}": (value,) for name, value in tags}
    return {**keys, "aws:tagkeys": tuple(name for name, _ in tags)} if tags else {}


def check_tags(tags: Sequence[tuple[str, str]]) -> None:
    """ResourceTagInvalid for keys or values out of bounds or with other characters, or a key that stands twice."""
    seen: set[str] = set()
    for name, value in tags:
        _check("tags.Key", name, 1, _LONGEST_KEY)
        _check("tags.Value", value, 0, _LONGEST_VALUE)
        if name.lower().startswith("aws:"):
            _refuse("tags.Key", f"'{name}': keys that begin with aws: are reserved")
        if name in seen:
            _refuse("tags.Key", f"'{name}' stands more than once")
        seen.add(name)


def _check(parameter: str, text: str, least: int, most: int) -> None:
    if not least <= len(text) <= most:
        _refuse(parameter, f"Member must have length between {least} and {most}")
    for letter in text:
        if letter not in _PUNCTUATION and unicodedata.category(letter)[0] not in _CATEGORIES:
            _refuse(parameter, "only letters, numbers, spaces and _ . : / = + - @ are allowed")


def _refuse(parameter: str, reason: str) -> None:
    raise ResourceTagInvalid(parameter=parameter, reason=reason)
