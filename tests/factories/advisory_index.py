"""Advisories of dumps in memory, as matching asks for them, and what they are about."""

import zipfile
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from entrepot.errors.scanning import AdvisoryMalformed
from entrepot.scan.advisories import Advisory, Affected
from entrepot.scan.matching import Row
from entrepot.scan.names import normalised
from entrepot.scan.osv import advisory


class AdvisoryIndex:
    """What is known (scan/matching.py, `Known`)."""

    def __init__(self, dumps: Iterable[Path]) -> None:
        self._advisories: list[Advisory] = []
        self._rows = defaultdict[tuple[str, str], list[Row]](list)
        self._about = defaultdict[tuple[str, str], set[str]](set)
        for path in dumps:
            with zipfile.ZipFile(path) as archive:
                for name in archive.namelist():
                    self._add(archive.read(name), path.stem)

    def candidates(self, packages: Sequence[tuple[str, str]]) -> Sequence[Sequence[Row]]:
        """What is told of each (ecosystem, name)."""
        return [self._rows.get((ecosystem, normalised(ecosystem, name)), ()) for ecosystem, name in packages]

    def advisories(self, numbers: Sequence[int]) -> Mapping[int, Advisory]:
        """The advisories of these numbers."""
        return {number: self._advisories[number] for number in numbers}

    def packages(self, ecosystem: str, vulnerability: str) -> frozenset[str]:
        """Which packages of an ecosystem are said to have, or to have had, a vulnerability."""
        return frozenset(self._about.get((ecosystem, vulnerability), ()))

    def names(self, ecosystem: str, name: str) -> frozenset[str]:
        """All that the advisories about a package are called by, their aliases too."""
        told: set[str] = set()
        for number, _, _ in self._rows.get((ecosystem, normalised(ecosystem, name)), ()):
            read = self._advisories[number]
            told |= {read.id, *read.aliases, *read.vulnerabilities}
        return frozenset(told)

    def _add(self, record: bytes, source: str) -> None:
        try:
            read = advisory(record, source)
        except AdvisoryMalformed:
            return
        number = len(self._advisories)
        self._advisories.append(read)
        for affected in read.affected:
            self._note(number, read, affected)

    def _note(self, number: int, read: Advisory, affected: Affected) -> None:
        ecosystem, name = affected.ecosystem, normalised(affected.ecosystem, affected.name)
        self._rows[ecosystem, name].append((number, b"", affected))
        for vulnerability in read.vulnerabilities:
            self._about[ecosystem, vulnerability].add(name)
