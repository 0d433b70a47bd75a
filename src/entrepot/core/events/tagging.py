"""AWS tags of buses and rules (EventBridge API reference, "TagResource")."""

from collections.abc import Sequence

from entrepot.core import access
from entrepot.core.access import NO_KEYS, Caller, Keys
from entrepot.core.events import places
from entrepot.core.resource_tags import request_tags
from entrepot.core.resources import Resource
from entrepot.db import event_buses as rows
from entrepot.db import event_rules as rule_rows
from entrepot.db.database import Reader, Transaction
from entrepot.errors import EventInputInvalid, EventResourceNotFound
from entrepot.spec import event_arns
from entrepot.spec.event_arns import BusKey, EventKey

MOST_TAGS = 50
Tags = Sequence[tuple[str, str]]


def list_of(tx: Reader, caller: Caller, arn: str) -> tuple[tuple[str, str], ...]:
    """(key, value) pairs, by key."""
    _require(tx, caller, "ListTagsForResource", arn)
    return tuple(rows.tags(tx, arn))


def put(tx: Transaction, caller: Caller, arn: str, tags: Tags) -> None:
    """Set tags, all of them or none: EventInputInvalid."""
    key = _require(tx, caller, "TagResource", arn, request_tags(tags))
    check(tags)
    if len({name for name, _ in rows.tags(tx, arn)} | {name for name, _ in tags}) > MOST_TAGS:
        raise EventInputInvalid(reason=f"A resource cannot have more than {MOST_TAGS} tags.")
    add(tx, arn, tags)
    places.changed(tx, caller, "TagResource", {"resourceARN": arn, "tags": dict(tags)}, key.account)


def remove(tx: Transaction, caller: Caller, arn: str, names: Sequence[str]) -> None:
    """Remove tags; absent ones are fine."""
    key = _require(tx, caller, "UntagResource", arn, {"aws:tagkeys": tuple(names)})
    for name in names:
        rows.remove_tag(tx, arn, name)
    places.changed(tx, caller, "UntagResource", {"resourceARN": arn, "tagKeys": list(names)}, key.account)


def allow_new(caller: Caller, resource: Resource, tags: Tags) -> None:
    """AccessDenied unless the caller may give tags to what it makes; EventInputInvalid for tags that cannot be."""
    if tags:
        access.require(caller, "TagResource", resource, request_tags(tags))
    check(tags)


def add(tx: Transaction, arn: str, tags: Tags) -> None:
    """Set tags that were checked."""
    for name, value in tags:
        rows.put_tag(tx, arn, name, value)


def check(tags: Tags) -> None:
    """EventInputInvalid for too many tags, a key that stands twice or is reserved."""
    names = [name for name, _ in tags]
    if len(set(names)) != len(names):
        raise EventInputInvalid(reason="Tag keys must be unique.")
    if any(name.lower().startswith("aws:") for name in names):
        raise EventInputInvalid(reason="Tag keys that begin with aws: are reserved.")
    if len(names) > MOST_TAGS:
        raise EventInputInvalid(reason=f"A resource cannot have more than {MOST_TAGS} tags.")


def _require(tx: Reader, caller: Caller, operation: str, arn: str, keys: Keys = NO_KEYS) -> EventKey:
    key = event_arns.parse(arn)
    if key is None or key.kind not in {"event-bus", "rule"}:
        raise EventInputInvalid(reason="Parameter ResourceARN is not valid. Reason: it names neither a bus nor a rule.")
    bus, rule = (key.name, "") if key.kind == "event-bus" else key.rule
    place = BusKey(key.account, key.region, bus)
    if rule:
        found = rows.find(tx, place)
        access.require(caller, operation, places.rule_resource(tx, place, found, rule), keys)
        there = rule_rows.find(tx, place, rule) is not None and key.region == caller.region
    else:
        found = places.allow_bus(tx, caller, operation, place, keys)
        there = found is not None or (bus == event_arns.DEFAULT_BUS and key.region == caller.region)
    if not there:
        raise EventResourceNotFound(resource=f"{'Rule' if rule else 'EventBus'} {rule or bus}")
    return key
