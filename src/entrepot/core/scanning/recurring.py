"""What is found in packages, as it recurs from image to image: a package is matched once, and a finding of the same
packages of the same layers is put together once. Over one generation, by one thread at a time.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import msgspec

from entrepot.core.scanning.enhanced_findings import Facts, Found, finding, those_of
from entrepot.core.vulnerabilities.known import Known
from entrepot.scan.matching import Match, matches
from entrepot.scan.merging import Image, Located
from entrepot.scan.packages import Package, Release

MOST_PACKAGES = 100_000
MOST_FINDINGS = 60_000  # of about a kilobyte each
_NOBODY = Facts("", "", "", 0)


class _Seen(NamedTuple):
    """A package in a system: a number of its own, and what it matches."""

    number: int
    matches: list[Match]


class Recurring:
    """Remembers what it has found."""

    def __init__(self, packages: int = MOST_PACKAGES, findings: int = MOST_FINDINGS) -> None:
        """How many of each it remembers."""
        self._packages = packages
        self._findings = findings
        self._generation = 0
        self._seen: dict[tuple[Package, str], _Seen] = {}
        self._found: dict[tuple[object, ...], Found] = {}

    def vulnerabilities(self, image: Image, known: Known) -> set[str]:
        """Those that packages of an image have."""
        system = self._known(image, known)
        return {found.vulnerability for each in image.packages for found in self._seen[each.package, system].matches}

    def found_in(
        self, image: Image, known: Known, facts: Facts, concerned: Collection[str] | None = None
    ) -> list[Found]:
        """As enhanced_analysis.found_in; of these vulnerabilities alone where some are given."""
        system = self._known(image, known)
        together: dict[str, list[tuple[int, Located, Match]]] = {}
        for each in image.packages:
            number, found = self._seen[each.package, system]
            for match in found:
                if concerned is not None and match.vulnerability not in concerned:
                    continue
                together.setdefault(match.vulnerability, []).append((number, each, match))
        return those_of(
            (self._one(name, system, together[name], known, image.release) for name in sorted(together)), facts
        )

    def _known(self, image: Image, known: Known) -> str:
        """Match what is new of its packages; the system that they are in."""
        system = _system(image.release)
        self._make_room(known.generation, len(image.packages))
        self._match({each.package: each for each in image.packages}, image, system, known)
        return system

    def _make_room(self, generation: int, packages: int) -> None:
        if generation != self._generation or len(self._seen) + packages > self._packages:
            self._generation = generation
            self._seen.clear()
            self._found.clear()
        if len(self._found) > self._findings:
            self._found.clear()

    def _match(self, packages: Mapping[Package, Located], image: Image, system: str, known: Known) -> None:
        new = [located for package, located in packages.items() if (package, system) not in self._seen]
        for each in new:
            self._seen[each.package, system] = _Seen(len(self._seen), [])
        for match in matches(msgspec.structs.replace(image, packages=new), known) if new else ():
            self._seen[match.located.package, system].matches.append(match)

    def _one(
        self, name: str, system: str, of: Sequence[tuple[int, Located, Match]], known: Known, release: Release | None
    ) -> Found:
        key = name, system, *((number, located.layer) for number, located, _ in of)
        found = self._found.get(key)
        if found is None:
            here = [msgspec.structs.replace(match, located=located) for _, located, match in of]
            found = self._found[key] = finding(name, here, known, release, _NOBODY)
        return found


def _system(release: Release | None) -> str:
    return "" if release is None else msgspec.json.encode(release).decode()
