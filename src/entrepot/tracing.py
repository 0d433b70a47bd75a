"""Traces of requests and jobs for a collector, as OpenTelemetry spans over OTLP (HTTP); "HTTP spans" of the semantic
conventions. A span carries what the access log says and the operation's name: no header, no query, no parameter.

Needs the extra `otel`, of which nothing is imported unless tracing is on. A collector that is away costs spans, and
nothing else.
"""

import importlib
import logging
import os
import threading
import time
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import structlog

_PATH = "/v1/traces"
_QUEUE = 4096
_BATCH = 512
_EVERY_MILLIS = 1000
_EXPORT_SECONDS = 5.0
_CLOSE_SECONDS = 2.0
_MICROS = 1_000_000
_QUIET_SECONDS = 60.0
_LONGEST = 512  # characters of an attribute
_log = structlog.get_logger()


def is_installed() -> bool:
    """Whether the extra is there."""
    try:
        importlib.import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
    except ImportError:
        return False
    return True


class Tracing:
    """The spans of one process, made after its fork: sending has a thread of its own."""

    def __init__(self, endpoint: str, ratio: float, process: str) -> None:
        """`ratio` of the traces that begin here are sent; whether others are, their callers have decided."""
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import SpanLimits, TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
        from opentelemetry.trace import SpanKind, Status, StatusCode
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        _redirect_log()
        about = {
            "service.name": "entrepot",
            "service.version": version("entrepot"),
            "service.instance.id": f"{process}.{os.getpid()}",
        }
        self._provider = TracerProvider(
            sampler=ParentBased(TraceIdRatioBased(ratio)),
            resource=Resource.create(about),
            shutdown_on_exit=False,
            span_limits=SpanLimits(max_span_attribute_length=_LONGEST),
        )
        self._exporter = OTLPSpanExporter(f"{endpoint.rstrip('/')}{_PATH}", timeout=_EXPORT_SECONDS)
        self._provider.add_span_processor(
            BatchSpanProcessor(
                self._exporter,
                max_queue_size=_QUEUE,
                max_export_batch_size=_BATCH,
                schedule_delay_millis=_EVERY_MILLIS,
            )
        )
        self._tracer = self._provider.get_tracer("entrepot")
        self._extract = TraceContextTextMapPropagator().extract
        self._server, self._internal = SpanKind.SERVER, SpanKind.INTERNAL
        self._failed = Status(StatusCode.ERROR)

    def request(
        self,
        name: str,
        attributes: Mapping[str, str | int],
        seconds: float,
        *,
        failed: bool,
        traceparent: str | None,
        tracestate: str | None,
    ) -> None:
        """A request was answered just now; `traceparent` and `tracestate` are its client's (W3C Trace Context)."""
        context = None
        if traceparent is not None:
            carrier = {"traceparent": traceparent} | ({"tracestate": tracestate} if tracestate else {})
            context = self._extract(carrier)
        self._add(name, self._server, attributes, seconds, failed=failed, context=context)

    def job(self, name: str, attributes: Mapping[str, str | int], seconds: float, *, failed: bool) -> None:
        """A job has ended just now."""
        self._add(f"job {name}", self._internal, attributes, seconds, failed=failed, context=None)

    def close(self) -> None:
        """Send what waits, for a short time; what a collector that is away has not taken by then is lost."""
        sending = threading.Thread(target=self._provider.force_flush, daemon=True)
        sending.start()
        sending.join(_CLOSE_SECONDS)
        self._exporter.shutdown()  # type: ignore[no-untyped-call]  # OpenTelemetry does not annotate it

    def _add(
        self,
        name: str,
        kind: Any,
        attributes: Mapping[str, str | int],
        seconds: float,
        *,
        failed: bool,
        context: Any,
    ) -> None:
        ended = time.time_ns()
        began = ended - int(seconds * _MICROS) * 1000
        span = self._tracer.start_span(name, context=context, kind=kind, attributes=attributes, start_time=began)
        if failed:
            span.set_status(self._failed)
        span.end(ended)


class _ToLog(logging.Handler):
    """What the library has to say goes to the server's own log, now and then: a collector may be away for days."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._quiet_until = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        """A line, unless there has been one lately."""
        if (now := time.monotonic()) >= self._quiet_until:
            self._quiet_until = now + _QUIET_SECONDS
            _log.warning("traces not sent", reason=record.getMessage()[:_LONGEST])


def _redirect_log() -> None:
    logger = logging.getLogger("opentelemetry")
    logger.handlers = [_ToLog()]
    logger.propagate = False
