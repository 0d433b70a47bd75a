"""What another deployment exported, taken into the generation that is being made: source by source, each as a whole."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from entrepot.core.vulnerabilities import packing
from entrepot.db.vulnerabilities import Source, VulnerabilityFile
from entrepot.db.vulnerability_file import Building, Counts, Entry
from entrepot.errors.scanning import VulnerabilityRollback, VulnerabilitySourceShrunk
from entrepot.spec.moments import moment

_ALIKE: Final = 0.8
# tables that are one source's, all of them
TABLES: Final = {"exploited": "CISA KEV", "exploitation": "FIRST EPSS", "release": "endoflife.date"}


class Merging:
    """One export on its way into a generation; `force` takes what is older or smaller than what is there."""

    def __init__(self, theirs: VulnerabilityFile, ours: Path | None, *, force: bool) -> None:
        self._theirs = theirs
        self._force = force
        self._ours: dict[str, Source] = {}
        if ours is not None:
            with VulnerabilityFile(ours) as file:
                self._ours = {each.name: each for each in file.sources()}

    def require_newer(self) -> None:
        """VulnerabilityRollback when one of its sources is older than ours, VulnerabilitySourceShrunk when it has much
        less; none with `force`.
        """
        if self._force:
            return
        for theirs in self._theirs.sources():
            ours = self._ours.get(theirs.name)
            if ours is None:
                continue
            if theirs.updated_at < ours.updated_at:
                dates = (moment(each.updated_at).isoformat(timespec="seconds") for each in (theirs, ours))
                raise VulnerabilityRollback(source=theirs.name, theirs=next(dates), ours=next(dates))
            if theirs.records < _ALIKE * ours.records:
                raise VulnerabilitySourceShrunk(source=theirs.name, had=ours.records, has=theirs.records)

    def merge(self, building: Building, now: int, progress: Callable[[int], None]) -> list[tuple[str, Counts]]:
        """Take all of it; what each source brought."""
        building.spread(
            (number, ecosystem, name, body)
            for ecosystem, name, packed in self._theirs.every_package()
            for number, body in packing.bodies(packed)
        )
        told = {each.name: each for each in self._theirs.sources()}
        brought = []
        for source in self._theirs.tellers():
            counts = Counts()
            for number, name, modified, withdrawn, head, texts in self._theirs.told(source):
                about = packing.head(head).vulnerabilities
                entry = Entry(name, modified, withdrawn, about, head, texts, building.spread_of(number))
                building.put(entry, counts, whatever_age=self._force)
                progress(1)
            listed = told[source]
            counts.left_out = {"elsewhere": listed.left_out} if listed.left_out else {}
            building.finish_source(source, listed.updated_at, now, counts, whole=True)
            brought.append((source, counts))
        return brought + [
            self._table(building, table, told[name], now) for table, name in TABLES.items() if name in told
        ]

    def _table(self, building: Building, table: str, source: Source, now: int) -> tuple[str, Counts]:
        rows = self._theirs.table(table)
        match table:
            case "exploited":
                building.replace_exploited(rows)
            case "exploitation":
                building.replace_exploitation(rows)
            case _:
                building.replace_releases(rows)
        building.put_source(source.name, source.updated_at, now, source.left_out, len(rows))
        return source.name, Counts(added=len(rows))
