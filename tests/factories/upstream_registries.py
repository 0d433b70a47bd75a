"""Registries of somebody else on loopback: one that is honest, with tokens where it is told so, and what one that means
harm answers. Owns no assertions.
"""

import json
import re
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from itertools import count
from urllib.parse import parse_qs, urlsplit

from entrepot.outbound import Destinations, Outbound
from tests.factories.layouts import Image, Index
from tests.factories.origins import Answering, Origin, body

_DRIP_SECONDS = 0.05


class Names:
    """A resolver under a test's control: the same addresses of a name each time; names that it lacks are loopback's."""

    def __init__(self, addresses: Mapping[str, Sequence[str]] | None = None) -> None:
        self._addresses = dict(addresses or {})
        self.asked: list[str] = []

    async def __call__(self, host: str) -> Sequence[str]:
        self.asked.append(host)
        return self._addresses.get(host, ["127.0.0.1"])


@dataclass
class Connections:
    """How many connections the clients of a test keep, and those clients, which it closes in the end."""

    most_kept: int = 0
    clients: list[Outbound] = field(default_factory=list)

    async def close(self) -> None:
        """Close what is kept, and keep nothing more."""
        self.most_kept = 0
        while self.clients:
            await self.clients.pop().close()


connections = Connections()


def outbound(
    origin: Origin,
    *,
    hosts: Sequence[str] = ("localhost",),
    names: Names | None = None,
    token_services: Sequence[tuple[str, str]] = (),
    seconds: float = 10,
) -> Outbound:
    """A client that trusts the origin's authority and may go to these hosts."""
    allowed, kept = Destinations(hosts, (), token_services), connections.most_kept
    made = Outbound(allowed, origin.authority, names or Names(), seconds, kept)
    connections.clients.append(made)
    return made


@dataclass
class UpstreamRegistry:
    """An honest registry over an origin: what is `put` is there by tag and by digest, blobs by range too."""

    origin: Origin
    login: str = ""  # the Authorization header that its token service wants, '' for none
    guarded: bool = False
    life: int | None = None  # seconds that its tokens say they live
    tokens: set[str] = field(default_factory=set)
    realm: str = ""

    def put(self, name: str, content: Image | Index, tag: str | None = None) -> None:
        """Have an image, or an index and all below it."""
        for child in content.children if isinstance(content, Index) else ():
            self.put(name, child)
        for blob in content.blobs if isinstance(content, Image) else ():
            self.answer(f"/v2/{name}/blobs/{blob.digest}", ranged(blob.data))
        manifest = content.manifest
        told = body(manifest.data, Content_Type=manifest.media_type, Docker_Content_Digest=manifest.digest)
        for reference in (manifest.digest, *((tag,) if tag else ())):
            self.answer(f"/v2/{name}/manifests/{reference}", told)

    def answer(self, path: str, answering: Answering) -> None:
        """Answer this way at a path, to who may ask."""
        self.origin.answers[path] = self._for_holders(path, answering) if self.guarded else answering

    def guard(self, realm: str | None = None, path: str = "/token", *, issuing: bool = True) -> None:
        """From now on want tokens, of this realm or of an own service, for what is `put` after."""
        self.guarded = True
        self.realm = realm or self.origin.url(path)
        if issuing:
            self.origin.prefixes[path] = self._issue

    def _issue(self, handler: BaseHTTPRequestHandler) -> None:
        if self.login and handler.headers.get("Authorization") != self.login:
            body(b"{}", 401)(handler)
            return
        scope = parse_qs(urlsplit(handler.path).query).get("scope", [""])[0]
        token = f"{scope}|{secrets.token_hex(8)}".replace(" ", "")
        self.tokens.add(token)
        told = {"token": token} | ({"expires_in": self.life} if self.life else {})
        body(json.dumps(told).encode())(handler)

    def _for_holders(self, path: str, answering: Answering) -> Answering:
        name = re.sub(r"\A/v2/(.*)/(?:manifests|blobs|tags|referrers)/.*", r"\1", path)

        def answer(handler: BaseHTTPRequestHandler) -> None:
            token = handler.headers.get("Authorization", "").removeprefix("Bearer ")
            if token in self.tokens and token.startswith(f"repository:{name}:pull"):
                answering(handler)
                return
            asked = f'Bearer realm="{self.realm}",service="upstream",scope="repository:{name}:pull"'
            body(b'{"errors":[{"code":"UNAUTHORIZED"}]}', 401, WWW_Authenticate=asked)(handler)

        return answer


def ranged(content: bytes, *, most: int | None = None) -> Answering:
    """Answers with these bytes, from where it is asked to, but with no more than so many before the line breaks."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        start = first_byte(handler)
        part = {"Content_Range": f"bytes {start}-{len(content) - 1}/{len(content)}"} if start else {}
        cut_off(content[start:], most, 206 if start else 200, **part)(handler)

    return answer


def first_byte(handler: BaseHTTPRequestHandler) -> int:
    """Where the part begins that is asked for."""
    found = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
    return int(found[1]) if found else 0


def cut_off(content: bytes, most: int | None, status: int = 200, **headers: str) -> Answering:
    """Announces these bytes and sends no more than so many."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        _head(handler, status, {"Content_Length": str(len(content)), **headers})
        if handler.command != "HEAD":
            handler.wfile.write(content[:most])
        if most is not None and most < len(content):
            handler.close_connection = True

    return answer


def in_turn(*answers: Answering) -> Answering:
    """One answer after the other; the last one stays."""
    number = count()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        answers[min(next(number), len(answers) - 1)](handler)

    return answer


def endless(piece: bytes, **headers: str) -> Answering:
    """A body that never ends, as fast as it is taken."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        _head(handler, 200, {"Transfer_Encoding": "chunked", **headers})
        while True:
            handler.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))

    return answer


def dripping(origin: Origin, length: int) -> Answering:
    """A body of which a byte comes from time to time, until somebody leaves."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        _head(handler, 200, {"Content_Length": str(length)})
        _drip(origin, handler, b"x")

    return answer


def dripping_head(origin: Origin) -> Answering:
    """A head of which a line comes from time to time and that never ends."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        _drip(origin, handler, b"X-Waiting: yes\r\n")

    return answer


def endless_head() -> Answering:
    """A head of more lines than anybody needs."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            handler.wfile.write(b"X-More: of the same\r\n" * 1000)

    return answer


def _head(handler: BaseHTTPRequestHandler, status: int, headers: Mapping[str, str]) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()


def _drip(origin: Origin, handler: BaseHTTPRequestHandler, piece: bytes) -> None:
    ends = time.monotonic() + 30
    while not origin.closing.wait(_DRIP_SECONDS) and time.monotonic() < ends:
        handler.wfile.write(piece)
        handler.wfile.flush()
