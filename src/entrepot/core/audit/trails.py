"""Trails: create, read, change, delete (AWS CloudTrail API reference). A trail is changed in its home region; where it
logs all regions, the others show it too.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from entrepot.core import access, changes
from entrepot.core.access import NO_KEYS, Caller, Keys
from entrepot.core.audit import trail_names
from entrepot.core.audit.trail_names import SERVICE, TrailName
from entrepot.core.changes import Json
from entrepot.core.resource_tags import check_tags, request_tags
from entrepot.core.resources import Resource, Tags, no_tags
from entrepot.db import accounts
from entrepot.db import trails as rows
from entrepot.db.database import Transaction
from entrepot.db.trail_records import Trail
from entrepot.errors import (
    InsightsNotEnabled,
    InsightSourceUnclear,
    TrailAlreadyExists,
    TrailElsewhere,
    TrailNotFound,
    TrailsTooMany,
    TrailTagsTooMany,
)

__all__ = ["Trail"]

MOST = 5  # in a region
MOST_TAGS = 50


@dataclass(frozen=True, slots=True)
class TrailDraft:
    """What a trail is to be made of; `id` is made before the unit of work, which may run twice."""

    id: str
    name: str
    bucket: str
    prefix: str = ""
    multi_region: bool = False
    global_events: bool = True
    validated: bool = False
    tags: Tags = ()


@dataclass(frozen=True, slots=True)
class TrailChange:
    """What is to be another way; None leaves it as it is."""

    bucket: str | None = None
    prefix: str | None = None
    multi_region: bool | None = None
    global_events: bool | None = None
    validated: bool | None = None


def name_of(trail: Trail) -> TrailName:
    """A trail as its ARN names it."""
    return TrailName(trail.account, trail.region, trail.name)


def allow_create(caller: Caller, draft: TrailDraft) -> None:
    """AccessDenied unless the caller may make this trail, its tags included: TrailNameInvalid, BucketNameInvalid,
    BucketPrefixInvalid, ResourceTagInvalid, TrailTagsTooMany.
    """
    named = TrailName(caller.principal.account, caller.region, trail_names.checked(draft.name))
    keys = request_tags(draft.tags)
    access.require(caller, "CreateTrail", named.resource(), keys)
    if draft.tags:
        access.require(caller, "AddTags", named.resource(), keys)
    trail_names.checked_bucket(draft.bucket)
    trail_names.checked_prefix(draft.prefix)
    check_tags([(key, value) for key, value in draft.tags])
    if len(draft.tags) > MOST_TAGS:
        raise TrailTagsTooMany(limit=MOST_TAGS)


def create(tx: Transaction, caller: Caller, draft: TrailDraft) -> Trail:
    """A new trail, which logs nothing yet: what `allow_create` raises, TrailAlreadyExists, TrailsTooMany."""
    allow_create(caller, draft)
    account, region = caller.principal.account, caller.region
    accounts.lock(tx, account)
    if rows.find(tx, account, region, draft.name) is not None:
        raise TrailAlreadyExists(name=draft.name, account=account)
    if rows.count(tx, account, region) >= MOST:
        raise TrailsTooMany(account=account, limit=MOST, region=region)
    made = Trail(
        draft.id,
        account,
        region,
        draft.name,
        draft.bucket,
        trail_names.checked_prefix(draft.prefix),
        draft.multi_region,
        draft.global_events,
        caller.at if draft.validated else None,
        caller.at,
    )
    rows.add(tx, made)
    for key, value in draft.tags:
        rows.put_tag(tx, made.id, key, value)
    told(tx, caller, "CreateTrail", {**_settings(made), "tagsList": _shown(draft.tags)})
    return made


def allow_update(tx: Transaction, caller: Caller, named: str) -> None:
    """AccessDenied unless the caller may change this trail: TrailNotFound."""
    require(tx, caller, "UpdateTrail", named)


def update(tx: Transaction, caller: Caller, named: str, wanted: TrailChange) -> Trail:
    """Other settings: TrailNotFound, TrailElsewhere, BucketNameInvalid, BucketPrefixInvalid."""
    found = require_locked(tx, caller, "UpdateTrail", named)
    bucket = found.bucket if wanted.bucket is None else trail_names.checked_bucket(wanted.bucket)
    prefix = found.prefix if wanted.prefix is None else trail_names.checked_prefix(wanted.prefix)
    validated = found.validated_at is not None if wanted.validated is None else wanted.validated
    since = found.validated_at or caller.at
    changed = replace(
        found,
        bucket=bucket,
        prefix=prefix,
        multi_region=found.multi_region if wanted.multi_region is None else wanted.multi_region,
        global_events=found.global_events if wanted.global_events is None else wanted.global_events,
        validated_at=since if validated else None,
    )
    rows.change(tx, changed)
    told(tx, caller, "UpdateTrail", _settings(changed))
    return changed


def delete(tx: Transaction, caller: Caller, named: str) -> None:
    """Log nothing more, and be gone; what happened before is still delivered: TrailNotFound, TrailElsewhere."""
    found = require_locked(tx, caller, "DeleteTrail", named)
    rows.set_logging(tx, stopped(found, caller.at))
    rows.bury(tx, found.id, caller.at)
    told(tx, caller, "DeleteTrail", {"name": named})


def get(tx: Transaction, caller: Caller, named: str) -> Trail:
    """A trail: TrailNotFound."""
    return require(tx, caller, "GetTrail", named)


def describe(tx: Transaction, caller: Caller, names: Sequence[str], *, shadows: bool) -> Sequence[Trail]:
    """The trails of the caller's region, those of other homes that log it too where `shadows` are wanted; or those
    among `names` that there are: TrailArnInvalid, TrailNameInvalid.
    """
    access.require(caller, "DescribeTrails", Resource(caller.principal.account, "*", SERVICE))
    wanted = [trail_names.parse(caller, named) for named in names]
    here = [
        each for each in rows.list_of(tx, caller.principal.account) if each.region == caller.region or each.multi_region
    ]
    if not wanted:
        return [each for each in here if shadows or each.region == caller.region]
    return [each for name in wanted for each in here if name_of(each) == name]


def list_all(tx: Transaction, caller: Caller) -> Sequence[Trail]:
    """The account's trails, whatever their home."""
    access.require(caller, "ListTrails", Resource(caller.principal.account, "*", SERVICE))
    return rows.list_of(tx, caller.principal.account)


