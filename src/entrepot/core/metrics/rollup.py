"""Old points become few: seconds become minutes after three hours, minutes become hours in the end, as CloudWatch keeps
them ("GetMetricStatistics": retention). What is moved is never missing nor counted twice: a transaction moves it.
"""

from collections.abc import Sequence
from datetime import datetime

from entrepot.core.metrics import points
from entrepot.core.metrics.points import MICROS
from entrepot.core.units import BlockingUnits
from entrepot.db import metric_points as rows
from entrepot.db import metric_series as series_rows
from entrepot.db.database import Database, Transaction
from entrepot.db.metric_points import Point
from entrepot.metrics.periods import FIVE_MINUTES, HOUR, MINUTE, RETENTION, floor
from entrepot.metrics.summaries import Summary
from entrepot.spec.moments import micros

_COARSER = {1: MINUTE, MINUTE: FIVE_MINUTES, FIVE_MINUTES: HOUR, HOUR: 0}  # 0: gone
_PAGE = 500
_MOST_POINTS = 2000  # of a transaction, which those who put points wait for


class RollUp:
    """The job `rollup`."""

    def __init__(self, database: Database, *, most_points: int = _MOST_POINTS) -> None:
        self._units = BlockingUnits(database)
        self._most_points = most_points

    def run(self, now: datetime) -> int:
        """Move what is older than its resolution is kept, forget what is older than any; the number of points."""
        seconds = int(now.timestamp())
        moved = 0
        for finer, coarser in _COARSER.items():
            before = floor(seconds - RETENTION[finer], coarser or finer)
            moved += self._roll(finer, coarser, before * MICROS)
        self._forget(micros(now) - RETENTION[HOUR] * MICROS)
        return moved

    def _roll(self, finer: int, coarser: int, before: int) -> int:
        moved = 0
        after = ""
        while page := self._units.read(rows.oldest, finer, after, _PAGE):
            due = [series_id for series_id, oldest in page if oldest is not None and oldest < before]
            while due:
                done, due = self._units.write(move, due, finer, coarser, before, self._most_points)
                moved += done
            after = page[-1][0]
        return moved

    def _forget(self, before: int) -> None:
        after = ""
        while page := self._units.read(series_rows.long_unused, after, before, _PAGE):
            self._units.write(forget, page)
            after = page[-1]


def move(
    tx: Transaction, series: Sequence[str], finer: int, coarser: int, before: int, most: int
) -> tuple[int, list[str]]:
    """Move points of these series that begin before a moment, `most` at once; how many, and which series are left."""
    moved = 0
    for number, series_id in enumerate(series):
        found = rows.before(tx, series_id, finer, before, most - moved)
        if found:
            _move(tx, found, coarser)
            moved += len(found)
        if moved >= most:
            return moved, list(series[number:])
    return moved, []


def forget(tx: Transaction, series: Sequence[str]) -> None:
    """Forget series of which nothing is left."""
    for series_id in series:
        series_rows.remove(tx, series_id)


def _move(tx: Transaction, found: Sequence[Point], coarser: int) -> None:
    first, last = found[0], found[-1]
    rows.remove(tx, first.series_id, first.resolution, first.at, last.at)
    if not coarser:
        return
    together: dict[int, Summary] = {}
    for point in found:
        at, summary = floor(point.at, coarser * MICROS), points.summary_of(point)
        together[at] = together[at].merge(summary) if at in together else summary
    for at, summary in together.items():
        points.merge(tx, points.row_of(first.series_id, coarser, at, summary))
