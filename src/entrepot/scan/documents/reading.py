"""SBOMs of others as images: CycloneDX 1.2 to 1.7 and SPDX 2.2 and 2.3, both as JSON.

Unlike those that an image brings along (scan/languages/sboms.py) they tell of the operating system's packages too, and
of the release that these belong to.

https://cyclonedx.org/docs/1.6/json/ , https://spdx.github.io/spdx-spec/v2.3/
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from entrepot.errors.scanning import FileMalformed
from entrepot.scan.documents import cyclonedx, spdx
from entrepot.scan.documents.purls import SYSTEM, Told, located, release_of
from entrepot.scan.languages import fields
from entrepot.scan.merging import Database, Image, Located, Unread
from entrepot.scan.packages import Release, SystemKind

LARGEST: Final = 256 * 1024 * 1024  # bytes
MOST: Final = 500_000  # objects and arrays, of which each package has several
_ABSENT: Final = msgspec.Raw(b"null")
_NO_ANSWER: Final = frozenset({"NOASSERTION", "NONE", ""})
_BUILT_FROM: Final = re.compile(re.escape(spdx.BUILT_FROM) + r"(\S+) (\S+)")
_UNREAD: Final = re.compile(r"(.+?) could not be read: (.+)", re.DOTALL)
_SUPPLIER: Final = re.compile(r"(?:Organization|Person): (.*?)(?: \(([^()]*)\))?")
_KINDS: Final[Mapping[str, SystemKind]] = {"deb": "dpkg", "apk": "apk", "rpm": "rpm"}


class _Named(msgspec.Struct):
    name: str = ""
    value: str = ""


class _Component(msgspec.Struct):
    type: str = ""
    name: str = ""
    group: str = ""
    version: str = ""
    description: str = ""
    cpe: str = ""
    purl: str = ""
    publisher: str = ""
    licenses: msgspec.Raw = _ABSENT
    properties: tuple[_Named, ...] = ()
    components: tuple["_Component", ...] = ()


class _Metadata(msgspec.Struct):
    component: _Component | None = None


class _Reference(msgspec.Struct, rename="camel"):
    reference_type: str = ""
    reference_locator: str = ""


class _Annotation(msgspec.Struct):
    comment: str = ""


class _Contained(msgspec.Struct, rename="camel"):
    name: str = ""
    version_info: str = ""
    summary: str = ""
    supplier: str = ""
    source_info: str = ""
    license_declared: str = ""
    license_concluded: str = ""
    primary_package_purpose: str = ""
    external_refs: tuple[_Reference, ...] = ()
    annotations: tuple[_Annotation, ...] = ()


class _Licence(msgspec.Struct, rename="camel"):
    license_id: str = ""
    extracted_text: str = ""


class _Document(msgspec.Struct, rename={"spdx": "spdxVersion", "format": "bomFormat"}):
    spdx: str = ""
    format: str = ""
    metadata: _Metadata | None = None
    components: tuple[_Component, ...] = ()
    packages: tuple[_Contained, ...] = ()
    hasExtractedLicensingInfos: tuple[_Licence, ...] = ()  # noqa: N815 - as the format names it


_DECODER: Final = msgspec.json.Decoder(_Document)


def image(data: bytes, name: str) -> Image:
    """What an SBOM says that an image holds: FileMalformed, with the name of its file. What has no package URL is not
    told of.
    """
    document = _decoded(data, name)
    if document.format == "CycloneDX":
        return _of_cyclonedx(document)
    if document.spdx.startswith("SPDX-2."):
        return _of_spdx(document)
    raise FileMalformed(path=name, reason="it is neither CycloneDX nor SPDX 2, as JSON")


def _decoded(data: bytes, name: str) -> _Document:
    if len(data) > LARGEST:
        raise FileMalformed(path=name, reason=f"it has more than {LARGEST} bytes")
    if data.count(b"{") + data.count(b"[") > MOST * 8:
        raise FileMalformed(path=name, reason=f"it has more than {MOST * 8} objects and arrays")
    try:
        return _DECODER.decode(data)
    except RecursionError:
        raise FileMalformed(path=name, reason="it is nested too deep") from None
    except ValueError as fault:  # of msgspec, and bytes that are no UTF-8
        raise FileMalformed(path=name, reason=f"it is no SBOM: {fault}") from None


# ---------------------------------------------------------------- CycloneDX
def _of_cyclonedx(document: _Document) -> Image:
    root = document.metadata.component if document.metadata else None
    components = list(_flat([*([root] if root else []), *document.components]))
    system = next((each for each in components if each.type == "operating-system" and each.name), None)
    release = None if system is None else Release(system.name, system.version, name=system.description, cpe=system.cpe)
    tolds = [_told_of_component(each) for each in components if each.purl]
    unread = [each.value for each in root.properties if each.name == cyclonedx.UNREAD] if root else []
    return _image(tolds, release, unread)


def _flat(components: Sequence[_Component]) -> Iterator[_Component]:
    waiting = list(components[::-1])
    while waiting:
        component = waiting.pop()
        yield component
        waiting += component.components[::-1]


def _told_of_component(component: _Component) -> Told:
    found = {each.name.removeprefix(cyclonedx.PROPERTY): each.value for each in component.properties}
    return Told(
        url=component.purl,
        names=(component.name, *(f"{component.group}{separator}{component.name}" for separator in "/:")),
        path=found.get("FilePath", ""),
        layer=found.get("LayerDigest", ""),
        source_name=found.get("SrcName", ""),
        source_version=_joined(found.get("SrcEpoch", ""), found.get("SrcVersion", ""), found.get("SrcRelease", "")),
        modularity=found.get("Modularitylabel", ""),
        vendor=component.publisher,
        licence=fields.licences(_licences(fields.value(component.licenses))),
    )


def _joined(epoch: str, upstream: str, release: str) -> str:
    version = "-".join(filter(None, (upstream, release)))
    return f"{epoch}:{version}" if version and epoch not in {"", "0"} else version


def _licences(choices: object) -> Iterator[object]:
    for choice in choices if isinstance(choices, list) else []:
        if isinstance(choice, dict):
            licence = choice.get("license")
            named = (licence.get("id") or licence.get("name")) if isinstance(licence, dict) else None
            yield named or choice.get("expression")


# ---------------------------------------------------------------- SPDX
def _of_spdx(document: _Document) -> Image:
    system = next((each for each in document.packages if _is_system(each)), None)
    release = None if system is None else Release(system.name, system.version_info, name=system.summary)
    texts = {each.license_id: each.extracted_text for each in document.hasExtractedLicensingInfos}
    tolds = [
        _told_of_package(each, reference.reference_locator, texts)
        for each in document.packages
        for reference in each.external_refs
        if reference.reference_type == "purl"
    ]
    return _image(tolds, release, ())


def _is_system(contained: _Contained) -> bool:
    return contained.primary_package_purpose.replace("_", "-") == "OPERATING-SYSTEM" and bool(contained.name)


def _told_of_package(contained: _Contained, url: str, texts: Mapping[str, str]) -> Told:
    notes = dict(each.comment.partition(": ")[::2] for each in contained.annotations)
    built = _BUILT_FROM.fullmatch(contained.source_info)
    supplier = _SUPPLIER.fullmatch(contained.supplier)
    vendor = supplier[1] + (f" <{supplier[2]}>" if supplier[2] else "") if supplier else ""
    licence = next(
        (each for each in (contained.license_declared, contained.license_concluded) if each not in _NO_ANSWER), ""
    )
    return Told(
        url=url,
        names=(contained.name,),
        path=notes.get("FilePath", ""),
        layer=notes.get("LayerDigest", ""),
        source_name=built[1] if built else "",
        source_version=built[2] if built else "",
        modularity="",
        vendor=vendor,
        licence=fields.licences([texts.get(licence, licence)]),
    )


# ---------------------------------------------------------------- both
def _image(tolds: Sequence[Told], release: Release | None, unread: Sequence[str]) -> Image:
    found = [each for each in map(located, tolds) if each is not None]
    if release is None:
        release = next((named for each in tolds if (named := release_of(each.url)) is not None), None)
    return Image(
        release=release,
        databases=list(_databases(found)),
        packages=list(dict.fromkeys(found)),
        unread=[Unread(parts[1], parts[2], "") for each in unread if (parts := _UNREAD.fullmatch(each))],
    )


def _databases(found: Sequence[Located]) -> Iterator[Database]:
    places = dict.fromkeys((each.package.type, each.package.path, each.layer) for each in found)
    for kind, path, layer in places:
        if kind in SYSTEM:
            yield Database(_KINDS[kind], path, layer)
