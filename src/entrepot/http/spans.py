"""The span of each request that a door has answered ("Semantic conventions for HTTP spans"). What it may carry is what
the access log and the journal may: no header, no query, no parameter.
"""

from aiohttp import web

from entrepot.http.exchange import Exchange, as_text, target
from entrepot.tracing import Tracing

_PROBES = frozenset({"/healthz", "/readyz", "/metrics"})


class RequestSpans:
    """Tells a collector of requests; not of those that only ask how the server does."""

    def __init__(self, tracing: Tracing) -> None:
        self._tracing = tracing

    def request(self, request: web.BaseRequest, exchange: Exchange, status: int, size: int, seconds: float) -> None:
        """One request was answered just now."""
        path = as_text(target(request).partition("?")[0])
        if path in _PROBES:
            return
        told = exchange.telling
        attributes: dict[str, str | int] = {
            "http.request.method": request.method,
            "http.response.status_code": status,
            "http.response.body.size": size,
            "url.scheme": "https" if exchange.secure else "http",
            "url.path": path,
            "server.address": exchange.host,
            "client.address": exchange.source_ip,
            "user_agent.original": exchange.user_agent,
            "aws.request_id": exchange.request_id,
        }
        if told.service:
            attributes["rpc.service"] = told.service
            attributes["rpc.method"] = told.operation
        if told.error:
            attributes["error.type"] = told.error
        self._tracing.request(
            f"{told.service}.{told.operation}" if told.operation else request.method,
            attributes,
            seconds,
            failed=status >= 500,
            traceparent=request.headers.get("traceparent"),
            tracestate=request.headers.get("tracestate"),
        )
