"""Archives of buses (EventBridge API reference, "CreateArchive"): which events are kept, and for how long.

What is kept is in the database of events; here is only what was asked for.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from entrepot.core import access
from entrepot.core.access import Caller
from entrepot.core.events import patterns, places
from entrepot.core.page import Page
from entrepot.db import event_archives as rows
from entrepot.db import event_buses as bus_rows
from entrepot.db.database import Reader, Transaction
from entrepot.db.event_records import Archive
from entrepot.errors import (
    EventBusNotFound,
    EventInputInvalid,
)
from entrepot.spec.event_arns import BusKey, bus_of
from entrepot.spec.ulid import new_ulid

__all__ = ["Archive"]

MOST_ARCHIVES = 100
LONGEST_DAYS = 36_500


@dataclass(frozen=True, slots=True)
class ArchiveDraft:
    """What an archive is to be; None is the default of a new one, and what it was of one that is there."""

    name: str
    description: str | None = None
    pattern: str | None = None
    retention_days: int | None = None
    id: str = field(default_factory=new_ulid)


def create(tx: Transaction, caller: Caller, draft: ArchiveDraft, source_arn: str) -> Archive:
    """Keep a bus's events from now on: EventResourceAlreadyExists, EventBusNotFound, EventPatternInvalid,
    EventQuotaExceeded, EventInputInvalid.
    """
    key = places.own(caller, "archive", draft.name)
    access.require(caller, "CreateArchive", places.resource(caller, "archive", draft.name))
    bus = _bus(caller, source_arn)
    access.require(caller, "CreateArchive", places.bus_resource(tx, bus, bus_rows.find(tx, bus)))
    places.present(bus_rows.find(tx, bus), bus, caller.region)
    _check(draft)
    places.hold(tx, key.account)
    places.require_new(tx, rows.ARCHIVES, places.here(caller), draft.name, f"Archive {draft.name}")
    places.require_room(tx, rows.ARCHIVES, places.here(caller), "Archives", MOST_ARCHIVES)
    made = Archive(
        draft.id, key, bus.name, draft.description or "", draft.pattern, draft.retention_days or 0, caller.at
    )
    rows.add(tx, made)
    places.changed(tx, caller, "CreateArchive", {**_told(draft), "eventSourceArn": source_arn})
    return made


def describe(tx: Reader, caller: Caller, name: str) -> Archive:
    """An archive: EventResourceNotFound."""
    return _require(tx, caller, "DescribeArchive", name)


def list_of(tx: Reader, caller: Caller, prefix: str, source_arn: str | None, limit: int, after: str) -> Page[Archive]:
    """A page of the archives whose names begin so, of a bus if one is named, by name: EventBusNotFound."""
    places.allow_account(caller, "ListArchives")
    bus = None if source_arn is None else _bus(caller, source_arn)
    if bus is not None:
        places.present(bus_rows.find(tx, bus), bus, caller.region)

    def wanted(each: Archive) -> bool:
        return bus in {None, each.source}

    return places.page(tx, rows.ARCHIVES, places.here(caller), prefix, limit, after, wanted)


def update(tx: Transaction, caller: Caller, draft: ArchiveDraft) -> Archive:
    """Another description, pattern or time: EventResourceNotFound, EventPatternInvalid, EventInputInvalid."""
    places.hold(tx, caller.principal.account)
    found = _require(tx, caller, "UpdateArchive", draft.name)
    _check(draft)
    changed = replace(
        found,
        description=found.description if draft.description is None else draft.description,
        pattern=found.pattern if draft.pattern is None else draft.pattern,
        retention_days=found.retention_days if draft.retention_days is None else draft.retention_days,
    )
    rows.put(tx, changed)
    places.changed(tx, caller, "UpdateArchive", _told(draft))
    return changed


def delete(tx: Transaction, caller: Caller, name: str) -> None:
    """Remove an archive, and with it what it keeps: EventResourceNotFound."""
    places.hold(tx, caller.principal.account)
    found = _require(tx, caller, "DeleteArchive", name)
    rows.remove(tx, found.id)
    places.changed(tx, caller, "DeleteArchive", {"archiveName": name})


def _require(tx: Reader, caller: Caller, operation: str, name: str) -> Archive:
    return places.require(tx, caller, operation, rows.ARCHIVES, "archive", name, f"Archive {name}")


def _bus(caller: Caller, source_arn: str) -> BusKey:
    """A bus of the caller's own account and region."""
    bus = bus_of(source_arn)
    if bus is None:
        raise EventInputInvalid(reason="Parameter EventSourceArn is not valid. Reason: it is not that of an event bus.")
    if (bus.account, bus.region) != (caller.principal.account, caller.region):
        raise EventBusNotFound(name=bus.name)
    return bus


def _check(draft: ArchiveDraft) -> None:
    if draft.pattern is not None:
        patterns.check(draft.pattern)
    if draft.retention_days is not None and draft.retention_days > LONGEST_DAYS:
        raise EventInputInvalid(reason=f"Parameter RetentionDays is not valid. Reason: it is above {LONGEST_DAYS}.")


def _told(draft: ArchiveDraft) -> Mapping[str, object]:
    told = {
        "archiveName": draft.name,
        "description": draft.description,
        "eventPattern": draft.pattern,
        "retentionDays": draft.retention_days,
    }
    return {name: value for name, value in told.items() if value is not None}
