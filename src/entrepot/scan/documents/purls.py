"""Packages from what an SBOM says of them: a package URL, and beside it what such URLs have no place for.

https://github.com/package-url/purl-spec ; the qualifiers are those that scan/purl.py writes.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from packageurl import PackageURL

from entrepot.scan.languages import fields
from entrepot.scan.merging import Located
from entrepot.scan.packages import Package, Release

SYSTEM: Final = frozenset({"deb", "apk", "rpm"})
_LONGEST: Final = 4096
_SEPARATORS: Final = {"npm": "/", "maven": ":", "golang": "/", "composer": "/"}
_LANGUAGES: Final = frozenset({"pypi", "gem", "cargo", "nuget", "bitnami", "generic", *_SEPARATORS})
_SOURCE_RPM: Final = ".src.rpm"


class Told(msgspec.Struct, frozen=True):
    """What is said of one package; texts are empty where nothing is."""

    url: str
    names: Sequence[str]  # as it is written there: URLs of some types have no capitals
    path: str
    layer: str
    source_name: str
    source_version: str
    modularity: str
    vendor: str
    licence: str


def located(told: Told) -> Located | None:
    """The package; None for what is no URL, or of a type that nothing is known of."""
    url = _parsed(told.url)
    if url is None or url.type not in SYSTEM | _LANGUAGES:
        return None
    name = url.name
    if url.namespace and url.type in _SEPARATORS:
        name = f"{url.namespace}{_SEPARATORS[url.type]}{url.name}"
    name = next((each for each in told.names if each.lower() == name.lower()), name)
    given = fields.package(url.type, name, url.version, fields.text(told.path, _LONGEST), told.licence)
    if given is None:
        return None
    package = _of_system(given, url, told) if url.type in SYSTEM else given
    return Located(package, fields.text(told.layer))


def release_of(text: str) -> Release | None:
    """The operating system that a package's URL names (`distro=debian-12`)."""
    url = _parsed(text)
    if url is None or url.type not in SYSTEM:
        return None
    distro = _qualifiers(url).get("distro", "")
    name, _, version = distro.rpartition("-")
    if name and version[:1].isdigit():
        return Release(name, version)
    return Release(distro) if distro else None


def _of_system(package: Package, url: PackageURL, told: Told) -> Package:
    qualifiers = _qualifiers(url)
    epoch = qualifiers.get("epoch", "")
    version = package.version
    if epoch not in {"", "0"} and ":" not in version:
        version = f"{epoch}:{version}"
    name, of = (
        (told.source_name, told.source_version) if told.source_name else _upstream(qualifiers.get("upstream", ""))
    )
    if of and ":" not in of and ":" in version and of == version.rpartition(":")[2]:
        of = version  # a source package's file has no epoch in its name
    return msgspec.structs.replace(
        package,
        version=version,
        source_name=fields.text(name),
        source_version="" if of == version else fields.text(of, fields.LONGEST_VERSION),
        arch=fields.text(qualifiers.get("arch", "")),
        modularity=fields.text(told.modularity or qualifiers.get("rpmmod", "")),
        vendor=fields.text(told.vendor),
    )


def _upstream(text: str) -> tuple[str, str]:
    """The name and the version of a source package: `openssl`, `openssl@3.0.9-1`, `openssl-3.0.7-24.el9.src.rpm`."""
    if text.endswith(_SOURCE_RPM):
        name, version, release = [*text.removesuffix(_SOURCE_RPM).rsplit("-", 2), "", ""][:3]
        return name, "-".join(filter(None, (version, release)))
    name, _, version = text.partition("@")
    return name, version


def _parsed(text: str) -> PackageURL | None:
    if len(text) > _LONGEST:
        return None
    try:
        return PackageURL.from_string(text)
    except ValueError:
        return None


def _qualifiers(url: PackageURL) -> Mapping[str, str]:
    return dict(url.qualifiers)
