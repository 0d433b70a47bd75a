"""The HTTP server of one worker: sockets in, doors out. No router: a request belongs to a door by its path.

The outermost handler: whatever goes wrong inside is logged with the request's id and answered with 500.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

import msgspec
import structlog
from aiohttp import web

from entrepot.http.access_log import AccessLog
from entrepot.http.answer import JSON, Answer, Sent, send
from entrepot.http.arriving_response import ArrivingResponse
from entrepot.http.blob_response import BlobResponse
from entrepot.http.connection import Connection, Patience
from entrepot.http.exchange import Exchange, Exchanges, as_text, target
from entrepot.http.spans import RequestSpans
from entrepot.http.telling import Teller

_LOG = structlog.get_logger()
INTERNAL = "ServerException"
_SETTLE_SECONDS = 0.1
_PATIENCE = Patience()


Reply = Answer | BlobResponse | ArrivingResponse


class Door(Protocol):
    """Answers the requests of one protocol."""

    async def handle(self, request: web.BaseRequest, exchange: Exchange) -> Reply:
        """The response; never raises a fact of the error tree."""


Pages = dict[str, Callable[[web.BaseRequest, Exchange], Awaitable[Answer]]]


class _Connections(web.Server):
    """Makes a Connection for each client."""

    def __init__(self, handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]], patience: Patience) -> None:
        super().__init__(handler)
        self._patience = patience

    def __call__(self) -> Connection:
        """What asyncio asks for with each connection."""
        return Connection(self, self._loop, self._patience)


class HttpServer:
    """Serves the doors on given sockets until it is drained."""

    def __init__(
        self,
        *,
        oci: Door,
        aws: Door,
        pages: Pages,
        trees: Pages | None = None,
        exchanges: Exchanges,
        access_log: AccessLog,
        metrics: "Meter",
        teller: Teller,
        spans: RequestSpans | None = None,
        patience: Patience = _PATIENCE,
    ) -> None:
        """`pages` are found by their whole path, `trees` by what their paths begin with."""
        self._oci = oci
        self._aws = aws
        self._pages = pages
        self._trees = trees or {}
        self._exchanges = exchanges
        self._log = access_log
        self._meter = metrics
        self._teller = teller
        self._spans = spans
        self._draining = False
        self._busy = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._servers: list[asyncio.Server] = []
        self._protocol = _Connections(self._handle, patience)

    async def start(self, sockets: Sequence[socket.socket], tls: ssl.SSLContext | None) -> None:
        """Accept connections."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(_failed)
        for listening in sockets:
            self._servers.append(await loop.create_server(self._protocol, sock=listening, ssl=tls, backlog=1024))

    async def drain(self, seconds: float) -> None:
        """Stop accepting, let running requests finish within `seconds`, then close what is left."""
        self._draining = True
        for server in self._servers:
            server.close()
        await asyncio.sleep(min(seconds, _SETTLE_SECONDS))  # what had arrived by then is a request under way too
        try:
            await asyncio.wait_for(self._idle.wait(), seconds)
        except TimeoutError:
            _LOG.warning("drain ended with requests under way", requests=self._busy)
        await self._protocol.shutdown(1.0)
        self._log.flush()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        began = time.perf_counter()
        exchange = self._exchanges.of(request)
        self._busy += 1
        self._idle.clear()
        reply: Reply | None = None
        try:
            reply = await self._answer(request, exchange)
            if isinstance(reply, Answer):
                return await send(request, reply, close=self._closes(request))
            if self._closes(request):
                reply.force_close()
            await reply.prepare(request)
            return reply
        except ConnectionError:  # the client is gone, or sends no more of its body
            if request.transport is not None:
                request.transport.abort()
            return Sent(keep_alive=False)
        finally:
            self._busy -= 1
            if not self._busy:
                self._idle.set()
            self._record(request, exchange, reply, time.perf_counter() - began)

    def _closes(self, request: web.BaseRequest) -> bool:
        connection = request.protocol
        return self._draining or (isinstance(connection, Connection) and connection.is_last)

    async def _answer(self, request: web.BaseRequest, exchange: Exchange) -> Reply:
        path = request.path
        try:
            if path == "/v2" or path.startswith("/v2/"):
                reply = await self._oci.handle(request, exchange)
            elif (page := self._pages.get(path) or self._below(path)) is not None:
                reply = await page(request, exchange)
            else:
                reply = await self._aws.handle(request, exchange)
        except ConnectionError:
            raise
        except Exception:  # noqa: BLE001 - the outermost handler
            _LOG.exception("request failed", request_id=exchange.request_id, method=request.method, path=path)
            exchange.telling.error = INTERNAL
            reply = failure(exchange)
        reply.headers["x-amzn-RequestId"] = exchange.request_id
        return reply

    def _below(self, path: str) -> Callable[[web.BaseRequest, Exchange], Awaitable[Answer]] | None:
        return next((page for beginning, page in self._trees.items() if path.startswith(beginning)), None)

    def _record(self, request: web.BaseRequest, exchange: Exchange, reply: Reply | None, seconds: float) -> None:
        status = reply.status if reply is not None else 499
        size = reply.size if reply is not None and request.method != "HEAD" else 0
        self._log.add(
            timestamp=exchange.at.isoformat(),
            request_id=exchange.request_id,
            source_ip=exchange.source_ip,
            method=request.method,
            path=as_text(target(request).partition("?")[0]),
            status=status,
            size=size,
            seconds=seconds,
            user_agent=exchange.user_agent,
        )
        self._meter.request(request.method, status, seconds, size)
        self._teller.tell(
            exchange,
            "oci" if request.path.startswith("/v2") else "aws",
            head=request.method == "HEAD",
            status=status,
            received=request.content.total_bytes,
            sent=size,
            seconds=seconds,
        )
        if self._spans is not None:
            self._spans.request(request, exchange, status, size, seconds)


def _failed(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What goes wrong beside every request; a client that does not speak TLS is not worth a line."""
    failure = context.get("exception")
    kind = failure if isinstance(failure, type) else type(failure)  # aiofastnet names a broken handshake by the class
    if "transport" not in context or not issubclass(kind, ssl.SSLError | ConnectionError):
        loop.default_exception_handler(context)


class Meter(Protocol):
    """Counts requests."""

    def request(self, method: str, status: int, seconds: float, size: int) -> None:
        """One request was answered."""


def failure(exchange: Exchange) -> Answer:
    """The answer to a request that failed for a reason of ours; says nothing of the inside."""
    message = f"internal error; request id {exchange.request_id}"
    body = {"errors": [{"code": "UNKNOWN", "message": message}], "__type": INTERNAL, "message": message}
    return Answer(500, dict(JSON), msgspec.json.encode(body))
