"""Events that users send (EventBridge API reference, "PutEvents"): checked against the metadata, then taken by the
database of events, which makes them durable.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from entrepot.core.access import Caller
from entrepot.core.events import accepting, places
from entrepot.core.events.accepting import Envelope
from entrepot.db.database import Reader, Transaction
from entrepot.errors import EventInputInvalid
from entrepot.spec import strict_json
from entrepot.spec.event_arns import DEFAULT_BUS, BusKey
from entrepot.spec.event_ids import event_id
from entrepot.spec.moments import micros

LARGEST = 1024 * 1024  # bytes of all entries of a call
_DEEPEST = 64
_TIME_BYTES = 14


@dataclass(frozen=True, slots=True)
class Entry:
    """An event as it was sent; what is missing is ''."""

    bus: str = DEFAULT_BUS
    source: str = ""
    detail_type: str = ""
    detail: str = ""
    resources: tuple[str, ...] = ()
    time: datetime | None = None

    @property
    def size(self) -> int:
        """Its bytes, as EventBridge counts them."""
        texts = (self.source, self.detail_type, self.detail, *self.resources)
        return sum(len(text.encode()) for text in texts) + (0 if self.time is None else _TIME_BYTES)


@dataclass(frozen=True, slots=True)
class RefusedEntry:
    """An entry that is no event, or has no bus to go to."""

    code: str
    message: str


Checked = Sequence[Envelope | RefusedEntry]


def check(tx: Reader, caller: Caller, entries: Sequence[Entry]) -> Checked:
    """What becomes of each entry, in order, for a caller who may put all of them: EventInputInvalid when they are too
    large together.
    """
    buses = dict.fromkeys(entry.bus for entry in entries) or (DEFAULT_BUS,)
    found = {named: _bus(tx, caller, named, entries) for named in buses}
    if sum(entry.size for entry in entries) > LARGEST:
        raise EventInputInvalid(reason="Total size of the entries in the request is over the limit.")
    return [_checked(caller, entry, ordinal, found[entry.bus]) for ordinal, entry in enumerate(entries)]


def take(tx: Transaction, checked: Checked, at: datetime) -> None:
    """Take the events that passed the check, in a transaction of the events database."""
    for each in checked:
        if isinstance(each, Envelope):
            accepting.accept(tx, each, at=micros(at))


def _bus(tx: Reader, caller: Caller, named: str, entries: Sequence[Entry]) -> BusKey | None:
    """The bus of some entries, each of which the caller may put: AccessDenied; None for a bus that is not there."""
    key = places.bus_key(caller, named)
    there = False
    kinds = {(each.source, each.detail_type): None for each in entries if each.bus == named}
    for source, detail_type in kinds or {("", ""): None}:
        found = places.allow_bus(tx, caller, "PutEvents", key, _keys(source, detail_type))
        there = found is not None or (key.name == DEFAULT_BUS and key.region == caller.region)
    return key if there else None


def _keys(source: str, detail_type: str) -> Mapping[str, tuple[str, ...]]:
    keys = {"events:source": (source,), "events:detail-type": (detail_type,)}
    return {**{name: value for name, value in keys.items() if value[0]}, "events:eventbusinvocation": ("false",)}


def _checked(caller: Caller, entry: Entry, ordinal: int, bus: BusKey | None) -> Envelope | RefusedEntry:
    for name, value in (("Source", entry.source), ("DetailType", entry.detail_type), ("Detail", entry.detail)):
        if not value:
            return RefusedEntry(
                "InvalidArgument", f"Parameter {name} is not valid. Reason: {name} is a required argument."
            )
    if entry.source.startswith("aws."):
        return RefusedEntry("NotAuthorizedForSource", "Not authorized for the source.")
    if not _is_object(entry.detail):
        return RefusedEntry("MalformedDetail", "Detail is malformed.")
    if bus is None:
        return RefusedEntry("ResourceNotFoundException", f"Event bus {entry.bus} does not exist.")
    at = micros(caller.at)
    return Envelope(
        id=event_id(at, caller.request_id, "PutEvents", ordinal),
        detail_type=entry.detail_type,
        source=entry.source,
        account=caller.principal.account,
        region=caller.region,
        time=at if entry.time is None else micros(entry.time),
        resources=entry.resources,
        detail=msgspec.Raw(entry.detail.encode()),
        bus=bus.name,
        bus_account=bus.account,
        bus_region=bus.region,
    )


def _is_object(text: str) -> bool:
    """Whether a text is a JSON object that whoever reads it later can read."""
    try:
        return isinstance(strict_json.decode(text, _DEEPEST), dict) and isinstance(msgspec.json.decode(text), dict)
    except (ValueError, RecursionError, msgspec.MsgspecError):
        return False
