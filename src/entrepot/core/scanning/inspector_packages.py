"""Vulnerable packages as Inspector shows them: its names of package managers, versions in their parts, what to do.

https://docs.aws.amazon.com/inspector/v2/APIReference/API_VulnerablePackage.html
"""

from typing import Final

import msgspec

from entrepot.scan.merging import Located
from entrepot.scan.packages import Package, Release
from entrepot.scan.purl import purl

MANAGERS: Final = {
    "apk": "OS",
    "bitnami": "OS",
    "cargo": "CARGO",
    "composer": "COMPOSER",
    "deb": "OS",
    "gem": "GEMSPEC",
    "generic": "OS",
    "golang": "GOBINARY",
    "maven": "JAR",
    "npm": "NODEPKG",
    "nuget": "DOTNET_CORE",
    "pypi": "PYTHONPKG",
    "rpm": "OS",
}
_ARCHITECTURES: Final = {"amd64": "X86_64", "aarch64": "ARM64"}
_WITH_EPOCHS: Final = frozenset({"deb", "rpm"})
_WITH_RELEASES: Final = frozenset({"apk", "deb", "rpm"})
_UPDATES: Final = {"deb": "apt-get update && apt-get upgrade", "apk": "apk update && apk upgrade"}
_OF_RPM: Final = {
    "opensuse-leap": "zypper update",
    "opensuse-tumbleweed": "zypper update",
    "photon": "tdnf update",
    "sles": "zypper update",
}
_YUM: Final = "yum update"
_OLD_YUM: Final = frozenset({("amzn", "2"), ("centos", "7"), ("ol", "7"), ("rhel", "7")})


class Vulnerable(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True, gc=False):
    """A package with a vulnerability."""

    name: str
    version: str  # without epoch and release
    manager: str  # Inspector's PackageManager
    path: str  # the file that tells of it
    layer: str  # the digest of the layer that brought it
    epoch: int = 0
    release: str = ""
    arch: str = ""
    fixed: str = ""
    remediation: str = ""
    url: str = ""  # what others call it


def vulnerable(located: Located, fixed: str, release: Release | None) -> Vulnerable:
    """A package of an image of this operating system, as it is shown; `fixed` is the version that mends it, if any."""
    package = located.package
    epoch, version, build = parts(package.type, package.version)
    return Vulnerable(
        name=package.name,
        version=version,
        manager=MANAGERS.get(package.type, "OS"),
        path=package.path,
        layer=located.layer,
        epoch=epoch,
        release=build,
        arch=_ARCHITECTURES.get(package.arch, package.arch.upper()),
        fixed=_with_epoch(package.type, fixed),
        remediation=_remediation(package, fixed, release) if fixed else "",
        url=purl(package, release),
    )


def parts(kind: str, version: str) -> tuple[int, str, str]:
    """Epoch, version and release of a version of a system's package; those of languages are not taken apart."""
    epoch, text = 0, version
    head, colon, rest = version.partition(":")
    if kind in _WITH_EPOCHS and colon and head.isascii() and head.isdecimal() and len(head) < 10:
        epoch, text = int(head), rest
    if kind not in _WITH_RELEASES:
        return epoch, text, ""
    upstream, _, build = text.rpartition("-")
    return (epoch, upstream, build) if upstream else (epoch, text, "")


def _with_epoch(kind: str, fixed: str) -> str:
    """As Inspector writes it: with the epoch, where the package manager has some."""
    return f"0:{fixed}" if fixed and kind in _WITH_EPOCHS and ":" not in fixed else fixed


def _remediation(package: Package, fixed: str, release: Release | None) -> str:
    if package.type in _UPDATES:
        return _UPDATES[package.type]
    if package.type == "rpm":
        system = release.id if release else ""
        number = release.version.partition(".")[0] if release else ""
        return _OF_RPM.get(system, _YUM if (system, number) in _OLD_YUM else "dnf update")
    return f"Update {package.name} to {fixed}"
