"""One client's connection: bounds how long a request's head may take, and answers a client that has finished sending.

RFC 9112, 9.5 and 9.6. Bytes that are no request are answered 400 and leave no trace in the log: anyone can send them.
"""

import asyncio

import msgspec
from aiohttp import StreamReader, web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_protocol import RequestHandler

_LONGEST_LINE = 16 * 1024
_READ_BUFFER = 256 * 1024


class Patience(msgspec.Struct, frozen=True):
    """Seconds: for a request's head from its first byte (of the first one: from the connection on); for an idle
    connection; for what is left of a body that was refused.
    """

    head: float = 30.0
    idle: float = 75.0
    refused_body: float = 10.0


class Connection(RequestHandler):
    """aiohttp's connection with those bounds."""

    def __init__(self, server: web.Server, loop: asyncio.AbstractEventLoop, patience: Patience) -> None:
        super().__init__(
            server,
            loop=loop,
            access_log=None,  # type: ignore[arg-type]  # what aiohttp documents for none
            auto_decompress=False,
            keepalive_timeout=patience.idle,
            lingering_time=patience.refused_body,
            max_line_size=_LONGEST_LINE,
            max_field_size=_LONGEST_LINE,
            read_bufsize=_READ_BUFFER,
        )
        self._patience = patience
        self._head_timer: asyncio.TimerHandle | None = None
        self._newest_body: StreamReader | None = None
        self.sends_no_more = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The head of the first request is awaited from now on."""
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Bytes after which no request is there to be handled are the beginning of a head."""
        super().data_received(data)
        if self._messages:
            self._newest_body = self._messages[-1][1]
        if self._waiter is None or self._waiter.done():
            self._forget_head()
        elif data and self._head_timer is None:
            self._await_head()

    def eof_received(self) -> bool:  # type: ignore[override]  # asyncio's protocol: true keeps the connection open
        """Keep the connection until a request that came whole is answered; TLS has no half-closed connections."""
        self.sends_no_more = True
        return self.ssl_context is None and self._holds_whole_request()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Nothing is awaited any more."""
        self._forget_head()
        super().connection_lost(exc)

    def log_exception(self, *args: object, **kw: object) -> None:
        """Only what went wrong on our side is worth a line."""
        if not isinstance(kw.get("exc_info"), HttpProcessingError | web.RequestPayloadError | ConnectionError):
            super().log_exception(*args, **kw)

    @property
    def is_last(self) -> bool:
        """Whether no request can follow those that have arrived, and none of them waits."""
        return self.sends_no_more and not self._messages

    def _process_keepalive(self) -> None:
        """A connection on which a head has begun is not idle."""
        if self._head_timer is None:
            super()._process_keepalive()
        else:
            self._keepalive_handle = None

    def _holds_whole_request(self) -> bool:
        handling = self._waiter is None or bool(self._messages)
        return handling and self._newest_body is not None and self._newest_body.is_eof()

    def _await_head(self) -> None:
        self._head_timer = self._loop.call_later(self._patience.head, self._give_up)

    def _forget_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _give_up(self) -> None:
        self._head_timer = None
        if self.transport is not None:
            self.transport.abort()
