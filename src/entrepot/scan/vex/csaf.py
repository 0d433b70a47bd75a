"""The VEX profile of CSAF 2.0: https://docs.oasis-open.org/csaf/csaf/v2.0/os/csaf-v2.0-os.html (section 4.5).

A product is what its identification helper names; a component of a product is a package of an image, where they are
that. Flags say why something is not affected, threats of the category impact do so in words.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from entrepot.errors.vex import VexMalformed
from entrepot.scan.vex.decoding import decoded
from entrepot.scan.vex.products import identified
from entrepot.scan.vex.statements import (
    JUSTIFICATIONS,
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

_CATEGORY: Final = "csaf_vex"
_VERSION: Final = "2.0"
_DEEPEST: Final = 32  # branches within branches
_LONGEST_CHAIN: Final = 4  # relationships of relationships
_MOST_NAMED: Final = 100_000  # products, each time that something is said of one, by itself or in a group


class _FileHash(msgspec.Struct):
    algorithm: str
    value: str


class _Hashes(msgspec.Struct):
    file_hashes: Sequence[_FileHash] = ()


class _Helper(msgspec.Struct):
    purl: str = ""
    hashes: Sequence[_Hashes] = ()


class _Product(msgspec.Struct):
    product_id: str
    product_identification_helper: _Helper | None = None


class _Branch(msgspec.Struct):
    product: _Product | None = None
    branches: Sequence["_Branch"] = ()


class _Relationship(msgspec.Struct):
    full_product_name: _Product
    product_reference: str
    relates_to_product_reference: str


class _Group(msgspec.Struct):
    group_id: str
    product_ids: Sequence[str]


class _Tree(msgspec.Struct):
    branches: Sequence[_Branch] = ()
    full_product_names: Sequence[_Product] = ()
    relationships: Sequence[_Relationship] = ()
    product_groups: Sequence[_Group] = ()


class _Said(msgspec.Struct):
    """A flag, a threat or a remediation: something about some products."""

    label: str = ""
    category: str = ""
    details: str = ""
    date: datetime | None = None
    product_ids: Sequence[str] = ()
    group_ids: Sequence[str] = ()


class _Status(msgspec.Struct):
    fixed: Sequence[str] = ()
    first_fixed: Sequence[str] = ()
    known_affected: Sequence[str] = ()
    first_affected: Sequence[str] = ()
    last_affected: Sequence[str] = ()
    known_not_affected: Sequence[str] = ()
    under_investigation: Sequence[str] = ()


class _Id(msgspec.Struct):
    text: str


class _Vulnerability(msgspec.Struct):
    cve: str = ""
    ids: Sequence[_Id] = ()
    product_status: _Status | None = None
    flags: Sequence[_Said] = ()
    threats: Sequence[_Said] = ()
    remediations: Sequence[_Said] = ()


class _Tracking(msgspec.Struct):
    id: str
    version: str
    current_release_date: datetime


class _Publisher(msgspec.Struct):
    name: str


class _About(msgspec.Struct):
    category: str
    csaf_version: str
    publisher: _Publisher
    tracking: _Tracking


class _Document(msgspec.Struct):
    document: _About
    vulnerabilities: Sequence[_Vulnerability]
    product_tree: _Tree


def read(data: bytes) -> Document:
    """A document: VexMalformed."""
    told = decoded(data, _Document)
    about = told.document
    if about.category != _CATEGORY or about.csaf_version != _VERSION:
        reason = f"it is {about.category[:100]!r} of CSAF {about.csaf_version[:20]!r}: {_CATEGORY} of 2.0 is read"
        raise VexMalformed(reason=reason)
    if not about.tracking.id or not about.publisher.name:
        raise VexMalformed(reason="its tracking id and its publisher's name must say something")
    moment = said_at(about.tracking.current_release_date)
    products = _Products(told.product_tree)
    statements: list[Statement] = []
    claims = 0
    for number, each in enumerate(told.vulnerabilities, 1):
        for statement in _statements(number, each, products, moment):
            statements.append(statement)
            claims += len(statement.products) + statement.foreign
            if len(statements) > MOST_STATEMENTS or claims > MOST_CLAIMS:
                reason = f"it makes more than {MOST_STATEMENTS} statements, or names more than {MOST_CLAIMS} products"
                raise VexMalformed(reason=reason)
    statements.sort(key=lambda each: each.said_at)
    author = about.publisher.name[:LONGEST_NAME]
    return Document(name_of(about.tracking.id), author, about.tracking.version[:32], moment, statements)


class _Products:
    """The product tree: what an id names."""

    def __init__(self, tree: _Tree) -> None:
        self._helpers: dict[str, _Helper] = {}
        self._relations = {each.full_product_name.product_id: each for each in tree.relationships}
        self._groups = {each.group_id: each.product_ids for each in tree.product_groups}
        self._known: dict[str, Product | None] = {}
        self._named = 0
        waiting = [(branch, 0) for branch in tree.branches]
        found = [*tree.full_product_names, *(each.full_product_name for each in tree.relationships)]
        while waiting:
            branch, depth = waiting.pop()
            if depth > _DEEPEST:
                raise VexMalformed(reason=f"its product tree is deeper than {_DEEPEST}")
            waiting.extend((each, depth + 1) for each in branch.branches)
            found += [] if branch.product is None else [branch.product]
        self._ids = {each.product_id for each in found}
        for each in found:
            if each.product_identification_helper is not None:
                self._helpers[each.product_id] = each.product_identification_helper

    def named(self, said: _Said) -> Iterator[str]:
        """The ids of the products that something is said about."""
        for some in (said.product_ids, *(self._groups.get(each, ()) for each in said.group_ids)):
            self._named += len(some)
            if self._named > _MOST_NAMED:
                raise VexMalformed(reason=f"it names products more than {_MOST_NAMED} times")
            yield from some

    def product(self, product_id: str, chain: int = 0) -> Product | None:
        """What an id means here, None for what is neither image nor package: VexMalformed for no id of the tree."""
        if product_id not in self._ids:
            raise VexMalformed(reason=f"its product tree has no product {product_id[:100]!r}")
        if product_id not in self._known:
            self._known[product_id] = self._product(product_id, chain)
        return self._known[product_id]

    def _product(self, product_id: str, chain: int) -> Product | None:
        own = self._identified(product_id)
        relation = self._relations.get(product_id)
        if relation is None or (own is not None and own.image):
            return own
        if chain >= _LONGEST_CHAIN:
            raise VexMalformed(reason=f"the relationships of product {product_id[:100]!r} are too long a chain")
        whole = self.product(relation.relates_to_product_reference, chain + 1)
        part = self.product(relation.product_reference, chain + 1)
        if whole is None or part is None or whole.package or part.image:
            return None
        return Product(whole.image, part.package)

    def _identified(self, product_id: str) -> Product | None:
        helper = self._helpers.get(product_id)
        if helper is None:
            return None
        hashes = {each.algorithm: each.value for some in helper.hashes for each in some.file_hashes}
        return identified((helper.purl,), hashes, "")


def _statements(number: int, told: _Vulnerability, products: _Products, moment: int) -> Iterator[Statement]:
    """One for all products of which the same is said."""
    names = list(dict.fromkeys(name_of(each) for each in (told.cve, *(one.text for one in told.ids)) if each))
    if not names:
        raise VexMalformed(reason=f"vulnerability {number} has neither a cve nor an id")
    if told.product_status is None:
        raise VexMalformed(reason=f"vulnerability {number} says no product_status")
    said = _Sayings(told, products)
    groups: dict[tuple[Status, str, str, int], list[str]] = {}
    for status, listed in _by_status(told.product_status):
        for each in listed:
            justification, text, at = said.of(number, status, each)
            groups.setdefault((status, justification, text, moment if at is None else at), []).append(each)
    for (status, justification, text, at), ids in groups.items():
        found = [products.product(each) for each in ids]
        known = tuple(dict.fromkeys(each for each in found if each is not None))
        yield Statement(names[0], tuple(names[1:]), known, status, justification, text, at, found.count(None))


def _by_status(told: _Status) -> Sequence[tuple[Status, Iterator[str]]]:
    fixed = dict.fromkeys((*told.fixed, *told.first_fixed))
    affected = dict.fromkeys((*told.known_affected, *told.first_affected, *told.last_affected))
    return (
        ("fixed", iter(fixed)),
        ("not_affected", iter(dict.fromkeys(told.known_not_affected))),
        ("affected", iter(affected)),
        ("under_investigation", iter(dict.fromkeys(told.under_investigation))),
    )


class _Sayings:
    """What is said of products beside their status."""

    def __init__(self, told: _Vulnerability, products: _Products) -> None:
        self._flags = self._by_product(told.flags, products)
        self._impacts = self._by_product([each for each in told.threats if each.category == "impact"], products)
        self._actions = self._by_product(told.remediations, products)

    def of(self, number: int, status: Status, product_id: str) -> tuple[str, str, int | None]:
        """The justification, the text and the moment of a product's status: VexMalformed where it needs a reason."""
        if status != "not_affected":
            action = self._actions.get(product_id)
            return "", "" if action is None else action.details[:LONGEST_TEXT], None
        flag, impact = self._flags.get(product_id), self._impacts.get(product_id)
        if flag is not None and flag.label not in JUSTIFICATIONS:
            reason = f"vulnerability {number} has the flag {flag.label[:100]!r}, which CSAF does not know"
            raise VexMalformed(reason=reason)
        if flag is None and (impact is None or not impact.details):
            reason = (
                f"vulnerability {number} says that {product_id[:100]!r} is not affected, without a flag or an impact"
            )
            raise VexMalformed(reason=reason)
        dates = [said_at(each.date) for each in (flag, impact) if each is not None and each.date is not None]
        label = "" if flag is None else flag.label
        return label, "" if impact is None else impact.details[:LONGEST_TEXT], max(dates, default=None)

    @staticmethod
    def _by_product(told: Sequence[_Said], products: _Products) -> Mapping[str, _Said]:
        found: dict[str, _Said] = {}
        for said in told:
            for each in products.named(said):
                found.setdefault(each, said)
        return found
