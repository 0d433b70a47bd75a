"""Requests with bounds: on time, on bytes, on redirects. Each hop is checked as the first was (OWASP, "Server-side
request forgery"); of the headers that the caller gave none goes to another origin but those that say what is wanted,
and only a GET follows redirects at all.
"""

import contextlib
import ssl
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from functools import cache
from pathlib import Path
from typing import Protocol

import aiohttp
from yarl import URL

from entrepot.outbound.destinations import Destinations
from entrepot.outbound.exchange import (
    Checked,
    Lookup,
    Response,
    exchange,
    parsed,
    requested,
    session,
    system_lookup,
    told,
)
from entrepot.outbound.faults import AnswerUnusable, DestinationForbidden
from entrepot.outbound.streams import Bounds, Download

TOTAL_SECONDS = 10.0
MOST_REDIRECTS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_HARMLESS = frozenset({"accept", "range"})
_REPEATABLE = frozenset({"GET", "HEAD"})
_NO_HEADERS: Mapping[str, str] = {}


class Sender(Protocol):
    """Sends a request and follows nothing."""

    async def send(
        self, method: str, url: str, *, most_bytes: int, body: bytes = b"", headers: Mapping[str, str] = _NO_HEADERS
    ) -> Response:
        """The answer, a redirect too, of at most so many bytes; the URL goes out as it is written: OutboundFault."""


class Outbound:
    """Sends requests, each over a connection of its own: they are few, and an idle server holds none. Who asks the same
    registries again and again has connections kept for what it reads, for as long as they are used; bodies that are
    sent, and what is asked of token services with POST, still go over their own.
    """

    def __init__(
        self,
        destinations: Destinations,
        authorities: Path | None = None,
        lookup: Lookup | None = None,
        total_seconds: float = TOTAL_SECONDS,
        most_kept: int = 0,
    ) -> None:
        """`authorities` is a file of certificates (PEM) that are trusted beside the system's. `most_kept` connections
        are open at a time, and kept for a while; with 0 none is. Who has them kept closes them in the end.
        """
        self.destinations = self._destinations = destinations
        self._total = total_seconds
        self._context = trusting(authorities)
        self._lookup = lookup or system_lookup
        self._most_kept = most_kept
        self._kept: dict[bool, aiohttp.ClientSession] = {}

    async def close(self) -> None:
        """Let go of the connections that are kept."""
        while self._kept:
            await self._kept.popitem()[1].close()

    async def get(self, url: str, *, most_bytes: int, headers: Mapping[str, str] | None = None) -> Response:
        """The answer to a GET, of at most so many bytes, after its redirects: OutboundFault."""
        start = parsed(url)
        async with told(start.host or "nobody", self._total):
            return await self._follow(start, most_bytes, dict(headers or {}))

    async def send(
        self, method: str, url: str, *, most_bytes: int, body: bytes = b"", headers: Mapping[str, str] = _NO_HEADERS
    ) -> Response:
        """As Sender says, over a connection of its own."""
        target = parsed(url, encoded=True)
        async with told(target.host or "nobody", self._total):
            return await self._once(method, target, headers, body, most_bytes)

    @contextlib.asynccontextmanager
    async def download(
        self, url: str, bounds: Bounds, headers: Mapping[str, str] = _NO_HEADERS
    ) -> AsyncIterator[Download]:
        """The answer to a GET after its redirects, whose body is still to be taken: OutboundFault."""
        at, given = parsed(url), dict(headers)
        for _ in range(MOST_REDIRECTS + 1):
            async with contextlib.AsyncExitStack() as stack:
                async with told(at.host or "nobody", self._total):
                    received = await self._opened(stack, at, given)
                location = received.headers.get("Location") if received.status in _REDIRECTS else None
                if location is None:
                    yield Download(received, bounds)
                    return
            at, given = _onwards(at, location, given)
        raise AnswerUnusable(f"{at.host} redirects more than {MOST_REDIRECTS} times")

    async def upload(
        self,
        method: str,
        url: str,
        pieces: AsyncIterable[bytes],
        size: int,
        *,
        bounds: Bounds,
        headers: Mapping[str, str] = _NO_HEADERS,
    ) -> Response:
        """Send a body of `size` bytes piece by piece, and follow nothing; the bounds are those of the answer, their
        seconds of all of it: OutboundFault.
        """
        target = parsed(url, encoded=True)
        self._destinations.check(target)
        given = {**headers, "Content-Length": str(size)}
        secure, body = target.scheme == "https", pieces if size else b""
        async with told(target.host or "nobody", bounds.seconds), self._session(1, secure=secure) as over:
            return await exchange(over, method, target, given, body, bounds.most_bytes)

    @contextlib.asynccontextmanager
    async def pool(self, most_connections: int) -> AsyncIterator[Sender]:
        """A Sender that keeps its connections for the next request, until the context is left."""
        sessions = {secure: self._session(most_connections, secure=secure) for secure in (True, False)}
        try:
            yield _Pool(self._destinations, sessions, self._total)
        finally:
            for each in sessions.values():
                await each.close()

    async def _follow(self, url: URL, most_bytes: int, headers: dict[str, str]) -> Response:
        for _ in range(MOST_REDIRECTS + 1):
            answer = await self._once("GET", url, headers, b"", most_bytes)
            location = answer.headers.get("Location") if answer.status in _REDIRECTS else None
            if location is None:
                return answer
            url, headers = _onwards(url, location, headers)
        raise AnswerUnusable(f"{url.host} redirects more than {MOST_REDIRECTS} times")

    async def _once(self, method: str, url: URL, headers: Mapping[str, str], body: bytes, most_bytes: int) -> Response:
        self._destinations.check(url)
        async with self._over(secure=url.scheme == "https", repeatable=method in _REPEATABLE) as over:
            return await exchange(over, method, url, headers, body, most_bytes)

    async def _opened(
        self, stack: contextlib.AsyncExitStack, url: URL, headers: Mapping[str, str]
    ) -> aiohttp.ClientResponse:
        """An answer that is closed with the stack, and its connection with it."""
        self._destinations.check(url)
        over = await stack.enter_async_context(self._over(secure=url.scheme == "https", repeatable=True))
        received = await stack.enter_async_context(requested(over, "GET", url, headers))
        stack.callback(received.close)
        return received

    @contextlib.asynccontextmanager
    async def _over(self, *, secure: bool, repeatable: bool) -> AsyncIterator[aiohttp.ClientSession]:
        """What a request goes over. A connection that is kept may be closed at the other end the moment that it is
        used: only what may be repeated goes over one.
        """
        if self._most_kept and repeatable:
            if secure not in self._kept:
                self._kept[secure] = self._session(self._most_kept, secure=secure)
            yield self._kept[secure]
            return
        async with self._session(1, secure=secure) as over:
            yield over

    def _session(self, most_connections: int, *, secure: bool) -> aiohttp.ClientSession:
        resolver = Checked(self._destinations, self._lookup, secure=secure)
        return session(resolver, self._context, most_connections)


