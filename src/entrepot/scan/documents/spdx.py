"""SPDX 2.3 as JSON: what an image holds.

Where a package lies and what it was built from are told as Trivy tells it, which reads them.

https://spdx.github.io/spdx-spec/v2.3/
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Final

from entrepot.scan.documents.components import Component, components, expression, unread
from entrepot.scan.documents.subject import TOOL, Subject, encoded, identity
from entrepot.scan.merging import Image
from entrepot.scan.packages import Package, Release

MEDIA_TYPE: Final = "application/spdx+json"
BUILT_FROM: Final = "built package from: "
_DOCUMENT, _ROOT, _SYSTEM = "SPDXRef-DOCUMENT", "SPDXRef-Image", "SPDXRef-OperatingSystem"
_NONE: Final = "NOASSERTION"
_OF_SYSTEM: Final = frozenset({"deb", "apk", "rpm"})
_ADDRESS: Final = re.compile(r"(.*?)\s*<([^<>\s()]+@[^<>\s()]+)>.*", re.DOTALL)
_LICENCE_REFERENCE: Final = "LicenseRef-"

Json = dict[str, object]


def document(subject: Subject, image: Image) -> bytes:
    """What the image holds."""
    made = components(image)
    system = [] if image.release is None else [_system(image.release)]
    body: Json = {
        "name": subject.name,
        "comment": " ".join(unread(image)),
        "packages": [_root(subject), *system, *(_package(each, subject) for each in made)],
        "relationships": _relationships(made, has_system=bool(system)),
        "hasExtractedLicensingInfos": _licences(each.package.licence for each in made),
    }
    head: Json = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": _DOCUMENT,
        "documentNamespace": f"https://spdx.org/spdxdocs/{TOOL}/{subject.short_name}-{identity(body)}",
        "creationInfo": {"created": subject.moment, "creators": [f"Tool: {TOOL}-{subject.version}"]},
    }
    return encoded({key: value for key, value in (head | body).items() if value})


def _root(subject: Subject) -> Json:
    told = _common(_ROOT, subject.name, subject.digest, "CONTAINER")
    if subject.digest:
        algorithm, _, value = subject.digest.partition(":")
        told["checksums"] = [{"algorithm": algorithm.upper(), "checksumValue": value}]
        told["externalRefs"] = [_url(subject.reference)]
    return told


def _system(release: Release) -> Json:
    told = _common(_SYSTEM, release.id, release.version, "OPERATING-SYSTEM")
    if release.name:
        told["summary"] = release.name
    return told


def _package(each: Component, subject: Subject) -> Json:
    package = each.package
    told = _common(_id(each), package.name, package.version, "LIBRARY") | {
        "supplier": _supplier(package.vendor),
        "licenseDeclared": _licence(package.licence),
        "sourceInfo": _built_from(package),
        "externalRefs": [_url(each.purl)],
        "annotations": [
            {
                "annotator": f"Tool: {TOOL}-{subject.version}",
                "annotationDate": subject.moment,
                "annotationType": "OTHER",
                "comment": f"{key}: {value}",
            }
            for key, value in (("FilePath", package.path), ("LayerDigest", each.located.layer))
            if value
        ],
    }
    return {key: value for key, value in told.items() if value not in ("", [])}


def _common(spdx_id: str, name: str, version: str, purpose: str) -> Json:
    told: Json = {
        "SPDXID": spdx_id,
        "name": name,
        "downloadLocation": _NONE,
        "filesAnalyzed": False,
        "licenseConcluded": _NONE,
        "licenseDeclared": _NONE,
        "copyrightText": _NONE,
        "primaryPackagePurpose": purpose,
    }
    return told | ({"versionInfo": version} if version else {})


def _relationships(made: Sequence[Component], *, has_system: bool) -> list[Json]:
    found = [(_DOCUMENT, "DESCRIBES", _ROOT)]
    if has_system:
        found.append((_ROOT, "CONTAINS", _SYSTEM))
    for each in made:
        holder = _SYSTEM if has_system and each.package.type in _OF_SYSTEM else _ROOT
        found.append((holder, "CONTAINS", _id(each)))
    return [{"spdxElementId": of, "relationshipType": kind, "relatedSpdxElement": to} for of, kind, to in found]


def _id(each: Component) -> str:
    return f"SPDXRef-Package-{sha256(each.reference.encode()).hexdigest()[:16]}"


def _url(locator: str) -> Mapping[str, str]:
    return {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": locator}


def _supplier(vendor: str) -> str:
    """`Organization: Name (address)`, as SPDX writes who `Name <address>` is."""
    named = _ADDRESS.fullmatch(vendor)
    if named and named[1]:
        return f"Organization: {_plain(named[1])} ({named[2]})"
    return f"Organization: {_plain(vendor)}" if _plain(vendor) else ""


def _plain(name: str) -> str:
    return re.sub(r"[()<>\s]+", " ", name).strip()


def _built_from(package: Package) -> str:
    """What a package of the operating system was built from."""
    if package.type not in _OF_SYSTEM:
        return ""
    return f"{BUILT_FROM}{package.source_name or package.name} {package.source_version or package.version}"


def _licence(licence: str) -> str:
    if not licence:
        return _NONE
    return expression(licence) or _reference(licence)


def _reference(licence: str) -> str:
    return f"{_LICENCE_REFERENCE}{sha256(licence.encode()).hexdigest()[:16]}"


def _licences(told: Iterable[str]) -> list[Json]:
    """Those that have no identifier, in the words of their packages."""
    own = dict.fromkeys(each for each in told if each and not expression(each))
    return [{"licenseId": _reference(each), "extractedText": each, "name": each} for each in own]