def every(tx: Transaction) -> Sequence[Trail]:
    """The trails of the deployment, for its operator."""
    return [each for each in rows.every(tx) if each.deleted_at is None]


def require_insights(tx: Transaction, caller: Caller, named: str | None, store: str | None) -> None:
    """InsightsNotEnabled for every trail: TrailNotFound, InsightSourceUnclear."""
    if (named is None) == (store is None):
        access.require(caller, "GetInsightSelectors", Resource(caller.principal.account, "*", SERVICE))
        raise InsightSourceUnclear
    found = require(tx, caller, "GetInsightSelectors", named or str(store))
    raise InsightsNotEnabled(name=found.name)


def require(tx: Transaction, caller: Caller, operation: str, named: str, keys: Keys = NO_KEYS) -> Trail:
    """The trail of a name or ARN: AccessDenied, then TrailNotFound; TrailArnInvalid, TrailNameInvalid."""
    name = trail_names.parse(caller, named)
    found = rows.find(tx, name.account, name.region, name.name)
    allow(tx, caller, operation, name, found, keys)
    if found is None:
        raise TrailNotFound(name=named, account=caller.principal.account)
    return found


def require_locked(tx: Transaction, caller: Caller, operation: str, named: str, keys: Keys = NO_KEYS) -> Trail:
    """`require` in its home region, held for a change: TrailElsewhere."""
    accounts.lock(tx, caller.principal.account)
    found = require(tx, caller, operation, named, keys)
    if found.region != caller.region:
        raise TrailElsewhere(name=found.name, home=found.region)
    return found


def allow(
    tx: Transaction, caller: Caller, operation: str, name: TrailName, found: Trail | None, keys: Keys = NO_KEYS
) -> None:
    """AccessDenied unless the caller may do this to the trail, which need not exist."""
    trail_id = None if found is None else found.id
    access.require(
        caller, operation, name.resource(no_tags if trail_id is None else lambda: rows.tags(tx, trail_id)), keys
    )


def stopped(trail: Trail, at: datetime) -> Trail:
    """The trail that logs no more from now on."""
    if not trail.logging:
        return trail
    periods = tuple((start, at if end is None else end) for start, end in trail.periods)
    return replace(trail, logging=False, stopped_at=at, periods=periods)


def told(tx: Transaction, caller: Caller, operation: str, parameters: Json) -> None:
    """Tell the audit of a change of a trail."""
    account = caller.principal.account
    changes.audit(tx, caller, operation, parameters, account=account, region=caller.region, service=SERVICE)


def _settings(trail: Trail) -> Json:
    return {
        "name": trail.name,
        "s3BucketName": trail.bucket,
        "s3KeyPrefix": trail.prefix,
        "includeGlobalServiceEvents": trail.global_events,
        "isMultiRegionTrail": trail.multi_region,
        "enableLogFileValidation": trail.validated_at is not None,
    }


def _shown(tags: Tags) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in tags]