class _Pool:
    """A connection that is kept goes where its name led when it was made, and only for requests to that name."""

    def __init__(
        self, destinations: Destinations, sessions: Mapping[bool, aiohttp.ClientSession], total: float
    ) -> None:
        self._destinations = destinations
        self._sessions = sessions
        self._total = total

    async def send(
        self, method: str, url: str, *, most_bytes: int, body: bytes = b"", headers: Mapping[str, str] = _NO_HEADERS
    ) -> Response:
        target = parsed(url, encoded=True)
        self._destinations.check(target)
        async with told(target.host or "nobody", self._total):
            over = self._sessions[target.scheme == "https"]
            return await exchange(over, method, target, headers, body, most_bytes)


def _onwards(url: URL, location: str, headers: dict[str, str]) -> tuple[URL, dict[str, str]]:
    """Where a redirect leads, and what the request there carries: DestinationForbidden."""
    following = url.join(parsed(location, encoded=True))
    if url.scheme == "https" and following.scheme != "https":
        raise DestinationForbidden(f"{url.host} redirects to an URL without TLS")
    if following.origin() == url.origin():
        return following, headers
    return following, {name: text for name, text in headers.items() if name.lower() in _HARMLESS}


@cache
def trusting(authorities: Path | None) -> ssl.SSLContext:
    """TLS that trusts the system's authorities and those of a file (PEM), read once: OSError, ssl.SSLError among them.

    Reading the system's takes long: the processes inherit what the first call read.
    """
    context = ssl.create_default_context()
    if authorities is not None:
        context.load_verify_locations(authorities)
    return context
