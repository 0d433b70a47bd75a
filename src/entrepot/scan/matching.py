"""Which vulnerabilities the packages of an image have: what is told of their names against the versions that are there.

A distribution's packages are looked up in its own ecosystem only, those of languages in theirs. What is no version, or
is told of in no order that is known, matches nothing. Withdrawn advisories are over.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Protocol

import msgspec

from entrepot.errors.scanning import EcosystemUnknown, VersionInvalid
from entrepot.scan.advisories import Advisory, Affected
from entrepot.scan.distributions import Distribution, distribution
from entrepot.scan.merging import Image, Located
from entrepot.scan.names import ECOSYSTEMS
from entrepot.scan.packages import Package
from entrepot.scan.rpm_modules import concerns
from entrepot.scan.versions.ranges import affects, fix
from entrepot.scan.versions.schemes import Scheme, scheme_of

_SYSTEM = frozenset({"deb", "apk", "rpm"})
_EVERYWHERE = frozenset({"", "noarch", "all"})  # architectures of packages that run on any
_REMEMBERED = 65_536

Row = tuple[int, bytes, Affected]  # an advisory's number, a stamp, and what it says of a package


class Known(Protocol):
    """What is known of vulnerable packages."""

    def candidates(self, packages: Sequence[tuple[str, str]]) -> Sequence[Sequence[Row]]:
        """What is told of each (ecosystem, name), whichever versions it is about."""

    def advisories(self, numbers: Sequence[int]) -> Mapping[int, Advisory]:
        """The advisories of these numbers, without their packages."""


class Asked(msgspec.Struct, frozen=True, array_like=True):
    """A package as it is told of: an ecosystem, a name in it, and the version that counts."""

    ecosystem: str
    name: str
    version: str


class Told(msgspec.Struct, frozen=True):
    """An advisory that says so, and what it says of the package; `fixed` is the version that mends it, if one does."""

    number: int  # the advisory's
    advisory: Advisory
    affected: Affected
    fixed: str


class Match(msgspec.Struct, frozen=True):
    """A package with a vulnerability, as one or several advisories say."""

    vulnerability: str  # the CVE, where there is one
    located: Located
    asked: Asked
    told: Sequence[Told]

    @property
    def fixed(self) -> str:
        """The version in which all that is told of is mended; empty while that is not known of any."""
        fixes = [each.fixed for each in self.told if each.fixed]
        return max(fixes, key=_order(self.asked.ecosystem).key) if fixes else ""


def asked_of(image: Image) -> Iterator[tuple[Located, Asked]]:
    """Each package of an image under each name by which it may be told of."""
    system = None if image.release is None else distribution(image.release)
    for located in image.packages:
        for asked in _asked(located.package, system):
            yield located, asked


def unasked(image: Image) -> list[Located]:
    """Packages of package managers of which nobody is asked: another distribution's, or another vendor's."""
    system = None if image.release is None else distribution(image.release)
    of_managers = [each for each in image.packages if each.package.type in _SYSTEM]
    return of_managers if system is None else [each for each in of_managers if not system.builds(each.package)]


def matches(image: Image, known: Known) -> list[Match]:
    """The vulnerabilities of an image, package by package, each once for a package."""
    questions = list(asked_of(image))
    names = list(dict.fromkeys((asked.ecosystem, asked.name) for _, asked in questions))
    rows = dict(zip(names, known.candidates(names), strict=True))
    hits = [
        (located, asked, number, affected)
        for located, asked in questions
        for number, _, affected in rows[asked.ecosystem, asked.name]
        if _holds(asked, located.package, affected)
    ]
    advisories = known.advisories(list({number for _, _, number, _ in hits}))
    found: dict[tuple[str, Package], tuple[Located, Asked, list[Told]]] = {}
    for located, asked, number, affected in hits:
        advisory = advisories[number]
        if not advisory.withdrawn:
            told = Told(number, advisory, affected, _fix(asked, affected))
            for name in advisory.vulnerabilities or (advisory.id,):
                found.setdefault((name, located.package), (located, asked, []))[2].append(told)
    return [
        Match(name, located, asked, told)
        for (name, _), (located, asked, told) in found.items()
        if not any(each.affected.state == "not_affected" for each in told)
    ]


def _asked(package: Package, system: Distribution | None) -> Iterator[Asked]:
    if package.type in _SYSTEM:
        if system is not None and system.builds(package):
            for ecosystem in system.ecosystems:
                for name, version in system.names(package):
                    yield Asked(ecosystem, name, version)
    elif package.version and package.type in ECOSYSTEMS:
        yield Asked(ECOSYSTEMS[package.type], package.name, package.version)


def _holds(asked: Asked, package: Package, affected: Affected) -> bool:
    """Whether an advisory means this package in this version."""
    if affected.arches and package.arch not in _EVERYWHERE and package.arch not in affected.arches:
        return False
    if not concerns(package.modularity, package.version, affected.modularity, affected.ranges):
        return False
    try:
        return affects(_order(asked.ecosystem), affected.ranges, affected.versions, asked.version)
    except (VersionInvalid, EcosystemUnknown):
        return False


def _fix(asked: Asked, affected: Affected) -> str:
    try:
        return fix(_order(asked.ecosystem), affected.ranges, asked.version)
    except VersionInvalid:
        return ""


@lru_cache(maxsize=1024)
def _order(ecosystem: str) -> Scheme:
    """The scheme of an ecosystem, which remembers the versions that it has seen: advisories repeat them."""
    return _remembering(scheme_of(ecosystem))


@lru_cache(maxsize=64)
def _remembering(scheme: Scheme) -> Scheme:
    return Scheme(scheme.name, lru_cache(maxsize=_REMEMBERED)(scheme.key))
