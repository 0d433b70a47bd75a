"""One process's journal of calls: each request that was answered becomes a record, without a write to the database."""

import asyncio
from typing import Protocol

from entrepot.core.access import Door
from entrepot.core.call_pages import Writing
from entrepot.core.calls import LARGEST, Common, Identity, Own, encode_common, encode_own, identity_of
from entrepot.core.principals import Principal
from entrepot.core.recent import Recent
from entrepot.http.exchange import Exchange
from entrepot.spec.moments import micros

_MOST_IDENTITIES = 4096
_FULL = 64 * 1024  # bytes of a page, which is not held on to any longer


# what calls have alike that have a `Common` in common: its fields but those of the caller, and in their place which
# principal it is, for as long as that is held on to
_Alike = tuple[str, str, str, str, str, str, Door, int, str, tuple[str, ...], bool, str, str, bool, int]


class Records(Protocol):
    """A journal."""

    def append(self, record: bytes) -> None:
        """Take a record; it never fails those who tell."""

    def flush(self) -> None:
        """Write what was taken."""


class Teller:
    """Writes the calls of one event loop to its journal, a page at a time; not thread-safe.

    A call is encoded at once: thousands of objects that are held on to are what the garbage collector walks through.
    """

    def __init__(self, journal: Records) -> None:
        self._journal = journal
        self._page = Writing()
        self._callers: list[Principal | None] = []  # of the page: none takes the identity of one that has gone
        self._identities: Recent[tuple[str, str], tuple[Principal, Identity]] = Recent(_MOST_IDENTITIES)

    def tell(
        self, exchange: Exchange, door: Door, *, head: bool, status: int, received: int, sent: int, seconds: float
    ) -> None:
        """Take a request down, unless its door has said nothing of it; `received` and `sent` are bytes of bodies."""
        telling = exchange.telling
        if not telling.service:
            return
        own = encode_own(
            Own(
                micros(exchange.at),
                received,
                sent,
                int(seconds * 1_000_000),
                exchange.request_id,
                telling.message,
                telling.parameters,
                telling.response,
            )
        )
        if self._page.size + len(own) > LARGEST:
            self._hand_over()
        key = _alike(exchange, door, head=head, status=status)
        if not self._page.add(key, own):
            self._callers.append(telling.principal)
            self._page.put(key, encode_common(self._common(key, telling.principal)))
            self._page.add(key, own)
        if self._page.size > _FULL:
            self._hand_over()

    def _common(self, alike: _Alike, who: Principal | None) -> Common:
        account, identity = (None, None) if who is None else (who.account, self._identity(who))
        return Common(*alike[:9], account, *alike[9:11], identity, alike[11], alike[12], alike[13])

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
        page, self._page, self._callers = self._page, Writing(), []
        if page.size:
            self._journal.append(page.page())

    def _identity(self, principal: Principal) -> Identity:
        key = (principal.id, principal.credential_id)
        known = self._identities.get(key)
        if known is not None and known[0] is principal:
            return known[1]
        identity = identity_of(principal)
        self._identities.put(key, (principal, identity))
        return identity


def _alike(exchange: Exchange, door: Door, *, head: bool, status: int) -> _Alike:
    telling = exchange.telling
    return (
        telling.service,
        telling.operation,
        telling.account,
        telling.region,
        telling.repository_id,
        telling.repository,
        door,
        status,
        telling.error,
        telling.pulled,
        head,
        exchange.source_ip,
        exchange.user_agent,
        exchange.secure,
        id(telling.principal),
    )
