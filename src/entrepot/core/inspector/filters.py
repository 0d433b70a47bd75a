"""Filters over findings: kept under a name, and those of action SUPPRESS suppress what they match (Inspector user
guide, "Suppressing findings").

A change that has a say in what is suppressed is noted in its own unit; core/inspector/suppressing.py then decides anew.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from entrepot.core.access import NO_KEYS, Caller, Keys
from entrepot.core.inspector import criteria, places
from entrepot.core.inspector.criteria import Filters
from entrepot.core.page import Page, cut
from entrepot.core.resource_tags import request_tags
from entrepot.db import accounts
from entrepot.db import inspector_filters as rows
from entrepot.db import inspector_suppressing as suppressing
from entrepot.db.database import Transaction
from entrepot.db.inspector_setting_records import FilterRecord, filter_arn
from entrepot.errors import (
    InspectorFilterAlreadyExists,
    InspectorFilterNotFound,
    InspectorFiltersTooMany,
    InspectorFilterTagsInvalid,
    InspectorInputInvalid,
)
from entrepot.spec.repository import RegistryKey

__all__ = ["FilterChange", "FilterDraft", "FilterRecord", "create", "delete", "list_of", "update"]

SUPPRESS = "SUPPRESS"
MOST_FILTERS = 500  # Inspector's quota of suppression rules
MOST_TAGS = 50
_RESERVED = "aws:"
_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


@dataclass(frozen=True, slots=True)
class FilterDraft:
    """A filter that is to be made."""

    name: str
    action: str
    criteria: Mapping[str, Filters]
    description: str
    reason: str
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FilterChange:
    """What of a filter is to be another; None stays."""

    name: str | None
    action: str | None
    criteria: Mapping[str, Filters] | None
    description: str | None
    reason: str | None


def create(tx: Transaction, caller: Caller, draft: FilterDraft, most: int = MOST_FILTERS) -> FilterRecord:
    """Make a filter: InspectorFilterAlreadyExists, InspectorFiltersTooMany, InspectorFilterTagsInvalid."""
    registry, keys = places.registry(caller), request_tags(list(draft.tags.items()))
    places.require_filter(caller, "CreateFilter", places.ANY_FILTER, keys=keys)
    if draft.tags:
        places.require_filter(caller, "TagResource", places.ANY_FILTER, keys=keys)
    check_tags(draft.tags)
    accounts.lock(tx, registry.account)
    if rows.named(tx, registry, draft.name) is not None:
        raise InspectorFilterAlreadyExists(name=draft.name)
    if rows.count(tx, registry) >= most:
        raise InspectorFiltersTooMany(limit=most)
    made = FilterRecord(
        id=hashlib.sha256(f"filter/{caller.request_id}".encode()).hexdigest()[:16],
        registry=registry,
        name=draft.name,
        action=draft.action,
        description=draft.description,
        reason=draft.reason,
        criteria=criteria.encoded(draft.criteria),
        tags=draft.tags,
        owner=caller.principal.arn,
        created_at=caller.at,
        updated_at=caller.at,
    )
    rows.add(tx, made)
    if made.action == SUPPRESS:
        suppressing.begin(tx, registry, caller.at)
    places.told(tx, caller, "CreateFilter", {"name": made.name, "action": made.action, "arn": made.arn})
    return made


def update(tx: Transaction, caller: Caller, arn: str, change: FilterChange) -> FilterRecord:
    """Change a filter: InspectorFilterNotFound; InspectorInputInvalid where another has its new name."""
    registry = places.registry(caller)
    accounts.lock(tx, registry.account)
    before = require(tx, caller, "UpdateFilter", arn)
    new = replace(
        before,
        name=change.name or before.name,
        action=change.action or before.action,
        criteria=before.criteria if change.criteria is None else criteria.encoded(change.criteria),
        description=before.description if change.description is None else change.description,
        reason=before.reason if change.reason is None else change.reason,
        updated_at=caller.at,
    )
    if new.name != before.name and rows.named(tx, registry, new.name) is not None:
        raise InspectorInputInvalid(reason=f"A filter named {new.name} exists already; choose another name")
    rows.put(tx, new)
    if SUPPRESS in {before.action, new.action}:
        suppressing.begin(tx, registry, caller.at)
    places.told(tx, caller, "UpdateFilter", {"filterArn": arn, "name": new.name, "action": new.action})
    return new


def delete(tx: Transaction, caller: Caller, arn: str) -> None:
    """Remove a filter: InspectorFilterNotFound."""
    registry = places.registry(caller)
    accounts.lock(tx, registry.account)
    found = require(tx, caller, "DeleteFilter", arn)
    rows.remove(tx, found.id)
    if found.action == SUPPRESS:
        suppressing.begin(tx, registry, caller.at)
    places.told(tx, caller, "DeleteFilter", {"arn": arn})


def list_of(
    tx: Transaction, caller: Caller, arns: Sequence[str], action: str | None, limit: int, after: str = ""
) -> Page[FilterRecord]:
    """Filters in the order of their ids; of these ARNs, or with this action, where such are given."""
    registry = places.require(caller, "ListFilters")
    found = [
        each
        for each in rows.page(tx, registry, after, MOST_FILTERS)
        if (not arns or each.arn in arns) and action in (None, each.action)
    ]
    return cut(found, limit, lambda each: each.id)


def check_tags(tags: Mapping[str, str]) -> None:
    """InspectorFilterTagsInvalid for too many, or a key that is reserved."""
    if len(tags) > MOST_TAGS:
        raise InspectorFilterTagsInvalid(reason=f"A filter cannot have more than {MOST_TAGS} tags")
    if any(key.lower().startswith(_RESERVED) for key in tags):
        raise InspectorFilterTagsInvalid(reason=f"Tag keys that begin with {_RESERVED} are reserved")


def _id_of(registry: RegistryKey, arn: str) -> str:
    """The id in a filter's ARN; empty where it is none of this account and region."""
    before = filter_arn(registry, "")
    found = arn.removeprefix(before) if arn.startswith(before) else ""
    return found if _ID.fullmatch(found) else ""


def require(tx: Transaction, caller: Caller, operation: str, arn: str, keys: Keys = NO_KEYS) -> FilterRecord:
    """The filter of an ARN, for one who may do this to it: AccessDenied, InspectorFilterNotFound."""
    registry = places.registry(caller)
    filter_id = _id_of(registry, arn)
    found = rows.find(tx, registry, filter_id) if filter_id else None
    places.require_filter(caller, operation, filter_id or "none", found, keys)
    if found is None:
        raise InspectorFilterNotFound(arn=arn)
    return found
