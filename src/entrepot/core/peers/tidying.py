"""What is kept of peers and needed no more: calls that are too old to be made again, blobs that were collected."""

from collections.abc import Mapping
from datetime import datetime

from entrepot.core.units import BlockingUnits
from entrepot.db import peers
from entrepot.db.database import Database


class PeerTidying:
    """The job."""

    def __init__(self, database: Database, store: str) -> None:
        """`store` is the name of the store that peers bring blobs to."""
        self._units = BlockingUnits(database)
        self._store = store

    def run(self, now: datetime) -> Mapping[str, object]:
        """Forget what is over; how many calls."""
        if not self._units.read(peers.has_expired, now):  # an idle server writes nothing
            return {}
        return {"calls": self._units.write(peers.expire, self._store, now)}
