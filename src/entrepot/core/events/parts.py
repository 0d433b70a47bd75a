"""What the door of EventBridge is given beside the metadata."""

from dataclasses import dataclass

from entrepot.core.events.connections import Keeping
from entrepot.core.events.target_kinds import Reachable
from entrepot.core.units import Units


@dataclass(frozen=True, slots=True)
class EventParts:
    """The database of events, where events can go, and what connections are checked and kept with."""

    units: Units
    reachable: Reachable
    keeping: Keeping
