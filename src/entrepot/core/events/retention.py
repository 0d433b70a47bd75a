"""What archives keep no longer than they say: the job `retain` forgets older ones, and all of an archive that is gone,
a few at a time, so that nobody waits for it.
"""

from datetime import datetime, timedelta

from entrepot.core.units import BlockingUnits
from entrepot.db import archived_events, event_archives
from entrepot.spec.moments import micros

_BATCH = 500
_EVERYTHING = 2**62
_FOR_EVER = 0


class Retention:
    """Forgets what is over."""

    def __init__(self, metadata: BlockingUnits, events: BlockingUnits) -> None:
        self._metadata = metadata
        self._events = events

    def run(self, now: datetime) -> int:
        """How many events were forgotten."""
        archives = {archive.id: archive for archive in self._metadata.read(event_archives.list_all)}
        forgotten = 0
        for archive_id in self._events.read(archived_events.known):
            archive = archives.get(archive_id)
            if archive is None:
                forgotten += self._forget(archive_id, _EVERYTHING)
                self._events.write(archived_events.forget, archive_id)
            elif archive.retention_days != _FOR_EVER:
                forgotten += self._forget(archive_id, micros(now - timedelta(days=archive.retention_days)))
        return forgotten

    def _forget(self, archive_id: str, before: int) -> int:
        forgotten = 0
        while some := self._events.write(archived_events.remove_older, archive_id, before, _BATCH):
            forgotten += some
        return forgotten
