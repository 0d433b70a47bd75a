"""Which scheme orders the versions of which ecosystem: OSV's names, with whatever follows their first colon.

The names are those of the OSV schema (ecosystems.json), and of distributions that it lacks.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from entrepot.errors.scanning import EcosystemUnknown
from entrepot.scan.versions import apk, dpkg, generic, maven, numeric, packagist, pep440, rpm, rubygems, semver
from entrepot.scan.versions.text import LONGEST, Key


@dataclass(frozen=True, slots=True)
class Scheme:
    """An order of versions. `key` raises VersionInvalid, and nothing else, in a time that grows with the text."""

    name: str
    key: Callable[[str], Key]


DPKG: Final = Scheme(dpkg.NAME, dpkg.key)
APK: Final = Scheme(apk.NAME, apk.key)
RPM: Final = Scheme(rpm.NAME, rpm.key)
PEP440: Final = Scheme(pep440.NAME, pep440.key)
SEMVER: Final = Scheme(semver.NAME, semver.key)
GO: Final = Scheme("go", semver.go)
NUGET: Final = Scheme("nuget", semver.nuget)
PUB: Final = Scheme("pub", semver.pub)
BITNAMI: Final = Scheme("bitnami", semver.bitnami)
MAVEN: Final = Scheme(maven.NAME, maven.key)
RUBYGEMS: Final = Scheme(rubygems.NAME, rubygems.key)
PACKAGIST: Final = Scheme(packagist.NAME, packagist.key)
HACKAGE: Final = Scheme("hackage", numeric.hackage)
R: Final = Scheme("r", numeric.r)
GENERIC: Final = Scheme(generic.NAME, generic.key)

SCHEMES: Final = (
    DPKG,
    APK,
    RPM,
    PEP440,
    SEMVER,
    GO,
    NUGET,
    PUB,
    BITNAMI,
    MAVEN,
    RUBYGEMS,
    PACKAGIST,
    HACKAGE,
    R,
    GENERIC,
)

_BY_ECOSYSTEM: Final[dict[str, Scheme]] = {
    **dict.fromkeys(("Debian", "Ubuntu", "Echo", "Raspbian", "opam"), DPKG),
    **dict.fromkeys(
        (
            "Alpine",
            "Wolfi",
            "Chainguard",
            "Alpaquita",
            "BellSoft",
            "BellSoft Hardened Containers",
            "MinimOS",
        ),
        APK,
    ),
    **dict.fromkeys(
        (
            "AlmaLinux",
            "Amazon Linux",
            "Azure Linux",
            "CBL-Mariner",
            "CentOS",
            "Fedora",
            "Mageia",
            "Oracle Linux",
            "Photon OS",
            "Red Hat",
            "Rocky Linux",
            "SUSE",
            "openEuler",
            "openSUSE",
        ),
        RPM,
    ),
    "PyPI": PEP440,
    **dict.fromkeys(
        ("npm", "crates.io", "Hex", "SwiftURL", "GHC", "GitHub Actions", "Julia", "Kubernetes", "VSCode"), SEMVER
    ),
    "Go": GO,
    "NuGet": NUGET,
    "Pub": PUB,
    "Bitnami": BITNAMI,
    "Maven": MAVEN,
    "RubyGems": RUBYGEMS,
    "Packagist": PACKAGIST,
    "Hackage": HACKAGE,
    **dict.fromkeys(("CRAN", "Bioconductor"), R),
    **dict.fromkeys(("Android", "ConanCenter", "Homebrew", "Linux"), GENERIC),
}

# They build others' packages anew, and name whose: `Root:Alpine:3.18`, `Echo:PyPI`
_REBUILDERS: Final = frozenset({"Docker Hardened Images", "Echo", "Root", "TuxCare"})
_ROOT: Final = re.compile(r"(.+)[.+]root\.io\.([0-9]+)", re.DOTALL)


def scheme_of(ecosystem: str) -> Scheme:
    """The order of `PyPI`, `Debian:12` and so on: EcosystemUnknown, where there is none (GIT, OSS-Fuzz)."""
    name, _, rest = ecosystem.partition(":")
    inner = rest.partition(":")[0]
    if name in _REBUILDERS and inner in _BY_ECOSYSTEM:
        found = _BY_ECOSYSTEM[inner]
        return _BY_ROOT[found.name] if name == "Root" else found
    if name not in _BY_ECOSYSTEM:
        raise EcosystemUnknown(ecosystem=repr(ecosystem))
    return _BY_ECOSYSTEM[name]


def _rebuilt(scheme: Scheme) -> Scheme:
    """The order of what Root builds: the version, and behind `.root.io.` or `+root.io.` which build of it."""

    def key(version: str) -> Key:
        found = _ROOT.fullmatch(version) if len(version) <= LONGEST else None
        return (scheme.key(version), 0) if found is None else (scheme.key(found[1]), int(found[2]))

    return Scheme(f"root-{scheme.name}", key)


_BY_ROOT: Final = {each.name: _rebuilt(each) for each in SCHEMES}
