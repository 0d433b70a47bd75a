"""Answers whose bytes are known: a door returns one, `send` writes it in one piece (RFC 9112).

Blobs are sent by http/blob_response.py.
"""

import time
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus

import msgspec
from aiohttp import HttpVersion10, web

AUTHORIZATION_MESSAGE = "x-entrepot-authorization-message"  # why a request was denied, sealed
JSON = {"Content-Type": "application/json"}
_REASONS = {status.value: status.phrase for status in HTTPStatus}
_WITHOUT_BODY = frozenset({204, 304})
_DRAIN_ABOVE = 64 * 1024


class Answer(msgspec.Struct):
    """Status, headers and body; for HEAD the Content-Length that a GET would have may be given as a header."""

    status: int = 200
    headers: dict[str, str] = {}
    body: bytes = b""

    @property
    def size(self) -> int:
        """Bytes of the body."""
        return len(self.body)


class Sent(web.StreamResponse):
    """Tells aiohttp that a request has been answered; it goes on with the connection, or closes it."""

    def __init__(self, *, keep_alive: bool) -> None:
        self._keep_alive = keep_alive

    async def prepare(self, _: web.BaseRequest) -> None:
        """Nothing is left to be sent."""

    async def write_eof(self, _: bytes = b"") -> None:
        """Nothing is left to be sent."""


async def send(request: web.BaseRequest, answer: Answer, *, close: bool) -> Sent:
    """Write head and body; `close` ends the connection after it. ConnectionResetError when the client is gone."""
    transport = request.transport
    if transport is None or transport.is_closing():
        raise ConnectionResetError("the client is gone")
    keep_alive = request.keep_alive and not close
    head = _head(answer, old=request.version == HttpVersion10, keep_alive=keep_alive)
    if answer.body and request.method != "HEAD" and answer.status not in _WITHOUT_BODY:
        transport.write(head + answer.body)
        if len(answer.body) > _DRAIN_ABOVE:
            await request.writer.drain()
    else:
        transport.write(head)
    return Sent(keep_alive=keep_alive)


def _head(answer: Answer, *, old: bool, keep_alive: bool) -> bytes:
    status = answer.status
    lines = [
        f"HTTP/1.{0 if old else 1} {status} {_REASONS.get(status, '')}",
        f"Date: {_date(int(time.time()))}",
        "Server: entrepot",
    ]
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    if status not in _WITHOUT_BODY and "Content-Length" not in answer.headers:
        lines.append(f"Content-Length: {len(answer.body)}")
    if not keep_alive:
        lines.append("Connection: close")
    elif old:
        lines.append("Connection: keep-alive")
    text = "\n".join(lines)
    if text.count("\n") != len(lines) - 1 or "\r" in text or "\0" in text:
        raise ValueError("a header of an answer holds a line break")
    return text.replace("\n", "\r\n").encode() + b"\r\n\r\n"


@lru_cache(maxsize=2)
def _date(seconds: int) -> str:
    return formatdate(seconds, usegmt=True)
