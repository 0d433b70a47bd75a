"""Red Hat's CSAF and VEX documents -> advisories: what is mended where, and what is not and why.

https://docs.oasis-open.org/csaf/csaf/v2.0/ (product tree, product status, remediations) ; ecosystems are named as OSV
names Red Hat's: by the end of the product's CPE.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import unquote

import msgspec

from entrepot.errors.scanning import AdvisoryMalformed
from entrepot.scan import weaknesses
from entrepot.scan.advisories import Advisory, Affected, Event, Severity, State
from entrepot.scan.osv import moment

_WHO: Final = "Red Hat"
_CPE: Final = re.compile(r"cpe:/[ao]:redhat:(\S+)")
_RPM: Final = re.compile(r"pkg:(rpm|rpmmod)/redhat/([^@?#]+)(?:@([^?#]*))?(?:\?([^#]*))?")
_SINCE: Final = Event("introduced", "0")
_DEEPEST: Final = 32
_LONGEST_CHAIN: Final = 4
_REASONS: Final[dict[str, State]] = {
    "affected": "affected",
    "fix deferred": "deferred",
    "out of support scope": "end_of_life",
    "under investigation": "under_investigation",
    "will not fix": "will_not_fix",
}
_CATEGORIES: Final[dict[str, State]] = {"no_fix_planned": "will_not_fix", "none_available": "affected"}


class _Helper(msgspec.Struct):
    purl: str = ""
    cpe: str = ""


class _Product(msgspec.Struct):
    product_id: str = ""
    product_identification_helper: _Helper | None = None


class _Branch(msgspec.Struct):
    product: _Product | None = None
    branches: "list[_Branch] | None" = None


class _Relationship(msgspec.Struct):
    full_product_name: _Product
    product_reference: str = ""
    relates_to_product_reference: str = ""


class _Tree(msgspec.Struct):
    branches: list[_Branch] | None = None
    relationships: list[_Relationship] | None = None


class _Text(msgspec.Struct):
    text: str = ""
    category: str = ""
    details: str = ""
    url: str = ""
    product_ids: list[str] | None = None


class _Vector(msgspec.Struct):
    vector: str = msgspec.field(name="vectorString", default="")


class _Score(msgspec.Struct):
    cvss_v3: _Vector | None = None
    cvss_v4: _Vector | None = None


class _Status(msgspec.Struct):
    fixed: list[str] | None = None
    known_affected: list[str] | None = None
    under_investigation: list[str] | None = None


class _Weakness(msgspec.Struct):
    id: str = ""


class _Vulnerability(msgspec.Struct):
    cve: str = ""
    cwe: _Weakness | None = None
    product_status: _Status | None = None
    remediations: list[_Text] | None = None
    scores: list[_Score] | None = None
    notes: list[_Text] | None = None
    references: list[_Text] | None = None
    release_date: str = ""


class _Tracking(msgspec.Struct):
    id: str
    current_release_date: str = ""


class _About(msgspec.Struct):
    tracking: _Tracking
    category: str = ""
    title: str = ""
    aggregate_severity: _Text | None = None


class _Document(msgspec.Struct):
    document: _About
    product_tree: _Tree | None = None
    vulnerabilities: list[_Vulnerability] | None = None


class Component(msgspec.Struct, frozen=True):
    """A package as a part of a product; without a version, whichever that product has."""

    ecosystem: str
    name: str
    version: str
    arch: str
    module: str


_DECODER: Final = msgspec.json.Decoder(_Document)


def advisories(document: bytes) -> Iterator[Advisory]:
    """One for each vulnerability of the document: AdvisoryMalformed."""
    try:
        read = _DECODER.decode(document)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as fault:
        raise AdvisoryMalformed(reason=fault) from None
    products = _Products(read.product_tree or _Tree())
    for vulnerability in read.vulnerabilities or ():
        if vulnerability.cve:
            yield _advisory(read.document, vulnerability, products)


class _Products:
    """The product tree: what an id of a status names."""

    def __init__(self, tree: _Tree) -> None:
        self._helpers: dict[str, _Helper] = {}
        self._relations: dict[str, _Relationship] = {}
        waiting = [(branch, 0) for branch in tree.branches or ()]
        while waiting:
            branch, depth = waiting.pop()
            if depth > _DEEPEST:
                raise AdvisoryMalformed(reason="its product tree is too deep")
            waiting.extend((each, depth + 1) for each in branch.branches or ())
            if branch.product is not None and branch.product.product_identification_helper is not None:
                self._helpers[branch.product.product_id] = branch.product.product_identification_helper
        for relation in tree.relationships or ():
            self._relations[relation.full_product_name.product_id] = relation

    def component(self, product_id: str) -> Component | None:
        """The package that an id names; None for what is no package of a product, such as a container."""
        relation = self._relations.get(product_id)
        if relation is None:
            return None
        found = _RPM.fullmatch(self._purl(relation.product_reference))
        if found is None or found[1] != "rpm":
            return None
        ecosystem, module = self._product(relation.relates_to_product_reference)
        fields = dict(each.partition("=")[::2] for each in (found[4] or "").split("&"))
        before, slash, _ = relation.product_reference.partition("/")
        module = module or _stream(unquote(fields.get("rpmmod", ""))) or (before if slash and ":" in before else "")
        version, epoch = unquote(found[3] or ""), fields.get("epoch", "0")
        if "-" not in version:
            version = ""  # of a stream, or none
        elif epoch not in {"", "0"}:
            version = f"{epoch}:{version}"
        return Component(ecosystem, unquote(found[2]), version, fields.get("arch", ""), module) if ecosystem else None

    def _product(self, reference: str) -> tuple[str, str]:
        """The ecosystem of a product, and the module that stands between it and a package."""
        module = ""
        for _ in range(_LONGEST_CHAIN):
            relation = self._relations.get(reference)
            if relation is None:
                break
            found = _RPM.fullmatch(self._purl(relation.product_reference))
            if found is not None and found[1] == "rpmmod":
                module = _stream(f"{unquote(found[2])}:{unquote(found[3] or '')}")
            reference = relation.relates_to_product_reference
        helper = self._helpers.get(reference)
        found = _CPE.fullmatch(helper.cpe) if helper is not None else None
        return (f"{_WHO}:{found[1]}" if found else ""), module

    def _purl(self, reference: str) -> str:
        helper = self._helpers.get(reference)
        return "" if helper is None else helper.purl


def _stream(label: str) -> str:
    """`nodejs:12` of `nodejs:12:8020020200326104117:4cda2c84`."""
    return ":".join(label.split(":")[:2])


def _advisory(about: _About, read: _Vulnerability, products: _Products) -> Advisory:
    vex = about.category == "csaf_vex"
    return Advisory(
        id=f"REDHAT-{read.cve}" if vex else f"{about.tracking.id}:{read.cve}",
        source="Red Hat VEX" if vex else "Red Hat CSAF",
        modified=moment(about.tracking.current_release_date),
        published=moment(read.release_date),
        vulnerabilities=(read.cve,),
        summary=about.title,
        details=next((each.text for each in read.notes or () if each.category == "description"), ""),
        severities=tuple(_severities(about, read)),
        references=tuple(each.url for each in read.references or () if each.url),
        affected=tuple(_affected(read, products)),
        cwes=weaknesses.known([read.cwe.id] if read.cwe else ()),
    )


def _severities(about: _About, read: _Vulnerability) -> Iterator[Severity]:
    if about.aggregate_severity is not None and about.aggregate_severity.text:
        yield Severity(_WHO, about.aggregate_severity.text[:64])
    for score in (read.scores or ())[:1]:
        for kind, vector in (("CVSS_V3", score.cvss_v3), ("CVSS_V4", score.cvss_v4)):
            if vector is not None and vector.vector:
                yield Severity(kind, vector.vector[:1024])


def _affected(read: _Vulnerability, products: _Products) -> Iterator[Affected]:
    status = read.product_status or _Status()
    mended = _components(status.fixed, products)
    arches: dict[tuple[str, str, str, str], set[str]] = {}
    for each in mended:
        if each.version and each.arch != "src":
            arches.setdefault((each.ecosystem, each.name, each.version, each.module), set()).add(each.arch)
    for (ecosystem, name, version, module), some in arches.items():
        ranges = ((_SINCE, Event("fixed", version)),)
        yield Affected(ecosystem, name, ranges, modularity=module, arches=tuple(sorted(filter(None, some))))
    states = {
        name: state for each in read.remediations or () if (state := _state(each)) for name in each.product_ids or ()
    }
    seen = set()
    for default, ids in (("affected", status.known_affected), ("under_investigation", status.under_investigation)):
        for product_id in ids or ():
            found = products.component(product_id)
            if found is not None and (key := (found.ecosystem, found.name, found.module)) not in seen:
                seen.add(key)
                state = states.get(product_id) or _REASONS[default.replace("_", " ")]
                yield Affected(found.ecosystem, found.name, ((_SINCE,),), state=state, modularity=found.module)


def _components(ids: Sequence[str] | None, products: _Products) -> Iterator[Component]:
    return (found for each in ids or () if (found := products.component(each)) is not None)


def _state(remediation: _Text) -> State:
    default = _CATEGORIES.get(remediation.category, "")
    return _REASONS.get(remediation.details.strip().lower(), default) if default else ""
