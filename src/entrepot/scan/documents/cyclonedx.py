"""CycloneDX as JSON: what an image holds (1.4, 1.6), and on request what is known of it (1.6).

Properties are named as Trivy names its own, so that it reads the source package, the layer and the file of a package.

https://cyclonedx.org/docs/1.6/json/ , https://cyclonedx.org/docs/1.4/json/
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal

from entrepot.scan.documents import cyclonedx_vulnerabilities
from entrepot.scan.documents.components import (
    Component,
    components,
    epoch_and_release,
    expression,
    group_and_name,
    references,
    unread,
)
from entrepot.scan.documents.reported import Reported
from entrepot.scan.documents.subject import TOOL, Subject, encoded, identity
from entrepot.scan.merging import Image
from entrepot.scan.packages import Package, Release

Version = Literal["1.4", "1.6"]
MEDIA_TYPE: Final = "application/vnd.cyclonedx+json"
PROPERTY: Final = "aquasecurity:trivy:"
UNREAD: Final = "entrepot:unread"
_OF_SYSTEM: Final = frozenset({"deb", "apk", "rpm"})
_RELEASED: Final = frozenset({"deb", "rpm"})  # whose versions have an epoch and a release
_PROGRAMS: Final = frozenset({"generic", "bitnami"})

Json = dict[str, object]


def document(subject: Subject, image: Image, version: Version, found: Sequence[Reported] | None = None) -> bytes:
    """What the image holds; `found` is what is known of it, where that is to stand in the document (of 1.6)."""
    made = components(image)
    body = _body(subject, image, made, version)
    if found is not None:
        body["vulnerabilities"] = cyclonedx_vulnerabilities.listed(found, references(made))
    head: Json = {
        "$schema": f"http://cyclonedx.org/schema/bom-{version}.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": version,
        "serialNumber": identity({"specVersion": version} | body).urn,
        "version": 1,
    }
    return encoded(head | body)


def _body(subject: Subject, image: Image, made: Sequence[Component], version: Version) -> Json:
    system = [] if image.release is None else [_system(image.release)]
    of_system = [each.reference for each in made if each.package.type in _OF_SYSTEM]
    others = [each.reference for each in made if each.package.type not in _OF_SYSTEM]
    tree: list[Json] = [{"ref": subject.reference, "dependsOn": [*_references(system), *others]}]
    if system:
        tree.append({"ref": system[0]["bom-ref"], "dependsOn": of_system})
    else:
        tree[0]["dependsOn"] = of_system + others
    return {
        "metadata": {
            "timestamp": subject.moment,
            "tools": _tools(subject.version, version),
            "component": _root(subject, image),
        },
        "components": system + [_component(each) for each in made],
        "dependencies": tree,
        "compositions": [
            {"aggregate": "incomplete" if image.unread else "complete", "assemblies": [subject.reference]}
        ],
    }


def _tools(version: str, of: Version) -> object:
    if of == "1.4":
        return [{"name": TOOL, "version": version}]
    return {"components": [{"type": "application", "name": TOOL, "version": version}]}


def _root(subject: Subject, image: Image) -> Json:
    told: Json = {"type": "container", "bom-ref": subject.reference, "name": subject.name}
    if subject.digest:
        told |= {"version": subject.digest, "purl": subject.reference}
    if image.unread:
        told["properties"] = [{"name": UNREAD, "value": each} for each in unread(image)]
    return told


def _system(release: Release) -> Json:
    told: Json = {
        "type": "operating-system",
        "bom-ref": "operating-system",
        "name": release.id,
        "version": release.version,
        "description": release.name,
        "cpe": release.cpe if release.cpe.startswith("cpe:") else "",
    }
    return {key: value for key, value in told.items() if value}


def _component(each: Component) -> Json:
    package = each.package
    group, name = group_and_name(package)
    told: Json = {
        "type": "application" if package.type in _PROGRAMS else "library",
        "bom-ref": each.reference,
        "publisher": package.vendor,
        "group": group,
        "name": name,
        "version": package.version,
        "licenses": _licences(package.licence),
        "purl": each.purl,
        "properties": [{"name": f"{PROPERTY}{key}", "value": value} for key, value in _properties(each)],
    }
    return {key: value for key, value in told.items() if value}


def _licences(licence: str) -> list[Json]:
    known = expression(licence)
    if known:
        return [{"expression": known}]
    return [{"license": {"name": licence}}] if licence else []


def _properties(each: Component) -> Iterator[tuple[str, str]]:
    package = each.package
    if package.path:
        yield "FilePath", package.path
    if each.located.layer:
        yield "LayerDigest", each.located.layer
    if package.modularity:
        yield "Modularitylabel", package.modularity
    if package.type in _OF_SYSTEM:
        yield from _source(package)


def _source(package: Package) -> Iterator[tuple[str, str]]:
    version = package.source_version or package.version
    epoch, upstream, release = epoch_and_release(version) if package.type in _RELEASED else ("", version, "")
    for key, value in (("Name", package.source_name), ("Epoch", epoch), ("Version", upstream), ("Release", release)):
        if value:
            yield f"Src{key}", value


def _references(made: Sequence[Mapping[str, object]]) -> list[object]:
    return [each["bom-ref"] for each in made]
