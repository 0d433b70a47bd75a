"""Replays of archives (EventBridge API reference, "StartReplay"): asked for, told of, and cancelled. A job replays."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from entrepot.core import access
from entrepot.core.access import Caller
from entrepot.core.events import places
from entrepot.core.page import Page
from entrepot.db import event_archives as rows
from entrepot.db import event_rules as rule_rows
from entrepot.db.database import Reader, Transaction
from entrepot.db.event_records import Archive, Replay
from entrepot.errors import (
    EventInputInvalid,
    EventQuotaExceeded,
    EventRuleNotFound,
    ReplayStateIllegal,
)
from entrepot.spec import event_arns
from entrepot.spec.event_arns import BusKey
from entrepot.spec.ulid import new_ulid

__all__ = ["Replay"]

MOST_AT_ONCE = 10
KEPT = timedelta(days=90)  # how long an ended one is told of
_STARTING = "STARTING"


@dataclass(frozen=True, slots=True)
class ReplayDraft:
    """What is to be replayed, and to which rules; of no filter, to all of the bus."""

    name: str
    description: str
    archive_arn: str
    bus_arn: str
    filter_arns: tuple[str, ...]
    from_at: datetime
    to_at: datetime
    id: str = field(default_factory=new_ulid)


def start(tx: Transaction, caller: Caller, draft: ReplayDraft) -> Replay:
    """Ask for a replay: EventResourceAlreadyExists, EventBusNotFound, EventRuleNotFound, EventQuotaExceeded,
    EventInputInvalid.
    """
    key = places.own(caller, "replay", draft.name)
    bus = places.bus_key(caller, draft.bus_arn)
    archive = event_arns.parse(draft.archive_arn)
    archive_name = archive.name if archive is not None and archive.kind == "archive" else ""
    access.require(caller, "StartReplay", places.resource(caller, "replay", draft.name))
    access.require(caller, "StartReplay", places.resource(caller, "archive", archive_name))
    places.require_bus(tx, caller, "StartReplay", bus)
    places.hold(tx, key.account)
    rows.forget_replays(tx, places.here(caller), caller.at - KEPT)
    found = _archive(tx, caller, draft, archive_name)
    _check(tx, draft, bus, found)
    places.require_new(tx, rows.REPLAYS, places.here(caller), draft.name, f"Replay {draft.name}")
    if rows.count_under_way(tx, places.here(caller)) >= MOST_AT_ONCE:
        raise EventQuotaExceeded(quota="ConcurrentReplays", limit=MOST_AT_ONCE)
    made = _made(caller, draft, found)
    rows.add_replay(tx, made)
    places.changed(tx, caller, "StartReplay", _told(draft))
    return made


def describe(tx: Reader, caller: Caller, name: str) -> Replay:
    """A replay: EventResourceNotFound."""
    return _require(tx, caller, "DescribeReplay", name)


def list_of(
    tx: Reader, caller: Caller, prefix: str, source_arn: str | None, state: str | None, limit: int, after: str
) -> Page[Replay]:
    """A page of the replays whose names begin so, of an archive or in a state if one is named, by name."""
    places.allow_account(caller, "ListReplays")
    archive = None if source_arn is None else event_arns.parse(source_arn)

    def wanted(each: Replay) -> bool:
        of_archive = source_arn is None or (archive is not None and archive.name == each.archive)
        return of_archive and state in {None, each.state}

    return places.page(tx, rows.REPLAYS, places.here(caller), prefix, limit, after, wanted)


def cancel(tx: Transaction, caller: Caller, name: str) -> Replay:
    """Ask for a replay's end: EventResourceNotFound, ReplayStateIllegal for one that has ended."""
    places.hold(tx, caller.principal.account)
    found = _require(tx, caller, "CancelReplay", name)
    if not rows.cancel_replay(tx, found.id):
        raise ReplayStateIllegal(name=name)
    places.changed(tx, caller, "CancelReplay", {"replayName": name})
    return replace(found, state="CANCELLING")


def _require(tx: Reader, caller: Caller, operation: str, name: str) -> Replay:
    return places.require(tx, caller, operation, rows.REPLAYS, "replay", name, f"Replay {name}")


def _archive(tx: Reader, caller: Caller, draft: ReplayDraft, name: str) -> Archive:
    found = rows.ARCHIVES.find(tx, places.here(caller), name)
    if found is None or found.key.arn != draft.archive_arn:
        raise EventInputInvalid(reason=f"Parameter EventSourceArn is not valid. Reason: Archive {name} does not exist.")
    return found


def _made(caller: Caller, draft: ReplayDraft, archive: Archive) -> Replay:
    return Replay(
        id=draft.id,
        key=places.own(caller, "replay", draft.name),
        description=draft.description,
        archive_id=archive.id,
        archive=archive.key.name,
        bus=archive.bus,
        filter_arns=draft.filter_arns,
        from_at=draft.from_at,
        to_at=draft.to_at,
        state=_STARTING,
        reason="",
        last_at=None,
        started_at=caller.at,
        ended_at=None,
    )


def _told(draft: ReplayDraft) -> Mapping[str, object]:
    return {
        "replayName": draft.name,
        "eventSourceArn": draft.archive_arn,
        "eventStartTime": draft.from_at.isoformat(),
        "eventEndTime": draft.to_at.isoformat(),
        "destination": {"arn": draft.bus_arn, "filterArns": list(draft.filter_arns)},
    }


def _check(tx: Reader, draft: ReplayDraft, bus: BusKey, archive: Archive) -> None:
    if archive.source != bus:
        raise EventInputInvalid(
            reason="Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted."
        )
    if draft.from_at >= draft.to_at:
        raise EventInputInvalid(
            reason="Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime."
        )
    for arn in draft.filter_arns:
        key = event_arns.parse(arn)
        name = key.rule[1] if key is not None else arn
        if bus.rule_arn(name) != arn or rule_rows.find(tx, bus, name) is None:
            raise EventRuleNotFound(name=arn, bus=bus.name)
