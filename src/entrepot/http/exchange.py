"""One request's circumstances: who sent it from where, under which host and scheme; forwarded headers only from proxies
that are trusted.
"""

import ipaddress
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from random import getrandbits

import msgspec
from aiohttp import web

from entrepot.core.calls import Telling

_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}(:\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:\d{1,5})?")
_LONGEST_AGENT = 512
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Exchange(msgspec.Struct, frozen=True, gc=False):
    """`host` is what the client addressed (lower case, with port); `hosts` all that it may have signed;
    `base_url` what answers are written with; `telling` is filled in by the door that answers.
    """

    request_id: str
    source_ip: str
    secure: bool
    host: str
    hosts: tuple[str, ...]
    base_url: str
    user_agent: str
    at: datetime
    telling: Telling = msgspec.field(default_factory=Telling)


class Exchanges:
    """Makes the Exchange of each request."""

    def __init__(
        self, *, public_url: str | None, trusted_proxies: Sequence[Network], bound: str, clock: Callable[[], datetime]
    ) -> None:
        self._public_url = public_url.rstrip("/") if public_url else None
        self._trusted = tuple(trusted_proxies)
        self._bound = bound
        self._clock = clock

    def of(self, request: web.BaseRequest) -> Exchange:
        """The circumstances of a request; a hostile Host counts as none."""
        headers = request.headers
        peer = request.transport.get_extra_info("peername") if request.transport else None
        source = str(peer[0]) if peer else ""
        secure = request.transport is not None and request.transport.get_extra_info("sslcontext") is not None
        host = _checked(headers.get("Host", "")) or self._bound
        hosts: tuple[str, ...] = (headers.get("Host", ""),)
        if self._trusted and self._is_trusted(source):
            source, secure, forwarded = self._forwarded(request, source, secure=secure)
            if forwarded:
                host, hosts = forwarded, (forwarded, *hosts)
        scheme = "https" if secure else "http"
        return Exchange(
            request_id=_uuid(),
            source_ip=source,
            secure=secure,
            host=host.lower(),
            hosts=hosts,
            base_url=self._public_url or f"{scheme}://{host}",
            user_agent=as_text(headers.get("User-Agent", "")[:_LONGEST_AGENT]),
            at=self._clock(),
        )

    def _forwarded(self, request: web.BaseRequest, source: str, *, secure: bool) -> tuple[str, bool, str]:
        """The client's address is the last one that no trusted proxy has."""
        chain = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
        for hop in reversed(chain):
            if not _is_address(hop):
                break
            source = hop
            if not self._is_trusted(hop):
                break
        proto = request.headers.get("X-Forwarded-Proto", "").lower()
        secure = proto == "https" if proto in ("http", "https") else secure
        return source, secure, _checked(request.headers.get("X-Forwarded-Host", "").partition(",")[0].strip())

    def _is_trusted(self, address: str) -> bool:
        return _is_address(address) and any(ipaddress.ip_address(address) in network for network in self._trusted)


def target(request: web.BaseRequest) -> str:
    """Path and query as they were sent; of an absolute-form target (RFC 9112, 3.2.2) without scheme and authority."""
    sent = request.raw_path
    if sent.startswith("/"):
        return sent
    rest = sent.partition("://")[2]
    starts = [at for at in map(rest.find, "/?#") if at >= 0]
    path = rest[min(starts) :] if starts else ""
    return path if path.startswith("/") else f"/{path}"


def as_text(received: str) -> str:
    """What may be written down: bytes of a header or path that are not UTF-8 are replaced."""
    return received if received.isascii() else received.encode("utf-8", "replace").decode()


def _uuid() -> str:
    """A random UUID (version 4) as text; uuid.uuid4 asks the kernel each time."""
    digits = f"{getrandbits(128):032x}"  # a name, no secret; each process is seeded anew after its fork
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


@lru_cache(maxsize=256)
def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=256)
def _checked(host: str) -> str:
    return host if _HOST.fullmatch(host) else ""
