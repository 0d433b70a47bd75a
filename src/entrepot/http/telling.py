"""One process's journal of calls: each request that was answered becomes a record, without a write to the database."""

import asyncio
from typing import Protocol

from entrepot.core.access import Door
from entrepot.core.calls import Call, Common, Identity, encode, identity_of, together
from entrepot.core.principals import Principal
from entrepot.core.recent import Recent
from entrepot.http.exchange import Exchange
from entrepot.spec.moments import micros

_MOST_IDENTITIES = 4096
_MOST_CALLS = 256
_LARGE = 16 * 1024  # a call of so many bytes is not held on to


class Records(Protocol):
    """A journal."""

    def append(self, record: bytes) -> None:
        """Take a record; it never fails those who tell."""

    def flush(self) -> None:
        """Write what was taken."""


class Teller:
    """Writes the calls of one event loop to its journal, some at a time; not thread-safe.

    A call is encoded at once: thousands of objects that are held on to are what the garbage collector walks through.
    """

    def __init__(self, journal: Records) -> None:
        self._journal = journal
        self._calls: list[bytes] = []
        self._identities: Recent[tuple[str, str], tuple[Principal, Identity]] = Recent(_MOST_IDENTITIES)

    def tell(
        self, exchange: Exchange, door: Door, *, head: bool, status: int, received: int, sent: int, seconds: float
    ) -> None:
        """Take a request down, unless its door has said nothing of it; `received` and `sent` are bytes of bodies."""
        telling = exchange.telling
        if not telling.service:
            return
        call = Call(
            micros(exchange.at),
            received,
            sent,
            int(seconds * 1_000_000),
            exchange.request_id,
            self._common(exchange, door, head=head, status=status),
            telling.message,
            telling.parameters,
            telling.response,
        )
        encoded = encode(call)
        self._calls.append(encoded)
        if len(self._calls) >= _MOST_CALLS or len(encoded) > _LARGE:
            self._hand_over()

    def _common(self, exchange: Exchange, door: Door, *, head: bool, status: int) -> Common:
        telling, who = exchange.telling, exchange.telling.principal
        return Common(
            telling.service,
            telling.operation,
            telling.account,
            telling.region,
            telling.repository_id,
            telling.repository,
            door,
            status,
            telling.error,
            None if who is None else who.account,
            telling.pulled,
            head,
            None if who is None else self._identity(who),
            exchange.source_ip,
            exchange.user_agent,
            exchange.secure,
        )

    def flush(self) -> None:
        """Write down what was told."""
        self._hand_over()
        self._journal.flush()

    async def flush_often(self, seconds: float) -> None:
        """Flush again and again: a killed process loses at most what it told of since the last time."""
        while True:
            await asyncio.sleep(seconds)
            self.flush()

    def _hand_over(self) -> None:
        calls, self._calls = self._calls, []
        for record in together(calls):
            self._journal.append(record)

    def _identity(self, principal: Principal) -> Identity:
        key = (principal.id, principal.credential_id)
        known = self._identities.get(key)
        if known is not None and known[0] is principal:
            return known[1]
        identity = identity_of(principal)
        self._identities.put(key, (principal, identity))
        return identity
