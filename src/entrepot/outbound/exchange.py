"""One request and its answer over a session whose connections go to checked addresses only; faults have names."""

import asyncio
import contextlib
import socket
import ssl
import sys
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from entrepot.outbound.destinations import Destinations
from entrepot.outbound.faults import AnswerBroken, AnswerUnusable, DestinationForbidden, DestinationUnreachable

Lookup = Callable[[str], Awaitable[Sequence[str]]]
CONNECT_SECONDS = 5.0
_READ_BYTES = 1 << 20  # with the 64 KiB of aiohttp, a body that comes fast is stopped and started again all the time
_AGENT = "entrepot"
_NUMERIC = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV


@dataclass(frozen=True, slots=True)
class Response:
    """An answer, whole; `url` is where it came from after redirects."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes


class Checked(AbstractResolver):
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


def session(resolver: AbstractResolver, context: ssl.SSLContext, most_connections: int) -> aiohttp.ClientSession:
    """A session of at most so many connections, without proxy, cookies or anything of the environment."""
    connector = aiohttp.TCPConnector(
        resolver=resolver,
        ssl=context,
        use_dns_cache=False,
        family=socket.AF_UNSPEC,
        limit=most_connections,
        enable_cleanup_closed=sys.version_info < (3, 12, 8),  # whose TLS waits long for peers that do not say goodbye
    )
    return aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT_SECONDS, sock_connect=CONNECT_SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
        read_bufsize=_READ_BYTES,
    )


async def exchange(
    over: aiohttp.ClientSession,
    method: str,
    url: URL,
    headers: Mapping[str, str],
    body: bytes | AsyncIterable[bytes],
    most_bytes: int,
) -> Response:
    """Send and receive, whatever the status; a redirect's body is not read, for nobody needs it."""
    async with requested(over, method, url, headers, body) as received:
        if "Location" in received.headers and 300 <= received.status < 400:
            received.close()
            return Response(str(url), received.status, received.headers, b"")
        answer = await _bounded(received, most_bytes)
        return Response(str(url), received.status, received.headers, answer)


@contextlib.asynccontextmanager
async def requested(
    over: aiohttp.ClientSession,
    method: str,
    url: URL,
    headers: Mapping[str, str],
    body: bytes | AsyncIterable[bytes] = b"",
) -> AsyncIterator[aiohttp.ClientResponse]:
    """Send, and have the answer while its body is on its way."""
    sent = {"Accept-Encoding": "identity", "User-Agent": _AGENT, **headers}
    async with over.request(method, url, headers=sent, data=body or None, allow_redirects=False) as received:
        yield received


def require_plain(received: aiohttp.ClientResponse) -> None:
    """AnswerUnusable where a body would have to be decompressed."""
    if received.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise AnswerUnusable(f"{received.url.host} compresses its answer though it was asked not to")


@contextlib.asynccontextmanager
async def told(host: str, seconds: float) -> AsyncIterator[None]:
    """Gives up after so many seconds, and says what goes wrong as an OutboundFault that names the host only."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise DestinationUnreachable(f"{host} does not answer within {seconds:g} seconds") from None
    except (aiohttp.ClientConnectionError, OSError) as fault:
        raise DestinationUnreachable(f"{host} cannot be reached: {_reason(fault)}") from None
    except aiohttp.ClientPayloadError:
        raise AnswerBroken(f"{host} gives no usable answer: it breaks off") from None
    except (aiohttp.ClientError, ValueError) as fault:
        raise AnswerUnusable(f"{host} gives no usable answer: {type(fault).__name__}") from None


def parsed(url: str, *, encoded: bool = False) -> URL:
    """The URL of a text, one that is `encoded` already exactly as it stands: DestinationForbidden."""
    try:
        if encoded and not all("!" <= character <= "~" for character in url):
            raise DestinationForbidden("an URL is written in printable ASCII")
        return URL(url, encoded=encoded)
    except ValueError:
        raise DestinationForbidden("that is no URL") from None


async def system_lookup(host: str) -> Sequence[str]:
    """The addresses that the system knows of a name."""
    found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


async def _bounded(received: aiohttp.ClientResponse, most_bytes: int) -> bytes:
    """The body, which is refused as soon as it is known to be too long, or to need decompression."""
    require_plain(received)
    parts: list[bytes] = []
    announced = 0 if received.method == "HEAD" else received.content_length or 0
    room = most_bytes - announced
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


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def _reason(fault: Exception) -> str:
    """What kind of fault it is; of certificates and the system, their own words."""
    if isinstance(fault, aiohttp.ClientConnectorCertificateError):
        return str(fault.certificate_error)
    if isinstance(fault, OSError) and fault.strerror:
        return fault.strerror
    return type(fault).__name__
