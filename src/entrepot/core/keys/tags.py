"""AWS tags of keys (KMS API reference, "TagResource")."""

from collections.abc import Sequence

from entrepot.core import access
from entrepot.core.access import Caller
from entrepot.core.keys import places
from entrepot.core.keys.places import Asked
from entrepot.core.page import Page, cut
from entrepot.core.resource_tags import check_tags, request_tags
from entrepot.core.resources import Resource, Tags
from entrepot.db import keys as rows
from entrepot.db.database import Reader, Transaction
from entrepot.db.key_records import Key
from entrepot.errors import KeyTagInvalid, ResourceTagInvalid

MOST = 50


def list_of(tx: Reader, caller: Caller, given: str, limit: int, after: str) -> Page[tuple[str, str]]:
    """A page of a key's tags, by key: KeyNotFound."""
    key = places.require(tx, caller, given, Asked("ListResourceTags"))
    found = [pair for pair in rows.tags(tx, key.id) if pair[0] > after]
    return cut(found, limit, lambda pair: pair[0])


def put(tx: Transaction, caller: Caller, given: str, tags: Tags) -> None:
    """Set tags, all of them or none: KeyNotFound, KeyStateInvalid, KeyTagInvalid."""
    key = places.require_locked(tx, caller, given, Asked("TagResource", keys=request_tags(tags)))
    places.require_kept(key)
    check(tags)
    if len({name for name, _ in rows.tags(tx, key.id)} | {name for name, _ in tags}) > MOST:
        raise KeyTagInvalid(reason=f"A key may have {MOST} tags at most.")
    add(tx, key, tags)
    told = [{"tagKey": name, "tagValue": value} for name, value in tags]
    places.changed(tx, caller, "TagResource", {"keyId": given, "tags": told}, key.account)


def remove(tx: Transaction, caller: Caller, given: str, names: Sequence[str]) -> None:
    """Remove tags; absent ones are fine: KeyNotFound, KeyStateInvalid."""
    key = places.require_locked(tx, caller, given, Asked("UntagResource", keys={"aws:tagkeys": tuple(names)}))
    places.require_kept(key)
    if len(names) > MOST:
        raise KeyTagInvalid(reason=f"A key may have {MOST} tags at most.")
    for name in names:
        rows.remove_tag(tx, key.id, name)
    places.changed(tx, caller, "UntagResource", {"keyId": given, "tagKeys": list(names)}, key.account)


def allow_new(caller: Caller, resource: Resource, tags: Tags) -> None:
    """AccessDenied unless the caller may give tags to what it makes; KeyTagInvalid for tags that cannot be."""
    if tags:
        access.require(caller, "TagResource", resource, request_tags(tags))
    check(tags)


def check(tags: Tags) -> None:
    """KeyTagInvalid for too many tags, one that cannot be, or a key that stands twice."""
    try:
        check_tags(tags)
    except ResourceTagInvalid as wrong:
        raise KeyTagInvalid(reason=str(wrong)) from None
    if len(tags) > MOST:
        raise KeyTagInvalid(reason=f"A key may have {MOST} tags at most.")


def add(tx: Transaction, key: Key, tags: Tags) -> None:
    """Set tags that were checked."""
    for name, value in tags:
        rows.put_tag(tx, key.id, name, value)
