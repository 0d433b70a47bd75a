"""GET with bounds: on time, on bytes, on redirects. Each hop is checked as the first was (OWASP, "Server-side request
forgery"); headers that the caller gave go to no other origin.
"""

import asyncio
import socket
import ssl
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from entrepot.outbound.destinations import Destinations
from entrepot.outbound.faults import AnswerUnusable, DestinationForbidden, DestinationUnreachable

Lookup = Callable[[str], Awaitable[Sequence[str]]]
TOTAL_SECONDS = 10.0
CONNECT_SECONDS = 5.0
MOST_REDIRECTS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_AGENT = "entrepot"


@dataclass(frozen=True, slots=True)
class Response:
    """An answer, whole; `url` is where it came from after redirects."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes


class Outbound:
    """Sends requests, each over a connection of its own: they are few, and an idle server holds none."""

    def __init__(
        self,
        destinations: Destinations,
        authorities: Path | None = None,
        lookup: Lookup | None = None,
        total_seconds: float = TOTAL_SECONDS,
    ) -> None:
        """`authorities` is a file of certificates (PEM) that are trusted beside the system's."""
        self._destinations = destinations
        self._total = total_seconds
        self._context = trusting(authorities)
        self._lookup = lookup or _system_lookup

    async def get(self, url: str, *, most_bytes: int, headers: Mapping[str, str] | None = None) -> Response:
        """The answer to a GET, of at most so many bytes: OutboundFault."""
        try:
            async with asyncio.timeout(self._total):
                return await self._follow(_parsed(url), most_bytes, dict(headers or {}))
        except TimeoutError:
            raise DestinationUnreachable(f"{_host(url)} does not answer within {self._total:g} seconds") from None
        except (aiohttp.ClientConnectionError, OSError) as fault:
            raise DestinationUnreachable(f"{_host(url)} cannot be reached: {_reason(fault)}") from None
        except (aiohttp.ClientError, ValueError) as fault:
            raise AnswerUnusable(f"{_host(url)} gives no usable answer: {type(fault).__name__}") from None

    async def _follow(self, url: URL, most_bytes: int, headers: dict[str, str]) -> Response:
        for _ in range(MOST_REDIRECTS + 1):
            answer, location = await self._once(url, most_bytes, headers)
            if location is None:
                return answer
            next_url = url.join(_parsed(location))
            if url.scheme == "https" and next_url.scheme != "https":
                raise DestinationForbidden(f"{url.host} redirects to an URL without TLS")
            if next_url.origin() != url.origin():
                headers = {}
            url = next_url
        raise AnswerUnusable(f"{url.host} redirects more than {MOST_REDIRECTS} times")

    async def _once(self, url: URL, most_bytes: int, headers: Mapping[str, str]) -> tuple[Response, str | None]:
        self._destinations.check(url)
        resolver = _Checked(self._destinations, self._lookup, secure=url.scheme == "https")
        sent = {"Accept-Encoding": "identity", "User-Agent": _AGENT, **headers}
        async with (
            _session(resolver, self._context) as session,
            session.get(url, headers=sent, allow_redirects=False) as received,
        ):
            location = received.headers.get("Location") if received.status in _REDIRECTS else None
            if location is not None:
                received.close()  # whatever its body is, nobody reads it
                return Response(str(url), received.status, received.headers, b""), location
            body = await _bounded(received, most_bytes)
            return Response(str(url), received.status, received.headers, body), None


def trusting(authorities: Path | None) -> ssl.SSLContext:
    """TLS that trusts the system's authorities and those of a file (PEM): OSError, ssl.SSLError among them."""
    context = ssl.create_default_context()
    if authorities is not None:
        context.load_verify_locations(authorities)
    return context


class _Checked(AbstractResolver):
    """Gives a connection those addresses only that it may go to."""

    def __init__(self, destinations: Destinations, lookup: Lookup, *, secure: bool) -> None:
        self._destinations = destinations
        self._lookup = lookup
        self._secure = secure

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a host as aiohttp takes them: DestinationForbidden."""
        found = self._destinations.permitted(host, await self._lookup(host), secure=self._secure)
        return [
            ResolveResult(hostname=host, host=address, port=port, family=_family(address), proto=0, flags=_NUMERIC)
            for address in found
            if family in {socket.AF_UNSPEC, _family(address)}
        ]

    async def close(self) -> None:
        """Nothing is held."""


_NUMERIC = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV


def _session(resolver: AbstractResolver, context: ssl.SSLContext) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(
        resolver=resolver,
        ssl=context,
        use_dns_cache=False,
        family=socket.AF_UNSPEC,
        enable_cleanup_closed=sys.version_info < (3, 12, 8),  # whose TLS waits long for peers that do not say goodbye
    )
    return aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT_SECONDS, sock_connect=CONNECT_SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
    )


async def _system_lookup(host: str) -> Sequence[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


async def _bounded(received: aiohttp.ClientResponse, most_bytes: int) -> bytes:
    """The body, which is refused as soon as it is known to be too long, or to need decompression."""
    if received.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise AnswerUnusable(f"{received.url.host} compresses its answer though it was asked not to")
    parts: list[bytes] = []
    room = most_bytes - (received.content_length or 0)
    if room >= 0:
        room = most_bytes
        async for part in received.content.iter_any():
            parts.append(part)
            room -= len(part)
            if room < 0:
                break
    if room < 0:
        received.close()
        raise AnswerUnusable(f"{received.url.host} answers with more than {most_bytes} bytes")
    return b"".join(parts)


def _parsed(url: str) -> URL:
    try:
        return URL(url)
    except ValueError:
        raise DestinationForbidden("that is no URL") from None


def _host(url: str) -> str:
    return URL(url).host or "nobody"


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def _reason(fault: Exception) -> str:
    """What kind of fault it is; of certificates and the system, their own words."""
    if isinstance(fault, aiohttp.ClientConnectorCertificateError):
        return str(fault.certificate_error)
    if isinstance(fault, OSError) and fault.strerror:
        return fault.strerror
    return type(fault).__name__
