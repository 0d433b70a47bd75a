"""A request's body, streamed: bounded, watched for progress, and asked for only when somebody wants it.

`100 Continue` is sent with the first read, so that authorisation and session checks come before a byte of the body.
"""

import asyncio
from collections.abc import AsyncIterator

from aiohttp import web

from entrepot.errors import LengthMismatch, RequestTooLarge

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_NO_PROGRESS_SECONDS = 60.0


def expects_body(request: web.BaseRequest) -> bool:
    """Whether the request announces a body that is not empty."""
    length = request.headers.get("Content-Length")
    if length is not None:
        return length.strip() != "0"
    return "Transfer-Encoding" in request.headers


async def chunks(request: web.BaseRequest, patience: float = _NO_PROGRESS_SECONDS) -> AsyncIterator[bytes]:
    """The body as it arrives: ConnectionResetError when the client goes away, or sends nothing for `patience` seconds;
    LengthMismatch.
    """
    if not expects_body(request):
        return
    if request.transport is None:  # aiohttp calls reading then a fault of ours
        raise ConnectionResetError("the client is gone")
    await _continue(request)
    content = request.content
    loop = asyncio.get_running_loop()
    received = 0

    timer: asyncio.TimerHandle

    def watch(before: int) -> None:
        nonlocal timer
        if received == before:
            content.set_exception(ConnectionResetError(f"no byte for {patience:.0f} s"))
        else:
            timer = loop.call_later(patience, watch, received)

    timer = loop.call_later(patience, watch, 0)
    try:
        while chunk := await content.readany():
            received += len(chunk)
            yield chunk
    except web.RequestPayloadError as error:
        raise ConnectionResetError("the body ended early") from error
    finally:
        timer.cancel()
    announced = request.headers.get("Content-Length")
    if announced is not None and announced.isdigit() and int(announced) != received:
        raise LengthMismatch(expected=int(announced), actual=received)


async def read(request: web.BaseRequest, limit: int, what: str) -> bytes:
    """The whole body, at most `limit` bytes: RequestTooLarge."""
    announced = request.headers.get("Content-Length", "")
    if announced.isdigit() and int(announced) > limit:
        raise RequestTooLarge(what=what, limit=limit)
    parts: list[bytes] = []
    size = 0
    async for chunk in chunks(request):
        size += len(chunk)
        if size > limit:
            raise RequestTooLarge(what=what, limit=limit)
        parts.append(chunk)
    return b"".join(parts)


async def _continue(request: web.BaseRequest) -> None:
    if request.headers.get("Expect", "").lower() == "100-continue" and request.transport is not None:
        request.transport.write(_CONTINUE)
