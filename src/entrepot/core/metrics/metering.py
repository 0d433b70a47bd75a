"""What other parts measure of their own work, put with every other metric. Nobody waits for it, and it fails nobody."""

from collections.abc import Sequence
from concurrent.futures import Future

import structlog

from entrepot.core.events.measures import Point
from entrepot.core.metrics import points
from entrepot.core.metrics.folding import Listener
from entrepot.core.metrics.series import Metric, metric
from entrepot.db.database import Database, Transaction
from entrepot.metrics import summaries
from entrepot.metrics.summaries import Summary

_MICROS = 1_000_000
log = structlog.get_logger()


class Metering:
    """Puts points into the database of metrics; some may be lost with the process."""

    def __init__(self, metrics: Database, listen: Listener) -> None:
        """`listen` is told of each point too."""
        self._metrics = metrics
        self._listen = listen

    def tell(self, told: Sequence[Point]) -> None:
        """Queue some points."""
        kept = tuple(told)
        for point in kept:
            self._listen(point.account, point.region, _metric(point), _summary(point))
        self._metrics.submit(lambda tx: _put(tx, kept), relaxed=True).add_done_callback(_unless_kept)


def _put(tx: Transaction, told: Sequence[Point]) -> None:
    for point in told:
        points.put(tx, point.account, point.region, _metric(point), point.at // _MICROS, _summary(point), point.unit)


def _metric(point: Point) -> Metric:
    return metric(point.namespace, point.name, point.dimensions)


def _summary(point: Point) -> Summary:
    return summaries.of_values(tuple(point.values), tuple(float(count) for count in point.values.values()))


def _unless_kept(done: "Future[None]") -> None:
    fault = done.exception()
    if fault is not None:
        log.warning("metrics not kept", fault=type(fault).__name__)
