"""How far behind replication is, as metrics of the source's account and Region: for each destination how much waits,
and for how long the oldest of it has.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from entrepot.core.metrics import points
from entrepot.core.metrics.measuring import OURS
from entrepot.core.metrics.series import metric
from entrepot.core.replication import statuses
from entrepot.core.replication.statuses import Flow
from entrepot.core.units import BlockingUnits
from entrepot.db.database import Database, Transaction
from entrepot.metrics import summaries
from entrepot.metrics.periods import FIVE_MINUTES

_HOLD: Final = FIVE_MINUTES


class ReplicationGauges:
    """The job `replication-gauges`."""

    def __init__(self, metadata: Database, metrics: Database) -> None:
        self._metadata = BlockingUnits(metadata)
        self._metrics = BlockingUnits(metrics)

    def run(self, now: datetime) -> Mapping[str, object]:
        """Tell how things stand; how many images are behind."""
        flows = self._metadata.read(statuses.flows)
        if flows:
            self._metrics.write(tell, flows, now)
        behind = sum(flow.waiting for flow in flows)
        return {"behind": behind} if behind else {}


def tell(tx: Transaction, flows: Sequence[Flow], now: datetime) -> None:
    """Put the values of each destination."""
    for flow in flows:
        to = {"DestinationRegion": flow.destination.region, "DestinationRegistryId": flow.destination.account}
        lag = 0.0 if flow.oldest is None else max((now - flow.oldest).total_seconds(), 0.0)
        values = (
            ("ReplicationBacklog", "Count", float(flow.waiting)),
            ("ReplicationFailures", "Count", float(flow.failed)),
            ("ReplicationLag", "Seconds", lag),
        )
        for name, unit, value in values:
            points.put(
                tx,
                flow.source.account,
                flow.source.region,
                metric(OURS, name, to),
                int(now.timestamp()),
                summaries.of_value(value),
                unit,
                resolution=1,
                hold=_HOLD,
            )
