"""The job `cover`: looks at every image of registries that have enhanced scanning, each hour and whenever what is set
has changed: which are to be scanned, and which not any more. It also forgets findings that were closed days ago.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from entrepot.core.scanning import eligibility, enhanced_requests, in_use
from entrepot.core.scanning.eligibility import Windows
from entrepot.core.units import BlockingUnits
from entrepot.db import enhanced_scans, finding_texts, inspector_configuration, inspector_findings
from entrepot.db.database import Database, Transaction
from entrepot.db.enhanced_scans import RegistryPlace, Swept
from entrepot.db.inspector_records import ImageKey

_EVERY: Final = timedelta(hours=1)
_STAY: Final = timedelta(days=3)  # closed findings
_PAGE: Final = 500
_SOME: Final = 10  # registries in one go


waiting: Final = enhanced_scans.changes  # when this is another, a sweep is due


class CoverageSweep:
    """Several may run: each image is looked at again in the unit that changes its scan."""

    def __init__(self, database: Database, page: int = _PAGE) -> None:
        """`page` images are looked at together."""
        self._units = BlockingUnits(database)
        self._images = page

    def run(self, now: datetime) -> dict[str, object]:
        """Sweep what is due; how many scans stand otherwise than before, how many findings are forgotten."""
        in_use.expire(self._units, now)
        changed = 0
        for registry in self._units.read(enhanced_scans.due_sweeps, now - _EVERY, _SOME):
            changed += self._sweep(registry, now)
            self._units.write(enhanced_scans.swept, registry, now)
        forgotten = self._forget(now)
        return {name: count for name, count in (("changed", changed), ("forgotten", forgotten)) if count}

    def _sweep(self, registry: RegistryPlace, now: datetime) -> int:
        changed = 0
        windows = self._units.read(_windows, registry)
        after = ImageKey("", "")
        while seen := self._units.read(enhanced_scans.sweep, registry, after, self._images):
            changed += self._page(seen, windows, now)
            after = seen[-1].image
        return changed

    def _page(self, seen: Sequence[Swept], windows: Windows, now: datetime) -> int:
        """Each in a unit of its own, queued together so that they share commits."""
        seed = f"cover/{now.isoformat()}"
        futures = [
            self._units.queue(enhanced_requests.sweep, each, windows, now, seed)
            for each in self._units.read(enhanced_requests.to_step, seen, windows, now)
        ]
        return sum(future.result() is not None for future in futures)

    def _forget(self, now: datetime) -> int:
        forgotten = 0
        while self._units.read(inspector_findings.any_closed, now - _STAY):
            forgotten += self._units.write(inspector_findings.remove_closed, now - _STAY, _PAGE)
        if forgotten:
            self._units.write(finding_texts.forget)
        return forgotten


def _windows(tx: Transaction, registry: RegistryPlace) -> Windows:
    told = inspector_configuration.find(tx, registry.key)
    return eligibility.windows(told.rescan_duration, told.pull_date_rescan_duration, told.pull_date_rescan_mode)
