"""VEX in CycloneDX 1.4 to 1.6, JSON: https://cyclonedx.org/capabilities/vex/ , https://cyclonedx.org/docs/1.6/json/ .

The analysis of a vulnerability says its state; what it affects is named by reference: to components of the document, to
those of another (BOM-Link, whose end is a package URL in practice), or to what the whole document is about.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final
from urllib.parse import unquote

import msgspec

from entrepot.errors.vex import VexMalformed
from entrepot.scan.vex.decoding import decoded
from entrepot.scan.vex.products import identified, parsed
from entrepot.scan.vex.statements import (
    LONGEST_NAME,
    LONGEST_TEXT,
    MOST_CLAIMS,
    MOST_STATEMENTS,
    Document,
    Product,
    Statement,
    Status,
    name_of,
    said_at,
)

_VERSIONS: Final = frozenset({"1.4", "1.5", "1.6"})
_LINK: Final = "urn:cdx:"
_MOST_COMPONENTS: Final = 100_000
_STATUSES: Final[Mapping[str, Status]] = {
    "resolved": "fixed",
    "resolved_with_pedigree": "fixed",
    "exploitable": "affected",
    "in_triage": "under_investigation",
    "false_positive": "not_affected",
    "not_affected": "not_affected",
}
_CONTAINER: Final = "container"
_FALSE_POSITIVE: Final = "false_positive"
_JUSTIFICATIONS: Final = frozenset(
    {
        "code_not_present",
        "code_not_reachable",
        "requires_configuration",
        "requires_dependency",
        "requires_environment",
        "protected_by_compiler",
        "protected_at_runtime",
        "protected_at_perimeter",
        "protected_by_mitigating_control",
    }
)


class _Hash(msgspec.Struct):
    alg: str
    content: str


class _Component(msgspec.Struct):
    type: str = ""
    name: str = ""
    version: str = ""
    purl: str = ""
    ref: str = msgspec.field(default="", name="bom-ref")
    hashes: Sequence[_Hash] = ()
    components: Sequence["_Component"] = ()


class _Party(msgspec.Struct):
    name: str = ""


class _Metadata(msgspec.Struct):
    timestamp: datetime | None = None
    component: _Component | None = None
    authors: Sequence[_Party] = ()
    supplier: _Party | None = None
    manufacture: _Party | None = None
    manufacturer: _Party | None = None


class _Analysis(msgspec.Struct, rename="camel"):
    state: str = ""
    justification: str = ""
    detail: str = ""
    first_issued: datetime | None = None
    last_updated: datetime | None = None


class _Version(msgspec.Struct):
    version: str = ""
    range: str = ""
    status: str = "affected"


class _Affected(msgspec.Struct):
    ref: str
    versions: Sequence[_Version] = ()


class _Reference(msgspec.Struct):
    id: str = ""


class _Vulnerability(msgspec.Struct):
    id: str = ""
    references: Sequence[_Reference] = ()
    analysis: _Analysis | None = None
    affects: Sequence[_Affected] = ()


class _Document(msgspec.Struct, rename="camel"):
    spec_version: str
    serial_number: str = ""
    version: int = 1
    metadata: _Metadata | None = None
    components: Sequence[_Component] = ()
    vulnerabilities: Sequence[_Vulnerability] = ()


def read(data: bytes) -> Document | None:
    """A document; None for one that analyses no vulnerability, as an SBOM: VexMalformed."""
    told = decoded(data, _Document)
    analysed = [each for each in told.vulnerabilities if each.analysis is not None and each.analysis.state]
    if not analysed:
        return None
    _check(told, len(analysed))
    metadata = told.metadata or _Metadata()
    products = _Products(told, metadata.component)
    moment = None if metadata.timestamp is None else said_at(metadata.timestamp)
    statements = [each for number, one in enumerate(analysed, 1) for each in _statements(number, one, products, moment)]
    if sum(len(each.products) + each.foreign for each in statements) > MOST_CLAIMS:
        raise VexMalformed(reason=f"its statements name more than {MOST_CLAIMS} products together")
    statements.sort(key=lambda each: each.said_at)
    latest = statements[-1].said_at if moment is None else moment
    name = name_of(told.serial_number)
    return Document(name, _author(metadata), str(told.version)[:32], latest, statements, products.about)


def _check(told: _Document, analysed: int) -> None:
    if told.spec_version not in _VERSIONS:
        raise VexMalformed(reason=f"it is CycloneDX {told.spec_version[:20]!r}, and 1.4 to 1.6 are read")
    if not told.serial_number:
        raise VexMalformed(reason="without a serialNumber nobody can say which document takes its place")
    if analysed > MOST_STATEMENTS:
        raise VexMalformed(reason=f"it has more than {MOST_STATEMENTS} statements")


def _author(metadata: _Metadata) -> str:
    parties = (*metadata.authors, metadata.supplier, metadata.manufacturer, metadata.manufacture)
    return next((each.name[:LONGEST_NAME] for each in parties if each is not None and each.name), "")


class _Products:
    """What references name. `about` is the name of what the document is about, where that is no image."""

    def __init__(self, told: _Document, whole: _Component | None) -> None:
        self._whole = whole
        self._product = None if whole is None else _identified(whole)
        self._image = self._product.image if self._product is not None else ""
        self.about = "" if whole is None or self._image else (whole.name or whole.ref or "its component")[:LONGEST_NAME]
        self._parts: dict[str, _Component] = {}
        waiting = [*told.components, *(() if whole is None else whole.components)]
        for _ in range(_MOST_COMPONENTS):
            if not waiting:
                break
            each = waiting.pop()
            waiting.extend(each.components)
            if each.ref:
                self._parts.setdefault(each.ref, each)
        if waiting:
            raise VexMalformed(reason=f"it has more than {_MOST_COMPONENTS} components")

    def is_whole(self, ref: str) -> bool:
        """Whether a reference is to what the document is about, of which nothing is known but its name."""
        return self._whole is not None and ref != "" and ref == self._whole.ref and not self._image

    def named(self, ref: str) -> Product | None:
        """What a reference names; None for what is neither an image nor a package."""
        if self._whole is not None and ref == self._whole.ref:
            return self._product
        if ref.startswith(_LINK):
            ref = unquote(ref.partition("#")[2])
        part = self._parts.get(ref)
        found = identified((ref,), {}, ref) if part is None else _identified(part)
        if found is None or found.image or not self._image:
            return found
        return Product(self._image, found.package)


def _identified(told: _Component) -> Product | None:
    """By its package URL; a container also by a digest, which is its hash or its version."""
    is_image = told.type == _CONTAINER
    hashes = {each.alg: each.content for each in told.hashes} if is_image else {}
    return identified((told.purl, told.ref), hashes, told.version if is_image else "")


def _statements(number: int, told: _Vulnerability, products: _Products, moment: int | None) -> Iterator[Statement]:
    """One of all that is named, and one of the whole product where that is."""
    if not told.id or told.analysis is None:
        raise VexMalformed(reason=f"vulnerability {number} has no id")
    if not told.affects:
        raise VexMalformed(reason=f"vulnerability {number} affects nothing: it must say which component it is about")
    status, justification, text = _judged(number, told.analysis)
    aliases = tuple(dict.fromkeys(name_of(each.id) for each in told.references if each.id and each.id != told.id))
    at = told.analysis.last_updated or told.analysis.first_issued
    if at is None and moment is None:
        raise VexMalformed(reason=f"neither the analysis of vulnerability {number} nor the document has a moment")
    said = said_at(at) if at is not None else moment or 0
    statement = Statement(name_of(told.id), aliases, (), status, justification, text, said)
    parts = [each for each in told.affects if not products.is_whole(each.ref)]
    if len(parts) < len(told.affects):
        yield statement
    if parts:
        found = [each for one in parts for each in _versions(products.named(one.ref), one.versions)]
        known = tuple(dict.fromkeys(each for each in found if each is not None))
        yield msgspec.structs.replace(statement, products=known, foreign=found.count(None))


def _versions(product: Product | None, told: Sequence[_Version]) -> Iterator[Product | None]:
    """A product, in the versions that are said of it; one that is said to be unaffected anyhow is not analysed."""
    if product is None or not told or not product.package:
        yield product
        return
    for each in told:
        url = parsed(product.package)
        if url is None or each.status == "unaffected":
            continue
        if not each.version or (url.version and url.version != each.version):
            yield None  # a range, or another version than that of the component
        else:
            text = url._replace(version=each.version).to_string()
            yield Product(product.image, name_of(text))


def _judged(number: int, told: _Analysis) -> tuple[Status, str, str]:
    status = _STATUSES.get(told.state)
    if status is None:
        raise VexMalformed(reason=f"vulnerability {number} has the state {told.state[:100]!r}, which is none")
    if told.justification and told.justification not in _JUSTIFICATIONS:
        reason = f"vulnerability {number} has the justification {told.justification[:100]!r}, which is none"
        raise VexMalformed(reason=reason)
    if told.state == _FALSE_POSITIVE:
        return status, told.justification or _FALSE_POSITIVE, told.detail[:LONGEST_TEXT]
    if status == "not_affected" and not (told.justification or told.detail):
        raise VexMalformed(reason=f"vulnerability {number} is not_affected without a justification or a detail")
    return status, told.justification, told.detail[:LONGEST_TEXT]
