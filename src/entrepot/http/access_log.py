"""The access log: one JSON line a request, written in batches off the hot path. No header and no query is logged."""

import asyncio
import sys
from typing import BinaryIO

import msgspec

_FLUSH_SECONDS = 0.2
_MOST_LINES = 2048


class _Line(msgspec.Struct, omit_defaults=True):
    event: str
    timestamp: str
    request_id: str
    source_ip: str
    method: str
    path: str
    status: int
    bytes: int
    seconds: float
    principal: str = ""
    user_agent: str = ""


_ENCODER = msgspec.json.Encoder()


class AccessLog:
    """Buffers lines of one event loop; `flush` writes them in one call."""

    def __init__(self, stream: BinaryIO | None = None, *, enabled: bool = True) -> None:
        self._enabled = enabled
        self._stream = stream or sys.stderr.buffer
        self._lines: list[bytes] = []
        self._timer: asyncio.TimerHandle | None = None

    def add(
        self,
        *,
        timestamp: str,
        request_id: str,
        source_ip: str,
        method: str,
        path: str,
        status: int,
        size: int,
        seconds: float,
        user_agent: str,
    ) -> None:
        """Remember a line."""
        if not self._enabled:
            return
        line = _Line(
            "request",
            timestamp,
            request_id,
            source_ip,
            method,
            path,
            status,
            size,
            round(seconds, 6),
            user_agent=user_agent,
        )
        self._lines.append(_ENCODER.encode(line))
        if len(self._lines) >= _MOST_LINES:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_FLUSH_SECONDS, self.flush)

    def flush(self) -> None:
        """Write what is buffered; a log that cannot be written never fails a request."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._lines:
            return
        lines, self._lines = self._lines, []
        try:
            self._stream.write(b"\n".join(lines) + b"\n")
            self._stream.flush()
        except OSError:
            return
