"""What other parts measure of their own work, put with every other metric. Nobody waits for it, and it fails nobody."""

from collections.abc import Sequence
from concurrent.futures import Future

import structlog

from entrepot.core.events.measures import Point
from entrepot.core.metrics import points
from entrepot.core.metrics.series import metric
from entrepot.db.database import Database, Transaction
from entrepot.metrics import summaries

_MICROS = 1_000_000
log = structlog.get_logger()


class Metering:
    """Puts points into the database of metrics; some may be lost with the process."""

    def __init__(self, metrics: Database) -> None:
        self._metrics = metrics

    def tell(self, told: Sequence[Point]) -> None:
        """Queue some points."""
        kept = tuple(told)
        self._metrics.submit(lambda tx: _put(tx, kept), relaxed=True).add_done_callback(_unless_kept)


def _put(tx: Transaction, told: Sequence[Point]) -> None:
    for point in told:
        summary = summaries.of_values(tuple(point.values), tuple(float(count) for count in point.values.values()))
        named = metric(point.namespace, point.name, point.dimensions)
        points.put(tx, point.account, point.region, named, point.at // _MICROS, summary, point.unit)


def _unless_kept(done: "Future[None]") -> None:
    fault = done.exception()
    if fault is not None:
        log.warning("metrics not kept", fault=type(fault).__name__)
