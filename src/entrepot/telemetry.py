"""Structured logs and shared metrics: how they are written; what is said and counted belongs to who says it.

Metrics of all processes over one data directory are kept in memory-mapped files there, so that any of them answers for
all, and a worker's restart loses nothing.
"""

import contextlib
import json
import logging
import os
import sys
from pathlib import Path
from typing import Any, BinaryIO, TextIO, cast

import msgspec
import structlog

_METRICS_BYTES = 512 * 1024  # twice what every method with every status takes
_ENCODER = msgspec.json.Encoder(enc_hook=str)


def configure_logging(*, as_json: bool, stream: TextIO | None = None) -> None:
    """Log lines on `stream` (stderr): JSON, one object a line, or text for people."""
    stream = stream or sys.stderr
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    rendered: list[structlog.typing.Processor]
    factory: structlog.BytesLoggerFactory | structlog.PrintLoggerFactory
    if as_json:
        rendered = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(serializer=_json)]
        factory = structlog.BytesLoggerFactory(cast("BinaryIO", _Unfailing(stream.buffer)))
    else:
        plain = structlog.dev.plain_traceback
        rendered = [structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=plain)]
        factory = structlog.PrintLoggerFactory(cast("TextIO", _Unfailing(stream)))
    structlog.configure(
        processors=[*shared, *rendered],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=factory,
        cache_logger_on_first_use=True,
    )


def wants_json(log_format: str, stream: TextIO | None = None) -> bool:
    """Whether log lines are JSON: `auto` writes text for people on a terminal."""
    return log_format == "json" or (log_format == "auto" and not (stream or sys.stderr).isatty())


def share_metrics(directory: Path, *, fresh: bool) -> None:
    """Keep every metric made from now on in `directory`; `fresh` forgets those of earlier runs.

    prometheus-client learns of it by its environment variable alone.
    """
    directory.mkdir(parents=True, exist_ok=True)
    if fresh:
        for file in directory.glob("*.db"):
            file.unlink(missing_ok=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(directory)


def count_here(room: int = _METRICS_BYTES) -> None:
    """Let this process, after its fork, count in memory that all share; its counters have `room` bytes."""
    from prometheus_client import values  # only servers count, and commands start the sooner

    pid = os.getpid()
    if _take_room_for_metrics(pid, room):
        # told its own process id, or it asks the kernel for it at each increment
        values.ValueClass = values.MultiProcessValue(lambda: pid)  # type: ignore[no-untyped-call]  # not annotated
    else:
        values.ValueClass = values.MutexValue  # counted by nobody until the process starts again


def _take_room_for_metrics(pid: int, room: int) -> bool:
    """Allocate the files that this process's counters will be mapped from; False when the volume has no room.

    prometheus-client maps sparse files: a write that a full volume cannot back would end the process (SIGBUS).
    """
    directory = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
    for kind, size in (("counter", room), ("histogram", _METRICS_BYTES), ("gauge_mostrecent", _METRICS_BYTES)):
        path = directory / f"{kind}_{pid}.db"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, size)
        except OSError:
            path.unlink()
            return False
        finally:
            os.close(descriptor)
    return True


class _Unfailing:
    """A stream whose writes never fail: a log that cannot be written must not fail what it tells of."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: Any) -> None:
        """Write, or lose it."""
        with contextlib.suppress(OSError):
            self._stream.write(text)

    def flush(self) -> None:
        """Flush, or lose it."""
        with contextlib.suppress(OSError):
            self._stream.flush()


def _json(event: object, **_: object) -> bytes:
    try:
        return _ENCODER.encode(event)
    except UnicodeEncodeError:  # what a request quotes need not be text
        return json.dumps(event, default=str).encode()
