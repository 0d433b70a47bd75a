"""Metrics of requests, in memory shared by all processes of a node (Prometheus text format)."""

from collections.abc import Iterable, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector

from entrepot.core.metrics.standing import Sample
from entrepot.telemetry import count_here

_LATENCIES = (0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10.0, 60.0)


class RequestMetrics:
    """Counts requests; label children are looked up once. Made in the process that counts, after its fork."""

    def __init__(self) -> None:
        count_here()
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


class _Gauges:
    """Numbers that were looked up for this page."""

    def __init__(self, samples: Iterable[Sample]) -> None:
        self._samples = samples

    def collect(self) -> Iterable[Metric]:
        """A family for each name."""
        families: dict[str, GaugeMetricFamily] = {}
        for sample in self._samples:
            family = families.get(sample.name)
            if family is None:
                family = families[sample.name] = GaugeMetricFamily(
                    sample.name, HELP[sample.name], labels=list(sample.labels)
                )
            family.add_metric(list(sample.labels.values()), sample.value)
        return families.values()


def exposition(samples: Iterable[Sample]) -> bytes:
    """Everything that the processes of this node have counted, and gauges."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # prometheus-client does not annotate it
    registry.register(_Gauges(samples))
    return bytes(generate_latest(registry))


HELP: Mapping[str, str] = {
    "entrepot_gauges_known": "1 when the databases said how things stand; 0 when gauges are missing here.",
    "entrepot_images": "Images of a registry.",
    "entrepot_tags": "Tags of a registry.",
    "entrepot_unique_bytes": "Bytes of a registry's layers and configs that one repository alone holds.",
    "entrepot_shared_bytes": "Bytes that several repositories hold, counted in each of them.",
    "entrepot_repositories": "Repositories of an account in a region.",
    "entrepot_repositories_left_out": "1 when there are more repositories than this page tells of one by one.",
    "entrepot_repository_images": "Images of a repository.",
    "entrepot_repository_tags": "Tags of a repository.",
    "entrepot_repository_unique_bytes": "Bytes that no other repository holds.",
    "entrepot_repository_shared_bytes": "Bytes that other repositories hold too.",
    "entrepot_repository_oldest_image_age_seconds": "Since the repository's oldest image was pushed.",
    "entrepot_repository_newest_image_age_seconds": "Since its newest image was pushed.",
    "entrepot_outbox_rows": "Events and audit records of changes that wait to be taken up.",
    "entrepot_outbox_oldest_seconds": "How long the first of them has waited.",
    "entrepot_event_queue_rows": "Events that wait for rules, for targets, or were given up and wait for somebody.",
    "entrepot_event_queue_oldest_seconds": "How long the first of them has waited.",
    "entrepot_scan_queue_rows": "Scans of images that wait, and that somebody works on; images to be matched anew.",
    "entrepot_scan_queue_oldest_seconds": "Since the first of them was asked for.",
    "entrepot_vulnerability_source_records": "Records of what a source tells of vulnerabilities.",
    "entrepot_vulnerability_source_age_seconds": "Since the newest of what it told.",
    "entrepot_byte_quota_bytes": "Bytes that a registry, or its repositories below a prefix, may hold.",
    "entrepot_byte_quota_held_bytes": "Bytes that they hold.",
    "entrepot_byte_quota_reserved_bytes": "Bytes that are on their way to them.",
    "entrepot_replication_backlog": "Pushes, deletions and settings that wait to go from a registry to a destination.",
    "entrepot_replication_lag_seconds": "How long the first of them has waited.",
    "entrepot_replication_failed": "Images that a destination has not got, for good.",
    "entrepot_journal_behind_bytes": "Records of requests that a database has not taken up yet.",
    "entrepot_job_late_seconds": "How long a job has been due and not been begun.",
}
