"""Metrics of requests, in memory shared by all processes of a node (Prometheus text format)."""

import os
from typing import Any

from entrepot.telemetry import take_room_for_metrics

_LATENCIES = (0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10.0, 60.0)


class RequestMetrics:
    """Counts requests; label children are looked up once. Made in the process that counts, after its fork."""

    def __init__(self) -> None:
        from prometheus_client import (  # not before telemetry.share_metrics has set the environment that it reads
            Counter,
            Histogram,
            values,
        )

        pid = os.getpid()
        if take_room_for_metrics(pid):
            # told its own process id, or it asks the kernel for it at each increment
            values.ValueClass = values.MultiProcessValue(lambda: pid)  # type: ignore[no-untyped-call]
        else:
            values.ValueClass = values.MutexValue  # counted by nobody until the worker starts again
        self._seconds = Histogram(
            "entrepot_http_request_seconds",
            "Requests answered, and the time that they took.",
            ["method", "status"],
            buckets=_LATENCIES,
        )
        self._bytes = Counter("entrepot_http_response_bytes", "Bytes of response bodies.")
        self._children: dict[tuple[str, int], Any] = {}

    def request(self, method: str, status: int, seconds: float, size: int) -> None:
        """One request was answered."""
        child = self._children.get((method, status))
        if child is None:
            known = method if method in _METHODS else "other"
            child = self._children[known, status] = self._seconds.labels(known, str(status))
        child.observe(seconds)
        if size:
            self._bytes.inc(size)


_METHODS = frozenset({"GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"})


def exposition() -> bytes:
    """Everything that the processes of this node have counted."""
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return bytes(generate_latest(registry))
