"""Event buses (EventBridge API reference, "CreateEventBus"): made, described, removed.

Not here: partner event sources, keys of KMS, and logs of a bus; what asks for them is refused.
"""

from dataclasses import dataclass
from datetime import datetime

from entrepot.core import access, named_principals
from entrepot.core.access import Caller
from entrepot.core.events import places, tagging
from entrepot.core.events.tagging import Tags
from entrepot.core.page import Page, cut
from entrepot.core.resource_tags import request_tags
from entrepot.db import event_buses as rows
from entrepot.db import event_rules as rule_rows
from entrepot.db.database import Reader, Transaction
from entrepot.db.event_records import Bus
from entrepot.errors import EventBusAlreadyExists, EventInputInvalid, EventQuotaExceeded
from entrepot.spec.event_arns import DEFAULT_BUS, BusKey

MOST_BUSES = 100


@dataclass(frozen=True, slots=True)
class ShownBus:
    """A bus as its readers see it: its policy with principals by ARN."""

    key: BusKey
    description: str
    policy: str | None
    created_at: datetime | None
    updated_at: datetime | None


def create(tx: Transaction, caller: Caller, name: str, description: str, tags: Tags) -> ShownBus:
    """Make a bus: EventBusAlreadyExists, EventQuotaExceeded; EventInputInvalid for names of partners' buses."""
    key = places.bus_key(caller, name)
    resource = places.bus_resource(tx, key, None)
    access.require(caller, "CreateEventBus", resource, request_tags(tags))
    tagging.allow_new(caller, resource, tags)
    if "/" in name or name.startswith("arn:"):
        raise EventInputInvalid(reason=f"Event bus name {name} is not valid: no partner event sources are here.")
    places.hold(tx, key.account)
    if name == DEFAULT_BUS or rows.find(tx, key) is not None:
        raise EventBusAlreadyExists(name=name)
    if rows.count(tx, key.account, key.region) >= MOST_BUSES:
        raise EventQuotaExceeded(quota="EventBuses", limit=MOST_BUSES)
    rows.put(tx, key, description, None, caller.at)
    tagging.add(tx, key.arn, tags)
    places.changed(
        tx, caller, "CreateEventBus", {"name": name, "description": description or None, "tags": dict(tags) or None}
    )
    return ShownBus(key, description, None, caller.at, caller.at)


def describe(tx: Reader, caller: Caller, named: str) -> ShownBus:
    """A bus by name or ARN: EventBusNotFound."""
    return _shown(tx, places.require_bus(tx, caller, "DescribeEventBus", places.bus_key(caller, named)))


def list_of(tx: Reader, caller: Caller, prefix: str, limit: int, after: str) -> Page[ShownBus]:
    """A page of the buses whose names begin so, by name; the default one among them."""
    places.allow_account(caller, "ListEventBuses")
    account, region = caller.principal.account, caller.region
    found = {bus.key.name: bus for bus in rows.page(tx, account, region, prefix, after, limit + 1)}
    if DEFAULT_BUS.startswith(prefix) and after < DEFAULT_BUS:
        found.setdefault(DEFAULT_BUS, Bus(BusKey(account, region, DEFAULT_BUS)))
    names = cut(sorted(found), limit, str)
    return Page(tuple(_shown(tx, found[name]) for name in names.items), names.after)


def update(tx: Transaction, caller: Caller, named: str, description: str | None) -> ShownBus:
    """Another description: EventBusNotFound."""
    key = places.bus_key(caller, named)
    places.hold(tx, key.account)
    found = places.require_bus(tx, caller, "UpdateEventBus", key)
    description = found.description if description is None else description
    rows.put(tx, key, description, found.policy, caller.at)
    places.changed(tx, caller, "UpdateEventBus", {"name": key.name, "description": description}, key.account)
    return _shown(tx, rows.find(tx, key) or found)


def delete(tx: Transaction, caller: Caller, name: str) -> None:
    """Remove a bus that has no rules; one that is not there is gone already: EventInputInvalid."""
    key = places.bus_key(caller, name)
    places.hold(tx, key.account)
    found = places.allow_bus(tx, caller, "DeleteEventBus", key)
    if name == DEFAULT_BUS:
        raise EventInputInvalid(reason=f"Cannot delete event bus {name}.")
    if rule_rows.count(tx, key):
        raise EventInputInvalid(reason=f"Event bus {name} cannot be deleted since it has rules.")
    if found is not None:
        rows.remove(tx, key)
        rows.remove_tags(tx, key.arn)
    places.changed(tx, caller, "DeleteEventBus", {"name": name})


def _shown(tx: Reader, found: Bus) -> ShownBus:
    policy = None if found.policy is None else named_principals.shown(tx, found.policy)
    return ShownBus(found.key, found.description, policy, found.created_at, found.updated_at)
