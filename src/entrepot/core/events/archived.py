"""How much archives keep."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from entrepot.db import archived_events
from entrepot.db.database import Reader
from entrepot.db.event_records import Archive


@dataclass(frozen=True, slots=True)
class Size:
    """Events, and their characters in all."""

    events: int
    characters: int


def sizes(tx: Reader, archives: Sequence[Archive]) -> Mapping[str, Size]:
    """What each of some archives keeps, by its id; in the database of events."""
    return {archive.id: Size(*archived_events.size(tx, archive.id)) for archive in archives}
