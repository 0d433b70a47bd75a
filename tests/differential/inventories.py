"""What is in a saved image, as this project, Trivy and Syft say it, in one form: a set of what can be compared."""

import asyncio
import contextlib
import re
import sqlite3
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from packageurl import PackageURL

from entrepot.core.scanning.layer_programs import LayerPrograms
from entrepot.scan.merging import Image, Located, merge
from entrepot.scan.packages import Layer
from tests.factories.oracles import syft, trivy

_SYSTEM = frozenset({"deb", "apk", "rpm"})
_INNER = re.compile(r"(\.[jwe]ar)/")  # of a path, where it enters an archive
_TRIVY = "aquasecurity:trivy:"


class Installed(NamedTuple):
    """A package. Of a system's, `source` is what it was built from; of others, `path` is where it is."""

    type: str
    name: str
    version: str
    source: str = ""
    path: str = ""
    layer: str = ""


class Named(NamedTuple):
    """A package, as far as every scanner tells of it."""

    type: str
    name: str
    version: str


def ours(saved: Path, home: Path) -> Image:
    """What the program of the servers reads of each layer, merged."""
    layers = []
    with tarfile.open(saved) as archive:
        (manifest,) = _json(archive, "manifest.json")
        digests = _json(archive, manifest["Config"])["rootfs"]["diff_ids"]
        for digest, name in zip(digests, manifest["Layers"], strict=True):
            archive.extract(name, home, filter="data")
            layers.append((digest, _read(home / name)))
    return merge(layers)


def _json(archive: tarfile.TarFile, name: str) -> Any:
    member = archive.extractfile(name)
    assert member is not None
    return msgspec.json.decode(member.read())


def _read(layer: Path) -> Layer:
    async def read() -> Layer:
        with layer.open("rb") as blob:
            return await LayerPrograms(seconds=300.0).read(blob, layer.name)

    return asyncio.run(read())


def of_ours(image: Image) -> set[Installed]:
    """Of this project's inventory; a layer is named by the digest of its archive."""
    return {_ours(each) for each in image.packages}


def _ours(located: Located) -> Installed:
    package = located.package
    if package.type in _SYSTEM:
        source = f"{package.source_name or package.name} {package.source_version or package.version}"
        return Installed(package.type, package.name, package.version, source, layer=located.layer)
    name = package.name.lower() if package.type == "pypi" else package.name  # as package URLs write it
    return Installed(package.type, name, package.version, path=package.path, layer=located.layer)


def of_trivy(saved: Path, home: Path) -> set[Installed]:
    """Of Trivy's: needs none of its databases, but for archives of Java, which it knows by their checksums too."""
    _without_checksums(home / "trivy" / "java-db")
    return of_report(trivy("image", "--format", "cyclonedx", "--skip-java-db-update", "--input", saved, home=home))


def _without_checksums(folder: Path) -> None:
    """Trivy's database of archives of Java, with none in it: what they say themselves is compared."""
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.closing(sqlite3.connect(folder / "trivy-java.db")) as database:
        database.executescript(
            "CREATE TABLE IF NOT EXISTS artifacts(id INTEGER PRIMARY KEY, group_id TEXT, artifact_id TEXT);"
            "CREATE TABLE IF NOT EXISTS indices(artifact_id INTEGER, version TEXT, sha1 BLOB, archive_type TEXT);"
        )
    moments = {"UpdatedAt": "2024-01-01T00:00:00Z", "NextUpdate": "2100-01-01T00:00:00Z"}
    (folder / "metadata.json").write_bytes(
        msgspec.json.encode({"Version": 1, "DownloadedAt": moments["UpdatedAt"], **moments})
    )


def of_report(report: Mapping[str, Any]) -> set[Installed]:
    """Of what Trivy says as CycloneDX."""
    files = _files(report)
    return {_trivy(each, files.get(each["bom-ref"], "")) for each in report.get("components", ()) if "purl" in each}


def _files(report: Mapping[str, Any]) -> dict[str, str]:
    """The program or list of which a component is a part, directly or not: it is a component of its own there."""
    within = {each["ref"]: each.get("dependsOn", ()) for each in report["dependencies"]}
    found: dict[str, str] = {}
    for application in report.get("components", ()):
        left = [application["bom-ref"]] if application["type"] == "application" else []
        while left:
            for part in within.get(left.pop(), ()):
                if part not in found:
                    found[part] = application["name"]
                    left.append(part)
    return found


def _trivy(component: Mapping[str, Any], file: str) -> Installed:
    told = {each["name"].removeprefix(_TRIVY): each["value"] for each in component["properties"]}
    url = PackageURL.from_string(component["purl"])
    layer = told.get("LayerDiffID", "")
    if url.type in _SYSTEM:
        epoch = url.qualifiers.get("epoch")
        version = f"{epoch}:{url.version}" if epoch else url.version
        built = f"{told['SrcName']} {_version(told)}" if "SrcName" in told else f"{url.name} {version}"
        return Installed(url.type, url.name, version or "", built, layer=layer)
    path = _INNER.sub(r"\1!/", told.get("FilePath") or file)
    return Installed(url.type, _name(url), url.version or "", path=path, layer=layer)


def _version(told: Mapping[str, str]) -> str:
    epoch = f"{told['SrcEpoch']}:" if told.get("SrcEpoch", "0") != "0" else ""
    release = f"-{told['SrcRelease']}" if told.get("SrcRelease") else ""
    return f"{epoch}{told['SrcVersion']}{release}"


def _name(url: PackageURL) -> str:
    return f"{url.namespace}{':' if url.type == 'maven' else '/'}{url.name}" if url.namespace else url.name


def of_syft(saved: Path, home: Path, *arguments: str) -> set[Named]:
    """Of Syft's, without the files that its own classifiers name."""
    report = syft(saved, *arguments, home=home)
    return {_syft(each) for each in report.get("components", ()) if "purl" in each}


def _syft(component: Mapping[str, Any]) -> Named:
    url = PackageURL.from_string(component["purl"])
    name = url.name if url.type in _SYSTEM else _name(url)
    return Named(url.type, name, component.get("version", ""))


def named(installed: Iterable[Installed]) -> set[Named]:
    """What every scanner tells of them."""
    return {Named(each.type, each.name, each.version) for each in installed}
