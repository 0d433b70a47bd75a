"""Connections whose authorization server is still to be asked: each is asked once, and is AUTHORIZED or DEAUTHORIZED by
its answer.
"""

from collections.abc import Callable
from datetime import datetime

from entrepot.core.events.authorizations import Authorizations, Unauthorized
from entrepot.core.units import Units
from entrepot.db import event_buses, event_connections
from entrepot.db.database import Transaction
from entrepot.db.event_records import Connection
from entrepot.outbound import Sender

_STAMP_BITS = 63


class Authorizer:
    """Settles connections, as often as it is called."""

    def __init__(
        self,
        metadata: Units,
        authorizations: Authorizations,
        clock: Callable[[], datetime],
        new_stamp: Callable[[], int],
    ) -> None:
        self._metadata = metadata
        self._authorizations = authorizations
        self._clock = clock
        self._new_stamp = new_stamp

    async def settle(self, sender: Sender) -> int:
        """Ask for each connection that waits; how many."""
        waiting = await self._metadata.read(event_connections.authorizing)
        for connection in waiting:
            state, reason = "AUTHORIZED", ""
            try:
                await self._authorizations.ask(sender, connection)
            except Unauthorized as refused:
                state, reason = "DEAUTHORIZED", refused.failure.message
            await self._metadata.write(_settle, connection, state, reason, self._clock(), self._new_stamp())
        return len(waiting)


def _settle(tx: Transaction, connection: Connection, state: str, reason: str, at: datetime, stamp: int) -> None:
    authorized_at = at if state == "AUTHORIZED" else None
    if event_connections.settle(tx, connection, state, reason, authorized_at):
        event_buses.restamp(tx, connection.key.account, connection.key.region, stamp)
