"""Who is told of each job that has ended: counters for Prometheus, spans for a collector."""

from collections.abc import Mapping
from typing import Protocol

from entrepot.tracing import Tracing


class Witness(Protocol):
    """Is told of jobs."""

    def job(self, name: str, seconds: float, result: Mapping[str, object], *, failed: bool) -> None:
        """One job has ended just now."""


class JobSpans:
    """Tells a collector of jobs; not of those that found nothing to do."""

    def __init__(self, tracing: Tracing) -> None:
        self._tracing = tracing

    def job(self, name: str, seconds: float, result: Mapping[str, object], *, failed: bool) -> None:
        """One job has ended just now; what it did are numbers and words of its own."""
        if not failed and not any(result.values()):
            return
        attributes: dict[str, str | int] = {"entrepot.job": name}
        for what, value in result.items():
            attributes[f"entrepot.job.{what}"] = value if isinstance(value, int) else str(value)
        self._tracing.job(name, attributes, seconds, failed=failed)
