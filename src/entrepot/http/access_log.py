"""The access log: a line a request, as JSON or as text, written in batches off the hot path. No header and no query
is logged.
"""

import asyncio
import select
import stat
import sys
from collections.abc import Iterator
from os import fstat
from typing import BinaryIO

import msgspec

_FLUSH_SECONDS = 0.2
_MOST_LINES = 2048
_MOST_BYTES = 1024 * 1024


class _Line(msgspec.Struct):
    event: str
    timestamp: str
    request_id: str
    source_ip: str
    method: str
    path: str
    status: int
    bytes: int
    seconds: float
    user_agent: str


_ENCODER = msgspec.json.Encoder()


def _text(line: _Line) -> bytes:
    """For people: control characters of a path are escaped already, for it is shown as it was sent."""
    took = f"{line.seconds * 1000:.1f} ms"
    text = f"{line.timestamp} {line.source_ip} {line.method} {line.path} {line.status} {line.bytes} {took}"
    return text.encode("utf-8", "backslashreplace")


class AccessLog:
    """Buffers lines of one event loop; `flush` writes them in one call."""

    def __init__(self, stream: BinaryIO | None = None, *, enabled: bool = True, as_json: bool = True) -> None:
        self._enabled = enabled
        self._encode = _ENCODER.encode if as_json else _text
        self._stream = stream or sys.stderr.buffer
        self._most_bytes = select.PIPE_BUF if _is_pipe(self._stream) else _MOST_BYTES
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
            user_agent,
        )
        self._lines.append(self._encode(line))
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
            for chunk in _chunks(lines, self._most_bytes):
                self._stream.write(chunk)
                self._stream.flush()
        except OSError:
            return


def _chunks(lines: list[bytes], most_bytes: int) -> Iterator[bytes]:
    """Whole lines together, up to so many bytes: what fits into one write is not mixed with other processes' lines."""
    begin, size = 0, 0
    for number, line in enumerate(lines):
        if size and size + len(line) + 1 > most_bytes:
            yield b"\n".join(lines[begin:number]) + b"\n"
            begin, size = number, 0
        size += len(line) + 1
    yield b"\n".join(lines[begin:]) + b"\n"


def _is_pipe(stream: BinaryIO) -> bool:
    try:
        return stat.S_ISFIFO(fstat(stream.fileno()).st_mode)
    except OSError:
        return False
