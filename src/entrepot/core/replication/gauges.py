"""How far behind replication is: for each destination how much waits, and for how long the oldest of it has. As metrics
of the source's account and Region, and of the deployment.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from entrepot.core.metrics import points
from entrepot.core.metrics.measuring import OURS
from entrepot.core.metrics.series import metric
from entrepot.core.metrics.standing import Sample
from entrepot.core.replication import statuses
from entrepot.core.replication.statuses import Flow
from entrepot.core.units import BlockingUnits
from entrepot.db.database import Database, Transaction
from entrepot.metrics import summaries
from entrepot.metrics.periods import FIVE_MINUTES

MOST_WAYS: Final = 200  # that are told of, from one registry to another each
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
        values = (
            ("ReplicationBacklog", "Count", float(flow.waiting)),
            ("ReplicationFailures", "Count", float(flow.failed)),
            ("ReplicationLag", "Seconds", flow.lag(now)),
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


def samples(tx: Transaction, now: datetime) -> Sequence[Sample]:
    """The same for an operator's page."""
    return [sample for flow in statuses.flows(tx)[:MOST_WAYS] for sample in _samples(flow, now)]


def _samples(flow: Flow, now: datetime) -> Sequence[Sample]:
    labels = {
        "account": flow.source.account,
        "region": flow.source.region,
        "destination_account": flow.destination.account,
        "destination_region": flow.destination.region,
    }
    return (
        Sample("entrepot_replication_backlog", labels, float(flow.waiting)),
        Sample("entrepot_replication_lag_seconds", labels, flow.lag(now)),
        Sample("entrepot_replication_failed", labels, float(flow.failed)),
    )
