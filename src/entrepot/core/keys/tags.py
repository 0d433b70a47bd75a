"""AWS tags of keys (KMS API reference, "TagResource")."""

from collections.abc import Sequence
from typing import Final

from entrepot.core import access
from entrepot.core.access import Caller
from entrepot.core.keys import places
from entrepot.core.keys.places import Asked
from entrepot.core.page import Page, cut
from entrepot.core.resource_tags import request_tags
from entrepot.core.resources import Resource, Tags
from entrepot.core.tag_rules import TagRules
from entrepot.db import keys as rows
from entrepot.db.database import Reader, Transaction
from entrepot.errors import KeyTagInvalid

_RULES: Final = TagRules("A key", 50)


def list_of(tx: Reader, caller: Caller, given: str, limit: int, after: str) -> Page[tuple[str, str]]:
    """A page of a key's tags, by key: KeyNotFound."""
    key = places.require(tx, caller, given, Asked("ListResourceTags"))
    found = [pair for pair in rows.tags(tx, key.id) if pair[0] > after]
    return cut(found, limit, lambda pair: pair[0])


def put(tx: Transaction, caller: Caller, given: str, tags: Tags) -> None:
    """Set tags, all of them or none: KeyNotFound, KeyStateInvalid, KeyTagInvalid."""
    key = places.require_locked(tx, caller, given, Asked("TagResource", keys=request_tags(tags)))
    places.require_kept(key)
    check(tags, rows.tags(tx, key.id))
    rows.put_tags(tx, key.id, tags)
    told = [{"tagKey": name, "tagValue": value} for name, value in tags]
    places.changed(tx, caller, "TagResource", {"keyId": given, "tags": told}, key.account)


def remove(tx: Transaction, caller: Caller, given: str, names: Sequence[str]) -> None:
    """Remove tags; absent ones are fine: KeyNotFound, KeyStateInvalid."""
    key = places.require_locked(tx, caller, given, Asked("UntagResource", keys={"aws:tagkeys": tuple(names)}))
    places.require_kept(key)
    if why := _RULES.excess_of(len(names)):
        raise KeyTagInvalid(reason=why)
    for name in names:
        rows.remove_tag(tx, key.id, name)
    places.changed(tx, caller, "UntagResource", {"keyId": given, "tagKeys": list(names)}, key.account)


def allow_new(caller: Caller, resource: Resource, tags: Tags) -> None:
    """AccessDenied unless the caller may give tags to what it makes; KeyTagInvalid for tags that cannot be."""
    if tags:
        access.require(caller, "TagResource", resource, request_tags(tags))
    check(tags)


def check(tags: Tags, had: Tags = ()) -> None:
    """KeyTagInvalid for tags that cannot be beside those that there are."""
    if why := _RULES.fault_of(tags, had):
        raise KeyTagInvalid(reason=why)
