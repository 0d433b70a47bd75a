"""Tags of trails."""

from collections.abc import Sequence
from dataclasses import dataclass

from entrepot.core import access
from entrepot.core.access import Caller
from entrepot.core.audit import trail_names, trails
from entrepot.core.audit.trail_names import SERVICE, TrailName
from entrepot.core.audit.trails import MOST_TAGS, Trail
from entrepot.core.resource_tags import check_tags, request_tags
from entrepot.core.resources import Resource, Tags
from entrepot.db import accounts
from entrepot.db import trails as rows
from entrepot.db.database import Transaction
from entrepot.errors import (
    TaggedResourceNotFound,
    TaggedResourceUnsupported,
    TrailArnInvalid,
    TrailTagsTooMany,
)

MOST_ARNS = 20
_NOT_TRAILS = ("eventdatastore", "channel", "dashboard")


@dataclass(frozen=True, slots=True)
class Tagged:
    """A trail's ARN with its tags, by key."""

    arn: str
    tags: Tags


def put(tx: Transaction, caller: Caller, arn: str, tags: Tags) -> None:
    """Set tags, all of them or none: TaggedResourceNotFound, ResourceTagInvalid, TrailTagsTooMany."""
    accounts.lock(tx, caller.principal.account)
    found = _require(tx, caller, "AddTags", arn, request_tags(tags))
    check_tags(tags)
    keys = {key for key, _ in rows.tags(tx, found.id)} | {key for key, _ in tags}
    if len(keys) > MOST_TAGS:
        raise TrailTagsTooMany(limit=MOST_TAGS)
    for key, value in tags:
        rows.put_tag(tx, found.id, key, value)
    trails.told(tx, caller, "AddTags", {"resourceId": arn, "tagsList": _shown(tags)})


def remove(tx: Transaction, caller: Caller, arn: str, tags: Tags) -> None:
    """Remove tags of these keys; absent ones are fine: TaggedResourceNotFound."""
    accounts.lock(tx, caller.principal.account)
    found = _require(tx, caller, "RemoveTags", arn, {"aws:tagkeys": tuple(key for key, _ in tags)})
    for key, _ in tags:
        rows.remove_tag(tx, found.id, key)
    trails.told(tx, caller, "RemoveTags", {"resourceId": arn, "tagsList": _shown(tags)})


def list_of(tx: Transaction, caller: Caller, arns: Sequence[str]) -> Sequence[Tagged]:
    """The tags of trails: TaggedResourceNotFound."""
    if not arns or len(arns) > MOST_ARNS:
        access.require(caller, "ListTags", Resource(caller.principal.account, "*", SERVICE))
    if len(arns) > MOST_ARNS:
        raise TaggedResourceNotFound(arn=f"More than {MOST_ARNS} ARNs at once: {arns[MOST_ARNS][:64]}")
    return [Tagged(arn, rows.tags(tx, _require(tx, caller, "ListTags", arn, access.NO_KEYS).id)) for arn in arns]


def _require(tx: Transaction, caller: Caller, operation: str, arn: str, keys: access.Keys) -> Trail:
    name = _parsed(arn)
    found = rows.find(tx, name.account, name.region, name.name)
    trails.allow(tx, caller, operation, name, found, keys)
    if found is None or found.region != caller.region:  # a trail is tagged in its home region
        raise TaggedResourceNotFound(arn=arn)
    return found


def _parsed(arn: str) -> TrailName:
    kind = arn.rpartition(":")[2].partition("/")[0]
    if arn.startswith("arn:aws:cloudtrail:") and kind in _NOT_TRAILS:
        raise TaggedResourceUnsupported(arn=arn[:256])
    if not arn.startswith("arn:"):
        raise TrailArnInvalid(arn=arn[:256])
    return trail_names.parse_arn(arn)


def _shown(tags: Tags) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in tags]
