"""Takes what journals say of requests into the metrics, each record once: points and offset in one transaction."""

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path

from entrepot.core.metrics import measuring, points
from entrepot.core.metrics.measuring import Told
from entrepot.core.metrics.series import Metric
from entrepot.core.units import BlockingUnits
from entrepot.db.database import Database, Transaction
from entrepot.db.journals import METRICS
from entrepot.journal import Batch, batches, gone
from entrepot.metrics.summaries import Summary

_REMEMBERED = 50_000  # series


@dataclass(frozen=True, slots=True)
class Place:
    """Where what belongs to no account or region is counted: requests by strangers, public registries."""

    account: str
    region: str


Listener = Callable[[str, str, Metric, Summary], None]


def unheard(_: str, __: str, ___: Metric, ____: Summary) -> None:
    """Listens to nothing."""


class MetricsFold:
    """The job `measure`."""

    def __init__(self, database: Database, directory: Path, place: Place, listen: Listener = unheard) -> None:
        """`listen` is told what each batch has added to a metric, once it has been kept."""
        self._units = BlockingUnits(database)
        self._directory = directory
        self._place = place
        self._known: dict[str, int] = {}
        self._listen = listen

    def run(self) -> int:
        """Fold everything readable; the number of records."""
        folded = 0
        for batch in batches(self._directory, self.offsets()):
            groups = measuring.grouped(batch.records)
            told = measuring.told(groups, self._place.account, self._place.region)
            known = dict(self._known) if len(self._known) < _REMEMBERED else {}
            if self._units.write(fold, batch, told, known):
                for (account, region, which, _, _), summary in told.items():
                    self._listen(account, region, which, summary)
                folded += sum(len(group.sent) for group in groups.values())
                self._known = known
        for journal in gone(self._directory, self.offsets()):
            self._units.write(METRICS.forget, journal)
        return folded

    def offsets(self) -> Mapping[str, int]:
        """How far each journal is folded: it may go when all of it is."""
        return self._units.read(METRICS.all)


def fold(
    tx: Transaction, batch: Batch, told: Mapping[Told, Summary], known: MutableMapping[str, int] | None = None
) -> bool:
    """Add what a batch tells, and store how far the journal is folded; False when somebody has folded it already."""
    if not METRICS.advance(tx, batch.journal, batch.start, batch.offset):
        return False
    for (account, region, which, unit, at), summary in told.items():
        points.put(tx, account, region, which, at, summary, unit, known=known)
    return True
