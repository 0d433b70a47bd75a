"""What is tidied in the audit database: small blocks are put together, old ones go. Each step is a short transaction,
so that neither holds up the audit job.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from entrepot.core.audit import store
from entrepot.core.units import BlockingUnits
from entrepot.db.database import Database
from entrepot.spec.moments import micros

_HOURS = 64
_BLOCKS = 4


class AuditUpkeep:
    """Compacts and expires blocks. Each of `readers` tells the sequence up to which it needs none as it is."""

    def __init__(self, audit: Database, days: float, readers: Sequence[Callable[[], int]] = ()) -> None:
        self._units = BlockingUnits(audit)
        self._days = days
        self._readers = readers

    def compact(self, now: datetime) -> int:
        """Put small blocks of an hour together; how many fewer there are."""
        passed = min([self._units.read(store.last), *(reader() for reader in self._readers)])
        gone = 0
        for account, region, hour in self._units.read(store.crowded, passed, micros(now), _HOURS):
            gone += self._units.write(store.put_together, account, region, hour, passed)
        return gone

    def expire(self, now: datetime) -> int:
        """Remove the blocks that are too old; how many records went."""
        before, gone = micros(now - timedelta(days=self._days)), 0
        while went := self._units.write(store.expire, before, _BLOCKS):
            gone += went
        return gone
