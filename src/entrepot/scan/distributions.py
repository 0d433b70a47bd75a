"""Operating systems and who tells of their packages: from what os-release says to the ecosystems of the OSV schema.

https://ossf.github.io/osv-schema/#defined-ecosystems ; `Amazon Linux` and `Oracle Linux` are not among them and are
named alike.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from entrepot.scan.packages import Package, Release

_FORMATS = {
    **dict.fromkeys(("Alpaquita", "Alpine", "Chainguard", "MinimOS", "Wolfi"), "apk"),
    **dict.fromkeys(("Debian", "Echo", "Ubuntu"), "deb"),
}  # the others have rpm
By = Literal["source", "binary", "both"]
_RED_HAT = ("", "::appstream", "::baseos", "::crb", "::highavailability", "::nfv", "::realtime", "::resilientstorage")
# archives of others that build packages of a distribution's names, as their versions show
_FOREIGN_VERSIONS = ("pgdg", "sury.org", "nodesource", "~ondrej")
_FOREIGN_VENDORS = ("nginx.com", "f5.com", "docker.com", "nodesource.com", "mariadb.org", "nvidia.com", "google.com")


@dataclass(frozen=True, slots=True)
class Distribution:
    """Where the packages of an operating system are told of.

    Advisories name what was built (`source`), what is installed (`binary`), or either. An rpm of another vendor is
    none of the distribution's, nor is a package of another package manager, whoever built it.
    """

    ecosystems: Sequence[str]
    by: By
    vendors: Sequence[str] = ()

    @property
    def format(self) -> str:
        """The type of its packages."""
        return _FORMATS.get(self.ecosystems[0].partition(":")[0], "rpm")

    def builds(self, package: Package) -> bool:
        """Whether a package of a package manager is one of its own, as far as the package says who built it."""
        if package.type != self.format:
            return False
        vendor = package.vendor
        if package.type == "rpm":
            return not vendor or not self.vendors or any(each in vendor for each in self.vendors)
        return not (_has(package.version, _FOREIGN_VERSIONS) or _has(vendor, _FOREIGN_VENDORS))

    def names(self, package: Package) -> Sequence[tuple[str, str]]:
        """The names under which it may be told of, each with the version that counts."""
        source = (package.source_name or package.name, package.source_version or package.version)
        installed = (package.name, package.version)
        match self.by:
            case "source":
                return (source,)
            case "binary":
                return (installed,)
            case _:
                return tuple(dict.fromkeys((installed, source)))


@lru_cache(maxsize=16_384)
def _has(text: str, parts: Sequence[str]) -> bool:
    """Whether one of the parts is in the text; images repeat vendors and versions."""
    return any(part in text for part in parts)


def distribution(release: Release) -> Distribution | None:
    """That of an operating system; None for one of which nobody tells, as far as is known here."""
    made = _MADE.get(release.id)
    return None if made is None else made(release)


def _first(version: str, count: int) -> str:
    return ".".join(version.split(".")[:count])


def _debian(release: Release) -> Distribution:
    return Distribution((f"Debian:{_first(release.version, 1)}",), "source")


def _ubuntu(release: Release) -> Distribution:
    year, _, month = release.version.partition(".")
    lasting = month == "04" and year.isdigit() and int(year) % 2 == 0
    name = f"{release.version}:LTS" if lasting else release.version
    return Distribution((f"Ubuntu:{name}",), "source")


def _alpine(release: Release) -> Distribution:
    numbers = release.version.split(".")
    known = len(numbers) > 1 and all(each.isdigit() for each in numbers[:2])
    return Distribution((f"Alpine:v{_first(release.version, 2)}" if known else "Alpine:edge",), "source")


def _rolling(ecosystem: str) -> Callable[[Release], Distribution]:
    return lambda _: Distribution((ecosystem,), "source")


def _rpm(ecosystem: str, numbers: int, *vendors: str, by: By = "binary") -> Callable[[Release], Distribution]:
    return lambda release: Distribution((f"{ecosystem}:{_first(release.version, numbers)}",), by, vendors)


def _red_hat(release: Release) -> Distribution:
    major = _first(release.version, 1)
    return Distribution(
        [f"Red Hat:enterprise_linux:{major}{each}" for each in _RED_HAT], "binary", ("Red Hat", "CentOS")
    )


def _suse(release: Release) -> Distribution:
    major, _, pack = release.version.partition(".")
    product = f"Linux Enterprise Server {major}" + (f" SP{pack}" if pack and pack != "0" else "")
    bases = [
        product.replace("Server", "Module for Basesystem"),
        product.replace("Server", "Module for Server Applications"),
    ]
    return Distribution([f"SUSE:{each}" for each in (product, *bases)], "both", ("SUSE",))


def _leap(release: Release) -> Distribution:
    return Distribution((f"openSUSE:Leap {release.version}",), "both", ("SUSE",))


def _tumbleweed(_: Release) -> Distribution:
    return Distribution(("openSUSE:Tumbleweed",), "both", ("SUSE",))


def _open_euler(release: Release) -> Distribution:
    # 22.03 (LTS-SP3): the service pack stands in the long name alone
    _, _, pack = release.name.partition("(")
    name = f"{release.version}-{pack.rstrip(')')}" if pack else release.version
    return Distribution((f"openEuler:{name}",), "both")


def _amazon(release: Release) -> Distribution:
    name = "1" if release.version.startswith("201") else _first(release.version, 1)
    return Distribution((f"Amazon Linux:{name}",), "binary", ("Amazon",))


_MADE: dict[str, Callable[[Release], Distribution]] = {
    "almalinux": _rpm("AlmaLinux", 1, "AlmaLinux"),
    "alpaquita": _rolling("Alpaquita"),
    "alpine": _alpine,
    "amzn": _amazon,
    "azurelinux": _rpm("Azure Linux", 1, "Microsoft", by="both"),
    "centos": _red_hat,
    "chainguard": _rolling("Chainguard"),
    "debian": _debian,
    "echo": _rolling("Echo"),
    "mageia": _rpm("Mageia", 1, "Mageia", by="source"),
    "mariner": _rpm("Azure Linux", 1, "Microsoft", by="both"),
    "minimos": _rolling("MinimOS"),
    "ol": _rpm("Oracle Linux", 1, "Oracle"),
    "openEuler": _open_euler,
    "opensuse-leap": _leap,
    "opensuse-tumbleweed": _tumbleweed,
    "photon": _rpm("Photon OS", 2, "VMware", "Photon", by="both"),
    "rhel": _red_hat,
    "rocky": _rpm("Rocky Linux", 1, "Rocky"),
    "sles": _suse,
    "ubuntu": _ubuntu,
    "wolfi": _rolling("Wolfi"),
}
