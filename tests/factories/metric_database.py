"""A metrics' database for tests of core: points put and asked for by the first account."""

from pathlib import Path
from typing import Any

from entrepot.core.metrics import points
from entrepot.core.metrics.points import Window
from entrepot.core.metrics.series import Metric, metric
from entrepot.db.database import Database
from entrepot.db.migrate import METRICS
from entrepot.db.sqlite import SqliteDatabase
from entrepot.metrics.summaries import Summary
from tests.factories.callers import ACCOUNT, REGION
from tests.factories.databases import fresh

PULLS = metric("AWS/ECR", "RepositoryPullCount", {"RepositoryName": "one"})
NOON = 1_767_268_800


def sqlite_metrics(directory: Path) -> SqliteDatabase:
    """A fresh one in this directory."""
    fresh(directory / "metrics.db", METRICS)
    return SqliteDatabase(directory / "metrics.db")


class MetricDatabase:
    """Shorthands over a database of the metrics' schema."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def put(self, at: int, summary: Summary, which: Metric = PULLS, **how: Any) -> bool:
        """Put a point; whether its series is new."""
        return bool(self.write(points.put, ACCOUNT, REGION, which, at, summary, **how))

    def asked(self, window: Window, which: Metric = PULLS, account: str = ACCOUNT, **how: Any) -> dict[int, Summary]:
        """What there is in a window."""
        found: dict[int, Summary] = self.read(points.query, account, REGION, which, window, **how)
        return found

    def sums(self, window: Window, which: Metric = PULLS, **how: Any) -> dict[int, float]:
        """The sums of what there is."""
        return {at: found.sum for at, found in sorted(self.asked(window, which, values=False, **how).items())}

    def write(self, work: Any, *args: Any, **how: Any) -> Any:
        """Run `work(tx, …)` as a write."""
        return self.database.submit(lambda tx: work(tx, *args, **how)).result()

    def read(self, work: Any, *args: Any, **how: Any) -> Any:
        """Run `work(tx, …)` as a read."""
        return self.database.read(lambda tx: work(tx, *args, **how))

    def close(self) -> None:
        """Close the database."""
        self.database.close()
