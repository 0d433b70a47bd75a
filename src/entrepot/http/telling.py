"""One process's journal of calls: each request that was answered becomes a record, without a write to the database."""

import asyncio
from typing import Protocol

import msgspec

from entrepot.core.access import Door
from entrepot.core.call_pages import Writing
from entrepot.core.calls import LARGEST, Alike, Common, encode_common, encode_said, identity_of
from entrepot.core.principals import Principal
from entrepot.http.exchange import Exchange
from entrepot.spec.moments import micros

_FULL = 80 * 1024  # bytes of a page, which is not held on to any longer
_TOGETHER = 16  # calls: with the objects of many more, each batch would have the garbage collector look for cycles
_LARGE = 64 * 1024  # bytes of bodies, of which some may be held on to


# the fields of a `Common` before those of the caller
_Circumstances = tuple[str, str, str, str, str, str, Door, int, str, tuple[str, ...], bool, str, str, bool]


class Records(Protocol):
    """A journal."""

    def append(self, record: bytes) -> None:
        """Take a record; it never fails those who tell."""

    def flush(self) -> None:
        """Write what was taken."""


class Teller:
    """Writes the calls of one event loop to its journal, a page at a time; not thread-safe.

    Some calls are encoded together: between two requests the processor's caches have forgotten how, which makes one
    alone cost several times as much. Thousands of objects that were held on to are what the garbage collector would
    walk through.
    """

    def __init__(self, journal: Records) -> None:
        self._journal = journal
        self._waiting: list[tuple[Exchange, Door, bool, int, int, int, float]] = []
        self._page = Writing()
        self._callers: list[Principal] = []  # of the page: none takes the identity of one that has gone
        self._known: dict[str, Principal] = {}  # the last of those with a credential

    def tell(
        self, exchange: Exchange, door: Door, *, head: bool, status: int, received: int, sent: int, seconds: float
    ) -> None:
        """Take a request down, unless its door has said nothing of it; `received` and `sent` are bytes of bodies."""
        if not exchange.telling.service:
            return
        self._waiting.append((exchange, door, head, status, received, sent, seconds))
        if len(self._waiting) >= _TOGETHER or received + sent > _LARGE:
            self._write()

    def flush(self) -> None:
        """Write down what was told."""
        self._write()
        self._hand_over()
        self._journal.flush()

    async def flush_often(self, seconds: float) -> None:
        """Flush again and again: a killed process loses at most what it told of since the last time."""
        while True:
            await asyncio.sleep(seconds)
            self.flush()

    def _write(self) -> None:
        """Put what was told on pages."""
        waiting, self._waiting = self._waiting, []
        for exchange, door, head, status, received, sent, seconds in waiting:
            telling = exchange.telling
            said = encode_said(telling.message, telling.parameters, telling.response)
            if said is not None and self._page.size + len(said) > LARGEST:
                self._hand_over()
            caller = self._caller(telling.principal)
            circumstances = _circumstances(exchange, door, head=head, status=status)
            key = circumstances, telling.alike, id(caller)  # the page holds on to the caller, so no other has its id
            numbers = micros(exchange.at), received, sent, int(seconds * 1_000_000)
            if not self._page.add(key, numbers, exchange.request_id, said):
                self._page.put(key, encode_common(_common(circumstances, caller, telling.alike)))
                self._page.add(key, numbers, exchange.request_id, said)
            if self._page.size > _FULL:
                self._hand_over()

    def _hand_over(self) -> None:
        page, self._page, self._callers, self._known = self._page, Writing(), [], {}
        if page.size:
            self._journal.append(page.page())

    def _caller(self, principal: Principal | None) -> Principal | None:
        """The same object for principals that are equal: some requests bring one of their own."""
        if principal is None:
            return None
        known = self._known.get(principal.credential_id)
        if known is principal:
            return known
        if known is None or known != principal:
            self._callers.append(principal)
            self._known[principal.credential_id] = known = principal
        return known


def _common(circumstances: _Circumstances, who: Principal | None, alike: Alike | None) -> Common:
    account, identity = (None, None) if who is None else (who.account, identity_of(who))
    return Common(
        *circumstances, account, identity, None if alike is None else msgspec.to_builtins(alike, enc_hook=str)
    )


def _circumstances(exchange: Exchange, door: Door, *, head: bool, status: int) -> _Circumstances:
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
    )
