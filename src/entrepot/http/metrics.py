"""Metrics of requests, in memory shared by all processes of a node (Prometheus text format)."""

from typing import Any

_LATENCIES = (0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10.0, 60.0)


class RequestMetrics:
    """Counts requests; label children are looked up once."""

    def __init__(self) -> None:
        from prometheus_client import (  # not before telemetry.share_metrics has set the environment that it reads
            Counter,
            Histogram,
        )

        self._requests = Counter("entrepot_http_requests", "Requests answered.", ["method", "status"])
        self._seconds = Histogram(
            "entrepot_http_request_seconds", "Time to answer a request.", ["method"], buckets=_LATENCIES
        )
        self._bytes = Counter("entrepot_http_response_bytes", "Bytes of response bodies.")
        self._children: dict[tuple[str, int], tuple[Any, Any]] = {}

    def request(self, method: str, status: int, seconds: float, size: int) -> None:
        """One request was answered."""
        children = self._children.get((method, status))
        if children is None:
            known = method if method in _METHODS else "other"
            children = (self._requests.labels(known, str(status)), self._seconds.labels(known))
            self._children[known, status] = children
        children[0].inc()
        children[1].observe(seconds)
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
