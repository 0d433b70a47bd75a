"""What the worker counts for Prometheus: jobs, and what it takes up for CloudWatch, in the same moment and number.

Labels are bounded: beyond so many of one metric the account and the repository are told as `other`.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

from prometheus_client import Counter, Histogram

from entrepot.core.metrics.series import Metric
from entrepot.metrics.summaries import Summary
from entrepot.telemetry import count_here

MOST_LABELS = 500  # sets of labels of one metric
OTHER = "other"
_ROOM = 4 * 1024 * 1024  # that many sets of each metric, with its name and its help
_DURATIONS = (0.005, 0.025, 0.1, 0.5, 2.5, 10.0, 60.0, 600.0)
_UNBOUNDED = frozenset({"account", "bus", "repository", "rule"})
_PLACE = ("account", "region")


class Counted(NamedTuple):
    """How a metric of CloudWatch is counted: its name here, what its dimensions are called, what is taken of it."""

    name: str
    help: str
    labels: Mapping[str, str]  # dimension -> label
    fixed: Mapping[str, str] = {}  # dimension that all have -> its value
    optional: frozenset[str] = frozenset()
    samples: bool = False  # how often, not how much
    scale: float = 1.0

    def counts(self, dimensions: AbstractSet[str]) -> bool:
        """Whether it is of the metric with these dimensions."""
        return self.labels.keys() - self.fixed.keys() - self.optional <= dimensions <= self.labels.keys()


_CALL = {"Service": "service", "Operation": "operation"}
_DOOR = {"Door": "door"}
_REGISTRY = {"Registry": "registry"}
_REPOSITORY = {"Registry": "registry", "RepositoryName": "repository"}
_SCANS = {"ScanType": "type"}
_PULLS = Counted("entrepot_repository_pulls", "Manifests handed out.", _REPOSITORY)
_OURS: Mapping[str, tuple[Counted, ...]] = {
    "RequestCount": (Counted("entrepot_requests", "Requests, by the operation that they are.", _CALL),),
    "DeniedCount": (Counted("entrepot_denied_requests", "Requests that a policy denied.", _CALL),),
    "ClientErrorCount": (Counted("entrepot_client_errors", "Requests answered with a status of 4xx.", _CALL),),
    "ServerErrorCount": (Counted("entrepot_server_errors", "Requests answered with a status of 5xx.", _CALL),),
    "AuthenticationSuccessCount": (
        Counted("entrepot_authentication_successes", "Requests with good credentials.", _DOOR),
    ),
    "AuthenticationFailureCount": (
        Counted("entrepot_authentication_failures", "Requests with credentials that were not accepted.", _DOOR),
    ),
    "BytesIn": (
        Counted("entrepot_received_bytes", "Bytes of requests' bodies.", _REGISTRY),
        Counted("entrepot_repository_received_bytes", "Bytes of bodies sent to a repository.", _REPOSITORY),
    ),
    "BytesOut": (
        Counted("entrepot_sent_bytes", "Bytes of answers' bodies.", _REGISTRY),
        Counted("entrepot_repository_sent_bytes", "Bytes of bodies of a repository.", _REPOSITORY),
    ),
    "PullLatency": (
        Counted("entrepot_pulls", "Requests that handed manifests out.", _REGISTRY, samples=True),
        Counted("entrepot_pull_seconds", "What they took, together.", _REGISTRY, scale=0.001),
    ),
    "RepositoryPullCount": (_PULLS,),
    "ScanCount": (
        Counted("entrepot_scans", "Scans of images that have ended.", {"ScanStatus": "status", "ScanType": "type"}),
    ),
    "ScanDuration": (Counted("entrepot_scan_seconds", "What they took, together.", _SCANS, scale=0.001),),
    "ScanLag": (Counted("entrepot_scan_lag_seconds", "How long they had waited, together.", _SCANS, scale=0.001),),
    "RepositoryPushCount": (Counted("entrepot_repository_pushes", "Manifests put.", _REPOSITORY),),
}
_RULE = {"RuleName": "rule", "EventBusName": "bus"}
_EVENTS: Mapping[str, tuple[Counted, ...]] = {
    name: (Counted(f"entrepot_event_{label}", text, _RULE, optional=frozenset({"EventBusName"})),)
    for name, label, text in (
        ("MatchedEvents", "matches", "Events that a rule matched."),
        ("Invocations", "invocations", "Targets of a rule that were called."),
        ("FailedInvocations", "failed_invocations", "Calls that were given up."),
        ("InvocationAttempts", "attempts", "Attempts to call a target."),
        ("RetryInvocationAttempts", "retries", "Attempts after a failed one."),
        ("InvocationsSentToDlq", "dead_letters", "Events that went to a dead-letter queue."),
        ("InvocationsFailedToBeSentToDlq", "failed_dead_letters", "Events that no dead-letter queue took."),
    )
}
COUNTED: Mapping[str, Mapping[str, tuple[Counted, ...]]] = {
    "Entrepot": _OURS,
    "AWS/ECR": {"RepositoryPullCount": (_PULLS._replace(fixed={"Registry": "private"}),)},
    "AWS/Events": _EVENTS,
}


class Measures:
    """The counters of one worker, made after its fork."""

    def __init__(self) -> None:
        count_here(_ROOM)
        self._seconds = Histogram(
            "entrepot_job_seconds", "Runs of jobs, and what they took.", ["job"], buckets=_DURATIONS
        )
        self._failures = Counter("entrepot_job_failures", "Runs of jobs that failed.", ["job"])
        self._families: dict[str, Any] = {}
        self._children: dict[str, dict[tuple[str, ...], Any]] = {}
        for each in families():
            labels = [*_PLACE, *each.labels.values()]
            self._families[each.name] = Counter(each.name, each.help, labels)
            self._children[each.name] = {}

    def job(self, name: str, seconds: float, _: Mapping[str, object], *, failed: bool) -> None:
        """One job has ended just now."""
        self._seconds.labels(name).observe(seconds)
        if failed:
            self._failures.labels(name).inc()

    def count(self, account: str, region: str, metric: Metric, summary: Summary) -> None:
        """Something was added to a metric."""
        dimensions = dict(metric.dimensions)
        for each in COUNTED.get(metric.namespace, {}).get(metric.name, ()):
            if each.counts(dimensions.keys()):
                self._add(each, account, region, dimensions, summary)

    def _add(self, each: Counted, account: str, region: str, dimensions: Mapping[str, str], summary: Summary) -> None:
        told = {label: dimensions.get(name, each.fixed.get(name, "")) for name, label in each.labels.items()}
        amount = summary.count if each.samples else summary.sum * each.scale
        self._child(each, {"account": account, "region": region, **told}).inc(amount)

    def _child(self, each: Counted, labels: dict[str, str]) -> Any:
        children, values = self._children[each.name], tuple(labels.values())
        child = children.get(values)
        if child is None and len(children) >= MOST_LABELS:
            values = tuple(OTHER if name in _UNBOUNDED else value for name, value in labels.items())
            child = children.get(values)
        if child is None:
            child = children[values] = self._families[each.name].labels(*values)
        return child


def families() -> Iterable[Counted]:
    """Every counter once."""
    found = {each.name: each for names in COUNTED.values() for several in names.values() for each in several}
    return found.values()
