"""Package URLs: what other programs call a package.

https://github.com/package-url/purl-spec, with the qualifiers `upstream` and `rpmmod` that Syft and Grype understand.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from packageurl import PackageURL

from entrepot.scan.packages import Package, Release

_RPM_NAMESPACES: Final = {"rhel": "redhat", "hummingbird": "redhat", "sles": "suse", "sled": "suse", "sle_hpc": "suse"}


def purl(package: Package, release: Release | None) -> str:
    """The canonical URL; packages of the operating system name their distribution, if it is known."""
    return _canonical(package, None if release is None else Release(release.id, release.version))


@lru_cache(maxsize=16_384)  # images repeat their packages
def _canonical(package: Package, release: Release | None) -> str:
    if package.type in _SYSTEM:
        return _SYSTEM[package.type](package, release)
    namespace, _, name = package.name.rpartition(_SEPARATORS.get(package.type, "/"))
    return PackageURL(package.type, namespace or None, name, package.version or None).to_string()


_SEPARATORS: Final = {"maven": ":"}


def _deb(package: Package, release: Release | None) -> str:
    upstream = _source(package, "@") if package.source_version else package.source_name
    qualifiers = {"arch": package.arch, "upstream": upstream, "distro": _distro(release)}
    return _url(package, release.id if release else "", package.version, qualifiers)


def _apk(package: Package, release: Release | None) -> str:
    upstream = "" if package.source_name == package.name else package.source_name
    qualifiers = {"arch": package.arch, "upstream": upstream, "distro": _distro(release)}
    return _url(package, release.id if release else "", package.version, qualifiers)


def _rpm(package: Package, release: Release | None) -> str:
    """The epoch is a qualifier, and not part of the version; `upstream` is the source package's file."""
    epoch, _, version = package.version.rpartition(":")
    qualifiers = {
        "arch": package.arch,
        "epoch": epoch,
        "upstream": f"{_source(package, '-')}.src.rpm" if package.source_name else "",
        "rpmmod": package.modularity,
        "distro": _distro(release),
    }
    return _url(package, _rpm_namespace(release), version, qualifiers)


def _source(package: Package, separator: str) -> str:
    version = package.source_version or package.version
    return f"{package.source_name}{separator}{version if separator == '@' else version.rpartition(':')[2]}"


def _rpm_namespace(release: Release | None) -> str:
    name = release.id if release else ""
    return "opensuse" if name.startswith("opensuse") else _RPM_NAMESPACES.get(name, name)


def _distro(release: Release | None) -> str:
    """`debian-12`, or only the name of one that has no versions."""
    return "-".join(filter(None, (release.id, release.version))) if release else ""


def _url(package: Package, namespace: str, version: str, qualifiers: dict[str, str]) -> str:
    given = {key: value for key, value in qualifiers.items() if value}
    return PackageURL(package.type, namespace or None, package.name, version or None, given).to_string()


_SYSTEM: Final[dict[str, Callable[[Package, Release | None], str]]] = {"deb": _deb, "apk": _apk, "rpm": _rpm}
