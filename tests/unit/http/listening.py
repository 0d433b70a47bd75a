"""A server on a loopback socket with one door that echoes, and clients that speak bytes."""

import asyncio
import contextlib
import io
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import web

from entrepot.http import body
from entrepot.http.access_log import AccessLog
from entrepot.http.answer import Answer
from entrepot.http.connection import Patience
from entrepot.http.exchange import Exchange, Exchanges
from entrepot.http.server import HttpServer, Reply
from entrepot.http.telling import Teller
from entrepot.journal import Journal

AT = datetime(2026, 1, 1, tzinfo=UTC)
AWAIT_SECONDS = 10.0
QUICK = Patience(head=0.2, idle=0.5, refused_body=0.2)
SHORT_BODY = 0.2


class Echo:
    """Answers with method, path and body, which it reads once `hold_body` is set, when `open` is set; `failures` keeps
    what a body raised, `exchanges` what was handled, `protocol` the last connection that was. It fails at /broken.
    """

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.open.set()
        self.hold_body = asyncio.Event()
        self.hold_body.set()
        self.started = asyncio.Event()
        self.failed = asyncio.Event()
        self.failures: list[BaseException] = []
        self.exchanges: list[Exchange] = []
        self.protocol: Any = None

    async def handle(self, request: web.BaseRequest, exchange: Exchange) -> Reply:
        assert exchange.request_id
        self.exchanges.append(exchange)
        self.protocol = request.protocol
        if request.path == "/broken":
            raise RuntimeError("on purpose")
        await self.hold_body.wait()
        try:
            received = b"".join([chunk async for chunk in body.chunks(request, SHORT_BODY)])
        except BaseException as failure:
            self.failures.append(failure)
            self.failed.set()
            raise
        self.started.set()
        await self.open.wait()
        return Answer(200, {}, f"{request.method} {request.path} ".encode() + received)


class Counted:
    """Keeps the statuses of answered requests, unless it is broken."""

    def __init__(self) -> None:
        self.broken = False
        self.statuses: list[int] = []

    def request(self, method: str, status: int, seconds: float, size: int) -> None:
        if self.broken:
            raise RuntimeError("broken")
        assert method
        assert seconds >= 0
        assert size >= 0
        self.statuses.append(status)


class Client:
    """A connection to the server under test."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def end(self) -> None:
        """Send no more, but go on reading."""
        self._writer.write_eof()

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        """Status, headers (lower case) and body of one answer."""
        async with asyncio.timeout(AWAIT_SECONDS):
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
            data = await self._reader.readexactly(int(headers.get("content-length", "0")))
        return int(head[0].split()[1]), headers, data

    async def rest(self) -> bytes:
        """Everything until the server closes or resets the connection."""
        received = b""
        async with asyncio.timeout(AWAIT_SECONDS):
            with contextlib.suppress(ConnectionResetError):
                while data := await self._reader.read(65536):
                    received += data
        return received


class Site:
    """What a test talks to."""

    def __init__(self, port: int, door: Echo, counted: Counted) -> None:
        self.port = port
        self.door = door
        self.counted = counted

    @contextlib.asynccontextmanager
    async def client(self) -> AsyncIterator[Client]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            yield Client(reader, writer)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


@contextlib.asynccontextmanager
async def site(patience: Patience = QUICK) -> AsyncIterator[Site]:
    """A running server; both doors are one."""
    door, counted = Echo(), Counted()
    exchanges = Exchanges(public_url=None, trusted_proxies=(), bound="127.0.0.1:1", clock=lambda: AT)
    log = AccessLog(io.BytesIO(), enabled=False)
    server = HttpServer(
        oci=door,
        aws=door,
        pages={},
        exchanges=exchanges,
        access_log=log,
        metrics=counted,
        teller=Teller(Journal(Path("/nowhere"), "j")),  # which no file will take, and no door tells anything
        patience=patience,
    )
    listening = socket.create_server(("127.0.0.1", 0))
    await server.start([listening], None)
    try:
        yield Site(listening.getsockname()[1], door, counted)
    finally:
        door.open.set()
        await server.drain(0.0)
