"""Metrics of the pull-through cache, beside those of requests (http/metrics.py). Made after them."""

from prometheus_client import Counter, Gauge


class PullThroughMetrics:
    """Counts what core/pull_through/measures.py tells."""

    def __init__(self) -> None:
        self._pulls = Counter("entrepot_pull_through_pulls", "Pulls through the cache, by how they ended.", ["result"])
        self._bytes = Counter("entrepot_pull_through_fetched_bytes", "Bytes of blobs that came from upstreams.")
        self._left = Gauge(
            "entrepot_pull_through_upstream_remaining",
            "Pulls that an upstream says that it still answers.",
            ["upstream"],
            multiprocess_mode="mostrecent",
        )

    def hit(self) -> None:
        """A pull was answered by what is here."""
        self._pulls.labels("hit").inc()

    def miss(self) -> None:
        """The upstream was asked for an image that is not here."""
        self._pulls.labels("miss").inc()

    def stale(self) -> None:
        """The upstream could not be asked, and what is here was handed out."""
        self._pulls.labels("stale").inc()

    def fetched(self, size: int) -> None:
        """So many bytes of blobs came from an upstream."""
        self._bytes.inc(size)

    def allowance(self, host: str, remaining: int) -> None:
        """How many more pulls an upstream says that it answers."""
        self._left.labels(host).set(remaining)
