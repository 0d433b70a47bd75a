"""Lists of contents that an image brings along: CycloneDX 1.4 to 1.6 and SPDX 2.2 and 2.3, both as JSON.

They are believed where the image's builder put them: Bitnami's folders, and the folders for them of Docker, Wolfi and
Chainguard. Those within Python's distributions (PEP 770) are not read: they also list what was needed to build and to
test. What they say of the operating system's packages is left out: its own database tells of these. What has no package
URL is left out as well.

https://cyclonedx.org/docs/1.6/json/
https://spdx.github.io/spdx-spec/v2.3/
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
from packageurl import PackageURL

from entrepot.errors.scanning import FileMalformed
from entrepot.scan.files import File, Reader
from entrepot.scan.languages import fields
from entrepot.scan.packages import Package

LONGEST_URL: Final = 2048
_PLACES: Final = re.compile(
    r"opt/bitnami/(?:[^/]+/)*\.spdx-[^/]+\.spdx"
    r"|(?:usr/(?:local/)?share/sbom|var/lib/db/sbom)/(?:[^/]+/)*[^/]+\.(?:json|spdx|cdx)"
)
_SOURCES_TOO: Final = "var/lib/db/sbom/"  # of each package's sources there is a `generic`: they are not in the image
_SEPARATORS: Final = {"npm": "/", "maven": ":", "golang": "/", "composer": "/", "generic": "/"}
_TYPES: Final = frozenset({"pypi", "gem", "cargo", "nuget", "bitnami", *_SEPARATORS})
_ABSENT: Final = msgspec.Raw(b"null")


class _Reference(msgspec.Struct, rename="camel", gc=False):
    reference_type: str = ""
    reference_locator: str = ""


class _Contained(msgspec.Struct, rename="camel", gc=False):
    license_declared: str = ""
    license_concluded: str = ""
    external_refs: tuple[_Reference, ...] = ()


class _Component(msgspec.Struct, gc=False):
    purl: str = ""
    licenses: msgspec.Raw = _ABSENT
    components: tuple["_Component", ...] = ()


class _Document(msgspec.Struct, rename={"spdx": "spdxVersion", "format": "bomFormat"}):
    spdx: str = ""
    format: str = ""
    packages: tuple[_Contained, ...] = ()
    components: tuple[_Component, ...] = ()


_DECODER: Final = msgspec.json.Decoder(_Document)


def _read(file: File) -> Iterator[Package]:
    document = fields.decoded(file, _DECODER)
    if not document.spdx.startswith("SPDX-2.") and document.format != "CycloneDX":
        raise FileMalformed(path=file.path, reason="it is neither SPDX 2 nor CycloneDX")
    found = (_package(url, of, file.path) for url, of in _references(document))
    told = set()
    for count, package in enumerate(found):
        if count >= fields.MOST_PACKAGES:
            raise FileMalformed(path=file.path, reason=f"it tells of more than {fields.MOST_PACKAGES} packages")
        if package and package not in told:
            told.add(package)
            yield package


def _references(document: _Document) -> Iterator[tuple[str, _Contained | _Component]]:
    """The package URLs of types that are wanted, and what they are of, as they stand."""
    for contained in document.packages:
        for each in contained.external_refs:
            if each.reference_type == "purl" and _is_wanted(each.reference_locator):
                yield each.reference_locator, contained
    waiting = list(document.components[::-1])
    while waiting:
        component = waiting.pop()
        if _is_wanted(component.purl):
            yield component.purl, component
        waiting += component.components[::-1]


def _is_wanted(url: str) -> bool:
    scheme, _, rest = url[:LONGEST_URL].partition(":")
    return scheme == "pkg" and len(url) < LONGEST_URL and rest.lstrip("/").partition("/")[0].lower() in _TYPES


def _licence(of: _Contained | _Component) -> str:
    if isinstance(of, _Contained):
        return _stated(of.license_declared) or _stated(of.license_concluded)
    return fields.licences(_licences(fields.value(of.licenses)))


def _stated(licence: str) -> str:
    return "" if licence in {"NOASSERTION", "NONE"} else fields.licences([licence])


def _licences(choices: object) -> Iterator[object]:
    """`[{"license": {"id" or "name": …}}, {"expression": …}]`."""
    for choice in choices if isinstance(choices, list) else []:
        if isinstance(choice, dict):
            licence = choice.get("license")
            named = (licence.get("id") or licence.get("name")) if isinstance(licence, dict) else None
            yield named or choice.get("expression")


def _package(text: str, of: _Contained | _Component, path: str) -> Package | None:
    try:
        url = PackageURL.from_string(text)
    except ValueError:
        return None
    if url.type == "generic" and path.startswith(_SOURCES_TOO):
        return None
    parts: Sequence[str] = [url.namespace, url.name] if url.namespace and url.type in _SEPARATORS else [url.name]
    return fields.package(url.type, _SEPARATORS.get(url.type, "").join(parts), url.version, path, _licence(of))


def _is_placed(path: str) -> bool:
    return _PLACES.fullmatch(path) is not None


READERS: Final = (Reader(kind="sbom", read=_read, endings=(".json", ".spdx", ".cdx"), wants=_is_placed),)
